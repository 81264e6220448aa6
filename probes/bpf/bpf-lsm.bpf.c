/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* BPF LSM: programs at the LSM hook of a behaviour; the loader names the hook. */
#include "watch.bpf.h"
#include "deny.bpf.h"

COUNT("lsm")
RINGBUF("lsm")
PERFBUF("lsm")

#define PROGRAMS(policy) DENY("lsm", policy)

EACH_POLICY(PROGRAMS)
