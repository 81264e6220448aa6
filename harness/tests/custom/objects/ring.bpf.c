// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Records with flags that the loader sets, into a ring buffer of a size that it sets. */
#include "bpf.h"

struct {
	NUMBER(type, BPF_MAP_TYPE_RINGBUF);
	NUMBER(max_entries, 1 << 13);
} events MAP;

volatile const __u64 flags = 0;

SEC("raw_tp/sched_process_exec")
int on_exec(void *context)
{
	char record[500] = { 1 };

	bpf_ringbuf_output(&events, record, sizeof(record), flags);
	return 0;
}
