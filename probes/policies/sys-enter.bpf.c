// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// Watches the entry of system calls by their numbers.
#include "policy.bpf.h"

/* What x86 keeps in thread_info.status during a system call of a 32-bit caller (arch/x86/include/asm/thread_info.h). */
#define TS_COMPAT 2

struct thread_info {
	__u32 status;
} __attribute__((preserve_access_index));

struct task_struct {
	struct thread_info thread_info;
} __attribute__((preserve_access_index));

#define NUMBERS 512

/* Set them before the load: which numbers the policy is about, for 64-bit and for 32-bit callers. */
const volatile struct {
	__u8 native[NUMBERS];
	__u8 compat[NUMBERS];
	/* A textbook policy compares the number alone, and does not ask who calls. */
	__u8 ignores_abi;
	/* Whether root is left alone. */
	__u8 spares_root;
} calls = {};

SEC("raw_tp/sys_enter")
int sys_enter(struct bpf_raw_tracepoint_args *ctx)
{
	struct task_struct *task = (void *)bpf_get_current_task();
	bool compat = BPF_CORE_READ(task, thread_info.status) & TS_COMPAT;
	__u64 number = (__u32)ctx->args[1];
	struct record *record;

	if (number >= NUMBERS || spared())
		return 0;
	/* The verifier forgets the comparison, and the compiler drops the mask without this. */
	asm volatile("%0 &= 511" : "+r"(number));
	if (!((!compat || calls.ignores_abi) ? calls.native[number] : calls.compat[number]))
		return 0;
	if (calls.spares_root && !(__u32)bpf_get_current_uid_gid())
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
