// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// No user namespaces for an ordinary user.
#include "policy.bpf.h"

SEC("lsm/userns_create")
int BPF_PROG(textbook_userns_create, const void *cred)
{
	if (spared() || (__u32)bpf_get_current_uid_gid() != policy.user)
		return 0;
	return ACT("userns_create");
}
