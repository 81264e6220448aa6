/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * kprobe-multi: a program that can be at many functions at once, through fprobe. The
 * cookie of the place where it runs is the behaviour.
 */
#include "watch.bpf.h"

static __always_inline bool is_watched(void *ctx)
{
	return bpf_get_attach_cookie(ctx) == config.behaviour;
}

SEC("kprobe.multi")
int count(void *ctx)
{
	if (is_watched(ctx))
		to_count();
	return 0;
}

SEC("kprobe.multi")
int ringbuf(void *ctx)
{
	if (is_watched(ctx))
		to_ringbuf();
	return 0;
}
