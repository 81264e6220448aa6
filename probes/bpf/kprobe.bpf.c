/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* kprobe: programs at the entry of a kernel function; the loader names it. */
#include "watch.bpf.h"

COUNT("kprobe")
RINGBUF("kprobe")
PERFBUF("kprobe")
