/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* x86-64: registers of a system call, and where a task's stack keeps them. */

/* The part of the kernel's registers that programs read; CO-RE finds the place. */
struct pt_regs {
	unsigned long r10;
	unsigned long dx;
	unsigned long di;
	unsigned long orig_ax;
} __attribute__((preserve_access_index));

#define SYSCALL_NUMBER(regs) BPF_CORE_READ(regs, orig_ax)
#define FIRST_ARGUMENT(regs) BPF_CORE_READ(regs, di)
#define THIRD_ARGUMENT(regs) BPF_CORE_READ(regs, dx)
#define FOURTH_ARGUMENT(regs) BPF_CORE_READ(regs, r10)

#define NR_EXECVE 59
#define NR_EXECVEAT 322

/* Without KASAN; only for kernels before 5.15, which have no helper. */
#define THREAD_SIZE 16384
#define REGISTERS_SIZE 168
