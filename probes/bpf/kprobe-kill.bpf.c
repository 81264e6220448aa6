/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* kprobe: programs at the entry of a kernel function that kill its caller. */
#include "watch.bpf.h"
#include "deny.bpf.h"

#define PROGRAMS(policy) KILL("kprobe", policy)

EACH_POLICY(PROGRAMS)
