// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// Watches the entry of system calls by their numbers.
#include "calls.bpf.h"

SEC("raw_tp/sys_enter")
int sys_enter(struct bpf_raw_tracepoint_args *ctx)
{
	bool compat = is_compat();
	__u64 number = (__u32)ctx->args[1];
	struct record *record;

	if (!is_about_call((void *)ctx->args[0], number, compat))
		return 0;
	record = begin_record("sys_enter", sizeof("sys_enter"));
	if (record) {
		record->number = number;
		record->abi = compat ? COMPAT : NATIVE;
		bpf_ringbuf_submit(record, 0);
	}
	act();
	return 0;
}
