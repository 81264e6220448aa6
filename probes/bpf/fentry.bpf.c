/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* fentry: programs at the entry of a kernel function, through a BPF trampoline. */
#include "watch.bpf.h"

COUNT("fentry")
RINGBUF("fentry")
