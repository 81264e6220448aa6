/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* kretprobe: programs at the return from a kernel function; the loader names it. */
#include "watch.bpf.h"

COUNT("kretprobe")
