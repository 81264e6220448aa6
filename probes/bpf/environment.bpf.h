/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The value of LD_PRELOAD in the environment of an execve in progress, read
 * from the caller's memory through the registers of its system call. The
 * caller could change it meanwhile. That is good enough to record: a monitor
 * that makes no copy of its own reads it in the same way.
 */
#ifndef ENVIRONMENT_BPF_H
#define ENVIRONMENT_BPF_H

/* 32 pages of environment, one variable each, LD_PRELOAD and some others. */
#define MAX_VARIABLES 40

/* "LD_PRELOAD=" as it lies in memory: eight bytes, then three. */
#define NAME_HEAD 0x4f4c4552505f444cULL
#define NAME_TAIL 0x3d4441U
#define NAME_SIZE 11

/* Copies the value to `value`, which has VALUE_SIZE bytes. Returns its length with
 * the final NUL, or 0 when there is none. */
static __always_inline long ld_preload(char *value)
{
	struct pt_regs *regs = (void *)bpf_task_pt_regs(bpf_get_current_task_btf());
	const char **envp, *variable;
	struct {
		__u64 head;
		__u32 tail;
	} name;
	int i;

	if (SYSCALL_NUMBER(regs) == NR_EXECVEAT)
		envp = (void *)FOURTH_ARGUMENT(regs);
	else
		envp = (void *)THIRD_ARGUMENT(regs);
	value[0] = 0;
	for (i = 0; i < MAX_VARIABLES; i++) {
		if (bpf_probe_read_user(&variable, sizeof(variable), envp + i) || !variable)
			return 0;
		name.tail = 0;
		if (bpf_probe_read_user(&name, NAME_SIZE, variable))
			continue;
		if (name.head == NAME_HEAD && name.tail == NAME_TAIL)
			return bpf_probe_read_user_str(value, VALUE_SIZE, variable + NAME_SIZE);
	}
	return 0;
}

#endif
