/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* For mechanisms that see system calls: whether a call is one of the behaviour's. */
#ifndef SYSCALLS_BPF_H
#define SYSCALLS_BPF_H

static __always_inline bool is_watched(unsigned long number)
{
	return number < SYSCALLS && config.watched[number];
}

#endif
