/* SPDX-License-Identifier: GPL-2.0-only
 *
 * For modules that watch kernel functions: the functions, by slot.
 */
#ifndef HOOKBENCH_FUNCTIONS_H
#define HOOKBENCH_FUNCTIONS_H

#include "hookbench.h"

/* The function of each slot; "-" for a slot that is not watched. */
static char *functions[SLOTS];
static unsigned int function_count;
module_param_array(functions, charp, &function_count, 0444);

static bool is_watched(unsigned int slot)
{
	return slot < function_count && strcmp(functions[slot], "-");
}

#endif
