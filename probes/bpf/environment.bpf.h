/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The value of LD_PRELOAD in the environment of an execve in progress, read
 * from the caller's memory through the registers of its system call. The
 * caller could change it meanwhile: good enough to record, as any monitor
 * without a copy of its own does.
 */
#ifndef ENVIRONMENT_BPF_H
#define ENVIRONMENT_BPF_H

/* The part of the kernel's registers that is needed; CO-RE finds the place. */
struct pt_regs {
	unsigned long r10;
	unsigned long dx;
	unsigned long di;
	unsigned long orig_ax;
} __attribute__((preserve_access_index));

#define NR_EXECVEAT 322

/* 32 pages of environment, one variable each, LD_PRELOAD and some others. */
#define MAX_VARIABLES 40

/* "LD_PRELOAD=" as it lies in memory: eight bytes, then three. */
#define NAME_HEAD 0x4f4c4552505f444cULL
#define NAME_TAIL 0x3d4441U
#define NAME_SIZE 11

/* Copies the value to `value` of VALUE_SIZE bytes; its length with the final
 * NUL, or 0 when there is none. */
static __always_inline long ld_preload(char *value)
{
	struct pt_regs *regs = (void *)bpf_task_pt_regs(bpf_get_current_task_btf());
	const char **envp, *variable;
	struct {
		__u64 head;
		__u32 tail;
	} name;
	int i;

	if (BPF_CORE_READ(regs, orig_ax) == NR_EXECVEAT)
		envp = (void *)BPF_CORE_READ(regs, r10);
	else
		envp = (void *)BPF_CORE_READ(regs, dx);
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
