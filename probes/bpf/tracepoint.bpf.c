/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Tracepoints syscalls:sys_enter_NAME: a program for each watched system call. */
#include "watch.bpf.h"
#include "syscalls.bpf.h"

/* What the format file of every sys_enter event begins with. */
struct sys_enter {
	__u64 common;
	__s32 number;
};

SEC("tp")
int count(struct sys_enter *ctx)
{
	if (is_watched(ctx->number))
		to_count();
	return 0;
}

SEC("tp")
int ringbuf(struct sys_enter *ctx)
{
	if (is_watched(ctx->number))
		to_ringbuf();
	return 0;
}

SEC("tp")
int perfbuf(struct sys_enter *ctx)
{
	if (is_watched(ctx->number))
		to_perfbuf(ctx);
	return 0;
}
