/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The environment of an execve in progress, in the caller's memory. A program
 * of bprm_check_security finds it through the registers of the system call,
 * with bpf_task_pt_regs, which came with Linux 5.15.
 */
#ifndef ENVIRONMENT_COST_BPF_H
#define ENVIRONMENT_COST_BPF_H

#include <linux/bpf.h>

#include <bpf/bpf_core_read.h>
#include <bpf/bpf_helpers.h>

/* 32 pages of environment, one variable each, LD_PRELOAD and some others. */
#define MAX_VARIABLES 40

/* The third argument of execve; CO-RE finds the place. */
struct pt_regs {
	unsigned long dx;
} __attribute__((preserve_access_index));

char LICENSE[] SEC("license") = "GPL";

/* Where the addresses of the variables are. */
static __always_inline const char **environment(void)
{
	struct pt_regs *registers = (void *)bpf_task_pt_regs(bpf_get_current_task_btf());

	return (void *)BPF_CORE_READ(registers, dx);
}

/* The address of the variable `index`; NULL behind the last. */
static __always_inline const char *variable(const char **environment, int index)
{
	const char *found = NULL;

	bpf_probe_read_user(&found, sizeof(found), environment + index);
	return found;
}

#endif
