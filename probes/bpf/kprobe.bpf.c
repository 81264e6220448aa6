/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* kprobe: programs at the entry of a kernel function; the loader names it. */
#include "watch.bpf.h"

SEC("kprobe")
int count(void *ctx)
{
	to_count(0);
	return 0;
}

SEC("kprobe")
int ringbuf(void *ctx)
{
	to_ringbuf(0, config.behaviour);
	return 0;
}

SEC("kprobe")
int perfbuf(void *ctx)
{
	to_perfbuf(ctx, 0, config.behaviour);
	return 0;
}
