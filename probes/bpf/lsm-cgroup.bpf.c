/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* BPF LSM of a cgroup: programs at the LSM hook of a behaviour; 1 lets pass. */
#include "watch.bpf.h"

SEC("lsm_cgroup")
int count(void *ctx)
{
	to_count();
	return 1;
}
