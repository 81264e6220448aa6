// SPDX-License-Identifier: GPL-2.0-only
/* Counts system calls where the CPU enters the kernel: MSR_LSTAR points to a
 * stub that compares the number with those watched and jumps to the kernel's
 * own entry. There is no stack yet and no register to spare: only flags, which
 * the CPU has saved. System calls of 32-bit programs enter elsewhere.
 */
#include <linux/smp.h>
#include <asm/cpufeature.h>
#include <asm/msr-index.h>

#define COUNTS_OTHERWISE
#include "syscalls.h"

/* What the stub compares with, from the last down to the first. */
unsigned int hookbench_calls[CALLS];
/* What it counts for each, and where it goes on. */
unsigned long hookbench_counts[CALLS];
unsigned long hookbench_entry;

/* The link for call `i`; the chain for `i + 1` calls begins there. */
#define LINK(i)                                                               \
	"hookbench_chain_" #i ":\n"                                           \
	"cmpl hookbench_calls + 4 * " #i "(%rip), %eax\n"                     \
	"je hookbench_hit_" #i "\n"
#define HIT(i)                                                                \
	"hookbench_hit_" #i ":\n"                                             \
	"incq hookbench_counts + 8 * " #i "(%rip)\n"                          \
	"jmp *hookbench_entry(%rip)\n"
#define PLACE(i) ".quad hookbench_chain_" #i "\n"

asm(".pushsection .text\n"
    LINK(15) LINK(14) LINK(13) LINK(12) LINK(11) LINK(10) LINK(9) LINK(8)
    LINK(7) LINK(6) LINK(5) LINK(4) LINK(3) LINK(2) LINK(1) LINK(0)
    "jmp *hookbench_entry(%rip)\n"
    HIT(15) HIT(14) HIT(13) HIT(12) HIT(11) HIT(10) HIT(9) HIT(8)
    HIT(7) HIT(6) HIT(5) HIT(4) HIT(3) HIT(2) HIT(1) HIT(0)
    ".popsection\n"
    ".pushsection .data\n"
    ".globl hookbench_chains\n"
    "hookbench_chains:\n"
    PLACE(0) PLACE(1) PLACE(2) PLACE(3) PLACE(4) PLACE(5) PLACE(6) PLACE(7)
    PLACE(8) PLACE(9) PLACE(10) PLACE(11) PLACE(12) PLACE(13) PLACE(14) PLACE(15)
    ".popsection\n");
extern unsigned long hookbench_chains[CALLS];

/* By itself: the kernel's functions for it have had two names. */
static void set_entry(void *entry)
{
	unsigned long address = (unsigned long)entry;

	asm volatile("wrmsr" :: "c"(MSR_LSTAR), "a"((u32)address),
		     "d"((u32)(address >> 32)) : "memory");
}

static unsigned long entry(void)
{
	u32 low, high;

	asm volatile("rdmsr" : "=a"(low), "=d"(high) : "c"(MSR_LSTAR));
	return (unsigned long)high << 32 | low;
}

/* What the stub counted by call is shown by slot. */
static int show(char *text, const struct kernel_param *param)
{
	unsigned long sums[SLOTS] = {};
	unsigned int i;
	int length = 0;

	for (i = 0; i < call_count; i++)
		sums[slots[i]] += READ_ONCE(hookbench_counts[i]);
	for (i = 0; i < SLOTS; i++)
		length += sprintf(text + length, "%lu%c", sums[i],
				  i + 1 < SLOTS ? ',' : '\n');
	return length;
}

static const struct kernel_param_ops by_slot = { .get = show };
module_param_cb(seen, &by_slot, NULL, 0444);

static int __init start(void)
{
	if (!are_valid())
		return -EINVAL;
	/* Its stub would not be mapped where the CPU enters the kernel. */
	if (boot_cpu_has(X86_FEATURE_PTI))
		return -EOPNOTSUPP;
	memcpy(hookbench_calls, calls, sizeof(calls));
	hookbench_entry = entry();
	on_each_cpu(set_entry, (void *)hookbench_chains[call_count - 1], 1);
	return 0;
}

static void __exit end(void)
{
	on_each_cpu(set_entry, (void *)hookbench_entry, 1);
	/* No task can be in the stub: with interrupts off, it is left by a jump. */
}

module_init(start);
module_exit(end);
MODULE_DESCRIPTION("counts system calls at the CPU's entry to the kernel");
