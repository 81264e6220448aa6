/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * For each policy, what a denying monitor refuses and a killing one kills for. The
 * table of behaviours names the policy of each. Follows published examples: unshare
 * without CAP_SYS_ADMIN (Cloudflare), mprotect after 100 calls (KRSI, FOSDEM 2020),
 * an execve with a suspicious LD_PRELOAD (KRSI).
 */
#ifndef DENY_BPF_H
#define DENY_BPF_H

#include "policies.bpf.h"

#define EPERM 1
#define SIGKILL 9
#define CAP_SYS_ADMIN 21

/* Up to 6.2 an array of two 32-bit words, since then one of 64 bits: the same
 * bits at the same place on x86-64. */
typedef struct {
	__u64 bits;
} kernel_cap_t;

struct cred {
	kernel_cap_t cap_effective;
} __attribute__((preserve_access_index));

struct task_struct {
	const struct cred *cred;
} __attribute__((preserve_access_index));

static __always_inline bool may_administer(void)
{
	struct task_struct *task = (void *)bpf_get_current_task();
	const struct cred *cred = BPF_CORE_READ(task, cred);
	__u64 effective = 0;

	bpf_probe_read_kernel(&effective, sizeof(effective), &cred->cap_effective);
	return effective & (1ULL << CAP_SYS_ADMIN);
}

/* 0, or the error with which the operation is refused. */
static __always_inline int verdict(enum policy policy, __u64 call)
{
	char value[VALUE_SIZE];

	switch (policy) {
	case LD_PRELOAD:
		return ld_preload(value) > 0 ? -EPERM : 0;
	case UNPRIVILEGED:
		return may_administer() ? 0 : -EPERM;
	case AFTER_CALLS:
		return call > ALLOWED_CALLS ? -EPERM : 0;
	}
	return 0;
}

static __always_inline int to_deny(enum policy policy)
{
	int error = verdict(policy, __sync_fetch_and_add(&stats.seen, 1) + 1);

	if (error)
		__sync_fetch_and_add(&stats.refused, 1);
	return error;
}

/* The operation goes on, and its caller dies on the way back to user space. */
static __always_inline int to_kill(enum policy policy)
{
	if (to_deny(policy))
		bpf_send_signal(SIGKILL);
	return 0;
}

/* Programs for EACH_POLICY: `section` is the mechanism's. */
#define DENY(section, policy)                     \
	SEC(section) int deny_##policy(void *ctx) \
	{                                         \
		return to_deny(policy);           \
	}

#define KILL(section, policy)                     \
	SEC(section) int kill_##policy(void *ctx) \
	{                                         \
		return to_kill(policy);           \
	}

#endif
