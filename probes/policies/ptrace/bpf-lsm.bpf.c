// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// An ordinary user does not trace, and does not get at the memory of other processes.
#include "policy.bpf.h"

#define PTRACE_MODE_ATTACH 2

static __always_inline bool is_about_caller(void)
{
	return !spared() && (__u32)bpf_get_current_uid_gid() == policy.user;
}

/* Without PTRACE_MODE_ATTACH it is about reading files of /proc. */
SEC("lsm/ptrace_access_check")
int BPF_PROG(textbook_ptrace_access_check, void *child, unsigned int mode)
{
	if (!is_about_caller() || !(mode & PTRACE_MODE_ATTACH))
		return 0;
	return ACT("ptrace_access_check");
}

SEC("lsm/ptrace_traceme")
int BPF_PROG(textbook_ptrace_traceme, void *parent)
{
	if (!is_about_caller())
		return 0;
	return ACT("ptrace_traceme");
}
