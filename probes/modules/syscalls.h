/* SPDX-License-Identifier: GPL-2.0-only
 *
 * For modules that watch system calls: their numbers.
 */
#ifndef HOOKBENCH_SYSCALLS_H
#define HOOKBENCH_SYSCALLS_H

#include "hookbench.h"

static unsigned int calls[CALLS];
static unsigned int call_count;
module_param_array(calls, uint, &call_count, 0444);

/* Room for every number that the architecture has. */
#define NUMBERS SYSCALLS

static bool are_valid(void)
{
	unsigned int i;

	for (i = 0; i < call_count; i++)
		if (calls[i] >= NUMBERS)
			return false;
	return call_count;
}

#endif
