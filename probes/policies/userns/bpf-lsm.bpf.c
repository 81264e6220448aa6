// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// No new user namespaces for an ordinary user. A namespace that exists may be joined (setns).
//
// userns_create came with Linux 6.1. Before, two other hooks see every way: unshare prepares credentials while its
// flags are in a register, and clone and clone3 pass the flags that the kernel has copied to task_alloc.
#include "policy.bpf.h"

#define CLONE_NEWUSER 0x10000000
/* What x86 keeps in thread_info.status during a system call of a 32-bit caller. */
#define TS_COMPAT 2
/* The bit of x32's numbers. */
#define X32 0x40000000
#define UNSHARE 272
#define UNSHARE_32 310
/* Bytes of a kernel stack on x86-64, with the caller's registers at its end. */
#define STACK 16384

struct pt_regs {
	unsigned long bx;
	unsigned long di;
	unsigned long orig_ax;
} __attribute__((preserve_access_index));

struct thread_info {
	__u32 status;
} __attribute__((preserve_access_index));

struct task_struct {
	struct thread_info thread_info;
	void *stack;
} __attribute__((preserve_access_index));

union security_list_options {
	void *userns_create;
} __attribute__((preserve_access_index));

struct cred;

static __always_inline bool is_about_caller(void)
{
	return !spared() && (__u32)bpf_get_current_uid_gid() == policy.user;
}

/* A kernel with userns_create asks there, and its answer gets to the caller. */
static __always_inline bool has_own_hook(void)
{
	return bpf_core_field_exists(((union security_list_options *)0)->userns_create);
}

SEC("lsm/userns_create")
int BPF_PROG(textbook_userns_create, const struct cred *cred)
{
	return is_about_caller() ? ACT("userns_create") : 0;
}

/* Whether the caller is in unshare and asks for a user namespace. Its registers are saved and do not change. */
static __always_inline bool unshares(void)
{
	struct task_struct *task = (void *)bpf_get_current_task();
	struct pt_regs *registers;
	__u64 number;

	registers = BPF_CORE_READ(task, stack) + STACK - bpf_core_type_size(struct pt_regs);
	number = BPF_CORE_READ(registers, orig_ax);
	if (BPF_CORE_READ(task, thread_info.status) & TS_COMPAT)
		return number == UNSHARE_32 && BPF_CORE_READ(registers, bx) & CLONE_NEWUSER;
	return (number & ~X32) == UNSHARE && BPF_CORE_READ(registers, di) & CLONE_NEWUSER;
}

/* It is called for every change of credentials, and for every fork. */
SEC("lsm/cred_prepare")
int BPF_PROG(related_cred_prepare, struct cred *new, const struct cred *old)
{
	if (has_own_hook() || !is_about_caller() || !unshares())
		return 0;
	return ACT("cred_prepare");
}

SEC("lsm/task_alloc")
int BPF_PROG(related_task_alloc, struct task_struct *task, unsigned long flags)
{
	if (has_own_hook() || !is_about_caller() || !(flags & CLONE_NEWUSER))
		return 0;
	return ACT("task_alloc");
}
