/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * fmod_ret: programs before a kernel function, through a BPF trampoline. A result
 * other than 0 is returned instead, and the function does not run.
 */
#include "watch.bpf.h"
#include "deny.bpf.h"

#define PROGRAMS(policy) DENY("fmod_ret", policy)

EACH_POLICY(PROGRAMS)
