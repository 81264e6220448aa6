/* SPDX-License-Identifier: GPL-2.0-only
 *
 * What the modules share: the counters that user space reads, and how they find
 * what the kernel does not export. Each module's file says what it counts.
 */
#ifndef HOOKBENCH_H
#define HOOKBENCH_H

#include <linux/kprobes.h>
#include <linux/module.h>
#include <linux/version.h>

#include "numbers.h"

MODULE_LICENSE("GPL");
MODULE_AUTHOR("hookbench");

/* What was seen; user space reads it in sysfs. A module that counts in another way
 * defines the parameter itself.
 */
#ifndef COUNTS_OTHERWISE
unsigned long hookbench_count;
module_param_named(seen, hookbench_count, ulong, 0444);

/* One instruction: nothing comes between reading and writing on a CPU. */
static __always_inline __maybe_unused void count(void)
{
	asm volatile("incq %0" : "+m"(hookbench_count));
}
#endif

/* The address of any symbol. Since 5.7 modules cannot call the function that knows,
 * but they can put a kprobe on it and read its address.
 */
static __maybe_unused unsigned long address_of(const char *symbol)
{
	struct kprobe probe = { .symbol_name = "kallsyms_lookup_name" };
	unsigned long (*lookup)(const char *name);

	if (register_kprobe(&probe) < 0)
		return 0;
	lookup = (void *)probe.addr;
	unregister_kprobe(&probe);
	return lookup(symbol);
}

/* Where a function has its five bytes for ftrace; 0 when it has none. Only ftrace
 * knows: an ENDBR64, or what the kernel replaced one with, may precede them.
 */
static __maybe_unused unsigned long patch_site(unsigned long function)
{
	unsigned long (*location)(unsigned long address);

	location = (void *)address_of("ftrace_location");
	return location ? location(function) : 0;
}

#endif
