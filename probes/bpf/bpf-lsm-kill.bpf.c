/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* BPF LSM: programs that let the hook pass and kill its caller. */
#include "watch.bpf.h"
#include "deny.bpf.h"

#define PROGRAMS(policy) KILL("lsm", policy)

EACH_POLICY(PROGRAMS)
