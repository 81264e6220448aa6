// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Two monitors: one counts system calls, the other reports each switch of tasks, and so also those to and from the
 * reader of its own records. */
#include <linux/bpf.h>

#define SEC(name) __attribute__((section(name), used))

static long (*const bpf_ringbuf_output)(void *ring, void *data, __u64 size, __u64 flags) =
	(void *)BPF_FUNC_ringbuf_output;

char LICENSE[] SEC("license") = "Dual BSD/GPL";

struct {
	int (*type)[BPF_MAP_TYPE_RINGBUF];
	int (*max_entries)[1 << 16];
} ring SEC(".maps");

unsigned long long calls;

SEC("raw_tp/sys_enter")
int on_call(void *context)
{
	__sync_fetch_and_add(&calls, 1);
	return 0;
}

SEC("raw_tp/sched_switch")
int on_switch(void *context)
{
	int number = 1;

	bpf_ringbuf_output(&ring, &number, sizeof(number), 0);
	return 0;
}
