/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * kprobe: programs at the entry of a system call that return an error instead of
 * it. The kernel allows that at system calls and few other functions.
 */
#include "watch.bpf.h"
#include "behaviours.bpf.h"
#include "deny.bpf.h"

#define CLONE_NEWUSER 0x10000000

/* unshare is watched for user namespaces; it makes other namespaces too. */
static __always_inline bool asks_for_it(enum behaviour behaviour)
{
	struct pt_regs *regs = (void *)bpf_task_pt_regs(bpf_get_current_task_btf());

	return behaviour != userns || FIRST_ARGUMENT(regs) & CLONE_NEWUSER;
}

static __always_inline void to_override(struct pt_regs *ctx, enum behaviour behaviour)
{
	int error = 0;

	if (asks_for_it(behaviour))
		error = to_deny(behaviour);
	else
		to_count(behaviour);
	if (error)
		bpf_override_return(ctx, error);
}

#define PROGRAMS(behaviour)                                    \
	SEC("kprobe") int override_##behaviour(struct pt_regs *ctx) \
	{                                                           \
		to_override(ctx, behaviour);                            \
		return 0;                                               \
	}

EACH_BEHAVIOUR(PROGRAMS)
