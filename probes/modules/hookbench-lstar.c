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
/* The count of each, and the entry of the kernel to which the stub jumps. */
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
    EACH_CALL_FROM_LAST(LINK)
    "jmp *hookbench_entry(%rip)\n"
    EACH_CALL_FROM_LAST(HIT)
    ".popsection\n"
    ".pushsection .data\n"
    ".globl hookbench_chains\n"
    "hookbench_chains:\n"
    EACH_CALL(PLACE)
    ".popsection\n");
extern unsigned long hookbench_chains[CALLS];

/* Written here: the kernel's functions for it have had two names. */
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

/* Shows what the stub counted of all calls. */
static int show(char *text, const struct kernel_param *param)
{
	unsigned long sum = 0;
	unsigned int i;

	for (i = 0; i < call_count; i++)
		sum += READ_ONCE(hookbench_counts[i]);
	return sprintf(text, "%lu\n", sum);
}

static const struct kernel_param_ops sum_of_all = { .get = show };
module_param_cb(seen, &sum_of_all, NULL, 0444);

static int __init start(void)
{
	if (!are_valid())
		return -EINVAL;
	/* With page table isolation the stub is not mapped where the CPU enters. */
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
