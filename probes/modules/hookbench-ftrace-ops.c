// SPDX-License-Identifier: GPL-2.0-only
/* Counts calls of functions in a callback of ftrace, one ftrace_ops for each
 * function, as a kernel module without a tracer would. The callback needs neither
 * registers nor protection from recursion: it calls nothing.
 */
#include <linux/ftrace.h>

#include "functions.h"

#if LINUX_VERSION_CODE < KERNEL_VERSION(5, 11, 0)
/* There, callbacks without this flag are protected from recursion. */
#define FLAGS FTRACE_OPS_FL_RECURSION_SAFE
#define REGS struct pt_regs
#else
#define FLAGS 0
#define REGS struct ftrace_regs
#endif

static void notrace called(unsigned long ip, unsigned long parent,
			   struct ftrace_ops *ops, REGS *regs)
{
	count(ops->private);
}

static struct ftrace_ops watch[SLOTS];

static void stop(unsigned int slots)
{
	while (slots--)
		if (is_watched(slots))
			unregister_ftrace_function(&watch[slots]);
}

static int __init start(void)
{
	unsigned int slot;
	int error;

	for (slot = 0; slot < function_count; slot++) {
		if (!is_watched(slot))
			continue;
		watch[slot].func = called;
		watch[slot].flags = FLAGS;
		watch[slot].private = &hookbench_counts[slot];
		error = ftrace_set_filter(&watch[slot], functions[slot],
					  strlen(functions[slot]), 0);
		if (!error)
			error = register_ftrace_function(&watch[slot]);
		if (error) {
			pr_err("%s: error %d\n", functions[slot], error);
			stop(slot);
			return error;
		}
	}
	return 0;
}

static void __exit end(void)
{
	stop(function_count);
}

module_init(start);
module_exit(end);
MODULE_DESCRIPTION("counts calls of functions by ftrace_ops");
