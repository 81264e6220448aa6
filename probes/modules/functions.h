/* SPDX-License-Identifier: GPL-2.0-only
 *
 * For modules that watch a kernel function: its name.
 */
#ifndef HOOKBENCH_FUNCTIONS_H
#define HOOKBENCH_FUNCTIONS_H

#include "hookbench.h"

static char *function = "";
module_param(function, charp, 0444);

#endif
