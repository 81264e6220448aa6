/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Raw tracepoint sys_enter: a program that runs at every system call. */
#include "watch.bpf.h"
#include "syscalls.bpf.h"

SEC("raw_tp/sys_enter")
int count(struct bpf_raw_tracepoint_args *ctx)
{
	if (is_watched(ctx->args[1]))
		to_count();
	return 0;
}

SEC("raw_tp/sys_enter")
int ringbuf(struct bpf_raw_tracepoint_args *ctx)
{
	if (is_watched(ctx->args[1]))
		to_ringbuf();
	return 0;
}
