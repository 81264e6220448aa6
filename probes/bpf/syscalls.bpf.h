/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * For mechanisms that see system calls: which behaviour a number belongs to.
 * One program serves all behaviours, as an agent would write it.
 */
#ifndef SYSCALLS_BPF_H
#define SYSCALLS_BPF_H

static __always_inline int watched(unsigned long number)
{
	return number < SYSCALLS ? config.behaviour_of[number] : 0;
}

#endif
