/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* kprobe: programs at the entry of a kernel function; the loader names it. */
#include "watch.bpf.h"
#include "behaviours.bpf.h"

#define PROGRAMS(behaviour) \
	COUNT("kprobe", behaviour) \
	RINGBUF("kprobe", behaviour) \
	PERFBUF("kprobe", behaviour)

EACH_BEHAVIOUR(PROGRAMS)
