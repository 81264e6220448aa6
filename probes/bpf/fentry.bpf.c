/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* fentry: programs at the entry of a kernel function, through a BPF trampoline. */
#include "watch.bpf.h"

SEC("fentry")
int count(void *ctx)
{
	to_count(0);
	return 0;
}

SEC("fentry")
int ringbuf(void *ctx)
{
	to_ringbuf(0, config.behaviour);
	return 0;
}
