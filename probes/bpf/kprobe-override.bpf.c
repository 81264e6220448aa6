/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * kprobe: programs at the entry of a system call that return an error instead of
 * it. The kernel allows that at system calls and few other functions.
 */
#include "watch.bpf.h"
#include "deny.bpf.h"

/* unshare is watched for user namespaces; it makes other namespaces too. */
static __always_inline bool asks_for_it(void)
{
	struct pt_regs *regs = (void *)bpf_task_pt_regs(bpf_get_current_task_btf());

	return !config.flag || FIRST_ARGUMENT(regs) & config.flag;
}

static __always_inline void to_override(struct pt_regs *ctx, enum policy policy)
{
	int error = 0;

	if (asks_for_it())
		error = to_deny(policy);
	else
		to_count();
	if (error)
		bpf_override_return(ctx, error);
}

#define PROGRAMS(policy)                                     \
	SEC("kprobe") int override_##policy(struct pt_regs *ctx) \
	{                                                        \
		to_override(ctx, policy);                            \
		return 0;                                            \
	}

EACH_POLICY(PROGRAMS)
