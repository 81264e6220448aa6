/* SPDX-License-Identifier: GPL-2.0-only
 *
 * What the modules share: how they are told what to watch, where they count,
 * and how they find what the kernel does not export. What is counted where is
 * in the file of each.
 */
#ifndef HOOKBENCH_H
#define HOOKBENCH_H

#include <linux/kprobes.h>
#include <linux/module.h>
#include <linux/version.h>

MODULE_LICENSE("GPL");
MODULE_AUTHOR("hookbench");

/* As many behaviours as BPF programs have room for. */
#define SLOTS 8
/* System calls of all of them. */
#define CALLS 16

/* What was seen of each behaviour; user space reads it in sysfs. A module that
 * counts otherwise has a parameter of that name for itself.
 */
#ifndef COUNTS_OTHERWISE
unsigned long hookbench_counts[SLOTS];
module_param_array_named(seen, hookbench_counts, ulong, NULL, 0444);
#endif

/* One instruction: nothing comes between reading and writing on a CPU. */
static __always_inline void count(unsigned long *slot)
{
	asm volatile("incq %0" : "+m"(*slot));
}

/* The address of any symbol: since 5.7 modules may not ask for it, but a kprobe
 * may be put on the function that knows.
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

/* Where a function has its five bytes for ftrace; 0 when it has none. ftrace knows:
 * before them may be an ENDBR64, or what the kernel made of one.
 */
static __maybe_unused unsigned long patch_site(unsigned long function)
{
	unsigned long (*location)(unsigned long address);

	location = (void *)address_of("ftrace_location");
	return location ? location(function) : 0;
}

/* For each slot a piece of code: it counts and jumps to where the address in
 * `resume` says, with all registers as they were.
 */
#define STUB(slot)                                                            \
	asm(".pushsection .text\n"                                            \
	    ".globl hookbench_stub_" #slot "\n"                               \
	    ".type hookbench_stub_" #slot ", @function\n"                     \
	    "hookbench_stub_" #slot ":\n"                                     \
	    "endbr64\n"                                                       \
	    "incq hookbench_counts + 8 * " #slot "(%rip)\n"                   \
	    ANNOTATE_RETPOLINE_SAFE "\n"                                         \
	    "jmp *hookbench_resume + 8 * " #slot "(%rip)\n"                   \
	    ".size hookbench_stub_" #slot ", . - hookbench_stub_" #slot "\n"  \
	    ".popsection\n");                                                 \
	extern void hookbench_stub_##slot(void);

#define EACH_STUB                                                             \
	STUB(0) STUB(1) STUB(2) STUB(3) STUB(4) STUB(5) STUB(6) STUB(7)

#define STUBS                                                                 \
	{ hookbench_stub_0, hookbench_stub_1, hookbench_stub_2,               \
	  hookbench_stub_3, hookbench_stub_4, hookbench_stub_5,               \
	  hookbench_stub_6, hookbench_stub_7 }

#endif
