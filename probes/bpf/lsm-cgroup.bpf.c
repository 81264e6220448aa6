/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* BPF LSM of a cgroup: programs at the LSM hook of a behaviour; 1 lets pass. */
#include "watch.bpf.h"
#include "behaviours.bpf.h"

#define PROGRAMS(behaviour)                              \
	SEC("lsm_cgroup") int count_##behaviour(void *ctx) \
	{                                                  \
		to_count(behaviour);                       \
		return 1;                                  \
	}

EACH_BEHAVIOUR(PROGRAMS)
