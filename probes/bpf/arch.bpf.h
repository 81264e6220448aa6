/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The registers of the guest's architecture, by what they hold in a system call. */
#ifndef ARCH_BPF_H
#define ARCH_BPF_H

#ifdef __TARGET_ARCH_x86
#include "arch/x86_64.bpf.h"
#else
#error "add a file to bpf/arch for this architecture"
#endif

#endif
