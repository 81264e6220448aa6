// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// Reads the environment of programs from the caller's memory when it calls. A textbook policy looks for LD_PRELOAD among
// the first 40 variables. In full: it knows the relatives, looks at the first 1,000 variables, follows 32-bit callers, and
// writes a blank record about what it cannot read.
#include "calls.bpf.h"
#include "variable.bpf.h"

#define NATIVE_EXECVEAT 322
#define COMPAT_EXECVEAT 358
#define FEW 40
#define MANY 1000

enum looked {
	GO_ON,
	FOUND,
	END,
	UNREADABLE,
};

/*
 * Looks at the variable whose address is at `at`. It is a function of its own,
 * which the verifier looks at once.
 */
__noinline int look(__u64 at, __u32 textbook, __u32 size, __u32 number, __u32 abi)
{
	__u64 text[TEXT / 8], variable = 0;

	if (bpf_probe_read_user(&variable, size == 4 ? 4 : 8, (void *)at))
		return UNREADABLE;
	if (!variable)
		return END;
	if (bpf_probe_read_user_str(text, sizeof(text), (void *)variable) < 0)
		return textbook ? GO_ON : UNREADABLE;
	if (!(textbook ? is_ld_preload(text) : is_relative(text)))
		return GO_ON;
	record_variable("sys_enter", sizeof("sys_enter"), text, number, abi);
	act();
	return FOUND;
}

SEC("raw_tp/sys_enter")
int sys_enter(struct bpf_raw_tracepoint_args *ctx)
{
	struct pt_regs *regs = (void *)ctx->args[0];
	bool textbook = calls.ignores_abi, compat = is_compat();
	__u32 number = ctx->args[1], abi = compat ? COMPAT : NATIVE;
	__u32 size = compat && !textbook ? 4 : 8;
	__u32 limit = textbook ? FEW : MANY;
	__u64 at;
	__u32 i;

	if (!is_about_call(regs, number, compat))
		return 0;
	if (number == (compat ? COMPAT_EXECVEAT : NATIVE_EXECVEAT))
		at = compat ? BPF_CORE_READ(regs, si) : BPF_CORE_READ(regs, r10);
	else
		at = BPF_CORE_READ(regs, dx);
	for (i = 0; i < MANY && i < limit; i++) {
		int looked = look(at + i * size, textbook, size, number, abi);

		if (looked == END)
			return 0;
		if (looked == UNREADABLE)
			break;
	}
	if (!textbook) {
		record_variable("sys_enter", sizeof("sys_enter"), NULL, number, abi);
		act();
	}
	return 0;
}
