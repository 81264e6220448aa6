/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The system calls that a policy is about, by their numbers, and what their
 * callers gave them.
 */
#ifndef CALLS_BPF_H
#define CALLS_BPF_H

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
	/* Whether the policy acts only between two marks, as when hookbench tries one way after the other. */
	__u8 between_marks;
} calls = {};

/* A mark: a call that nobody else makes, sched_get_priority_min with one of three arguments. */
#define MARK 147
#define MARK_BEGIN 77
#define MARK_END 78
/* Before the window, for what a policy has to see there. */
#define MARK_EARLY 79

__u32 window SEC(".data.window") = 0;

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

/* Whether the caller is a 32-bit one, or uses the entry for those. */
static __always_inline bool is_compat(void)
{
	struct task_struct *task = (void *)bpf_get_current_task();

	return BPF_CORE_READ(task, thread_info.status) & TS_COMPAT;
}

/* Whether the policy acts now. */
static __always_inline bool acts(struct pt_regs *regs, __u64 number, bool compat)
{
	if (!calls.between_marks)
		return true;
	if (!compat && number == MARK) {
		__u32 mark = argument_of(regs, compat, 0);

		if (mark >= MARK_BEGIN && mark <= MARK_EARLY)
			window = mark != MARK_END;
	}
	return window;
}

/* Whether the policy is about this call. */
static __always_inline bool is_about_call(struct pt_regs *regs, __u64 number, bool compat)
{
	if (!acts(regs, number, compat) || number >= NUMBERS || spared())
		return false;
	/* The verifier forgets the comparison, and the compiler drops the mask without this. */
	asm volatile("%0 &= 511" : "+r"(number));
	if (!compat || calls.ignores_abi) {
		if (!wanted(&calls.native[number], regs, compat))
			return false;
	} else if (!wanted(&calls.compat[number], regs, compat)) {
		return false;
	}
	return !calls.spares_root || (__u32)bpf_get_current_uid_gid();
}

#endif
