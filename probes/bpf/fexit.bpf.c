/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* fexit: programs at the return from a kernel function, through a BPF trampoline. */
#include "watch.bpf.h"

RINGBUF("fexit")
