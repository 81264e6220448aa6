/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * kprobe-multi: one program at the functions of all behaviours, through fprobe.
 * The cookie of the place where it runs is the behaviour.
 */
#include "watch.bpf.h"

SEC("kprobe.multi")
int count(void *ctx)
{
	to_count(bpf_get_attach_cookie(ctx) & (SLOTS - 1));
	return 0;
}

SEC("kprobe.multi")
int ringbuf(void *ctx)
{
	to_ringbuf(bpf_get_attach_cookie(ctx) & (SLOTS - 1));
	return 0;
}
