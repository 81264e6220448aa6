// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Two monitors: one counts system calls, the other reports each switch of tasks, and so also those to and from the
 * reader of its own records. */
#include "objects/bpf.h"

struct {
	NUMBER(type, BPF_MAP_TYPE_RINGBUF);
	NUMBER(max_entries, 1 << 16);
} ring MAP;

SEC("raw_tp/sys_enter")
int on_call(void *context)
{
	return COUNT;
}

SEC("raw_tp/sched_switch")
int on_switch(void *context)
{
	int number = 1;

	bpf_ringbuf_output(&ring, &number, sizeof(number), 0);
	return 0;
}
