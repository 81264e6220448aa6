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
	int found = watched(ctx->number);

	if (found)
		to_count((found - 1) & (SLOTS - 1));
	return 0;
}

SEC("tp")
int ringbuf(struct sys_enter *ctx)
{
	int found = watched(ctx->number);

	if (found)
		to_ringbuf((found - 1) & (SLOTS - 1));
	return 0;
}

SEC("tp")
int perfbuf(struct sys_enter *ctx)
{
	int found = watched(ctx->number);

	if (found)
		to_perfbuf(ctx, (found - 1) & (SLOTS - 1));
	return 0;
}
