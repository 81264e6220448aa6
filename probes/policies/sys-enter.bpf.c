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

struct pt_regs {
	unsigned long bp, bx, r10, r9, r8, cx, dx, si, di;
} __attribute__((preserve_access_index));

#define NUMBERS 512

/* Whether the policy is about a number, and the flags that an argument must have one of; 0 for any call. */
struct number {
	__u32 wanted;
	__u32 argument;
	__u32 flags;
};

/* Set them before the load: which numbers the policy is about, for 64-bit and for 32-bit callers. */
const volatile struct {
	struct number native[NUMBERS];
	struct number compat[NUMBERS];
	/* A textbook policy compares the number alone, and does not ask who calls. */
	__u8 ignores_abi;
	/* Whether root is left alone. */
	__u8 spares_root;
} calls = {};

static __always_inline __u32 argument_of(struct pt_regs *regs, bool compat, __u32 argument)
{
	switch (argument) {
	case 0:
		return compat ? BPF_CORE_READ(regs, bx) : BPF_CORE_READ(regs, di);
	case 1:
		return compat ? BPF_CORE_READ(regs, cx) : BPF_CORE_READ(regs, si);
	case 2:
		return BPF_CORE_READ(regs, dx);
	case 3:
		return compat ? BPF_CORE_READ(regs, si) : BPF_CORE_READ(regs, r10);
	case 4:
		return compat ? BPF_CORE_READ(regs, di) : BPF_CORE_READ(regs, r8);
	default:
		return compat ? BPF_CORE_READ(regs, bp) : BPF_CORE_READ(regs, r9);
	}
}

static __always_inline bool wanted(const volatile struct number *number, struct pt_regs *regs, bool compat)
{
	if (!number->wanted)
		return false;
	return !number->flags || argument_of(regs, compat, number->argument) & number->flags;
}

SEC("raw_tp/sys_enter")
int sys_enter(struct bpf_raw_tracepoint_args *ctx)
{
	struct task_struct *task = (void *)bpf_get_current_task();
	bool compat = BPF_CORE_READ(task, thread_info.status) & TS_COMPAT;
	struct pt_regs *regs = (void *)ctx->args[0];
	__u64 number = (__u32)ctx->args[1];
	struct record *record;

	if (number >= NUMBERS || spared())
		return 0;
	/* The verifier forgets the comparison, and the compiler drops the mask without this. */
	asm volatile("%0 &= 511" : "+r"(number));
	if (!compat || calls.ignores_abi) {
		if (!wanted(&calls.native[number], regs, compat))
			return 0;
	} else if (!wanted(&calls.compat[number], regs, compat)) {
		return 0;
	}
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
