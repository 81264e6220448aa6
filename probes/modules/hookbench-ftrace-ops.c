// SPDX-License-Identifier: GPL-2.0-only
/* Counts calls of a function in a callback of ftrace, as a kernel module without a
 * tracer would. The callback needs neither
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
	count();
}

static struct ftrace_ops watch = { .func = called, .flags = FLAGS };

static int __init start(void)
{
	int error = ftrace_set_filter(&watch, function, strlen(function), 0);

	if (!error)
		error = register_ftrace_function(&watch);
	if (error)
		pr_err("%s: error %d\n", function, error);
	return error;
}

static void __exit end(void)
{
	unregister_ftrace_function(&watch);
}

module_init(start);
module_exit(end);
MODULE_DESCRIPTION("counts calls of a function by ftrace_ops");
