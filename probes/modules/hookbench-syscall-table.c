// SPDX-License-Identifier: GPL-2.0-only
/* Counts system calls by its own entries in sys_call_table, as rootkits and old
 * security modules do. Kernels that dispatch by a switch keep the table and do not
 * read it. Then nothing is counted, and user space finds out by making a call.
 */
#include <linux/irqflags.h>
#include <linux/rcupdate.h>
#include <asm/processor-flags.h>
#include <asm/ptrace.h>
#include <asm/special_insns.h>

#include "syscalls.h"

typedef asmlinkage long (*call_t)(const struct pt_regs *regs);

static call_t *table;
static call_t original[NUMBERS];

/* It ends with a jump: no task is in here while a call blocks. */
static asmlinkage long notrace counted(const struct pt_regs *regs)
{
	unsigned long number = regs->orig_ax & (NUMBERS - 1);

	count();
	return original[number](regs);
}

/* The table is read-only for the kernel too, until CR0.WP is off. write_cr0()
 * cannot do that: it keeps the bit pinned.
 */
static void put(unsigned int number, call_t call)
{
	unsigned long flags, cr0;

	local_irq_save(flags);
	cr0 = read_cr0();
	asm volatile("mov %0, %%cr0" :: "r"(cr0 & ~X86_CR0_WP) : "memory");
	WRITE_ONCE(table[number], call);
	asm volatile("mov %0, %%cr0" :: "r"(cr0) : "memory");
	local_irq_restore(flags);
}

static int __init start(void)
{
	unsigned int i;

	if (!are_valid())
		return -EINVAL;
	table = (void *)address_of("sys_call_table");
	if (!table)
		return -ENOENT;
	for (i = 0; i < call_count; i++) {
		original[calls[i]] = table[calls[i]];
		put(calls[i], counted);
	}
	return 0;
}

static void __exit end(void)
{
	unsigned int i;

	for (i = 0; i < call_count; i++)
		put(calls[i], original[calls[i]]);
	/* Waits until no task is in `counted`. */
	synchronize_rcu_tasks();
}

module_init(start);
module_exit(end);
MODULE_DESCRIPTION("counts system calls by entries in sys_call_table");
