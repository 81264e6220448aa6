/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * A timer's program: it looks whether the task that the timer interrupted is in a
 * watched system call. It never sees a call that begins and ends between two ticks.
 */
#include "watch.bpf.h"
#include "syscalls.bpf.h"

struct task_struct {
	int pid;
	unsigned long nvcsw;
	void *stack;
} __attribute__((preserve_access_index));

/* The system call that was caught last: it counts once, however many ticks fall into
 * it. A call that the same task repeats without a sleep in between is another one only if
 * its third argument differs, as that of mprotect-storm does. */
struct caught {
	__u32 pid;
	__u32 number;
	__u64 argument;
	__u64 sleeps;
};

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct caught);
} last SEC(".maps");

/* The registers with which the task came into the kernel. */
static __always_inline struct pt_regs *registers(struct task_struct *task)
{
	if (bpf_core_enum_value_exists(enum bpf_func_id, BPF_FUNC_task_pt_regs))
		return (void *)bpf_task_pt_regs(bpf_get_current_task_btf());
	return BPF_CORE_READ(task, stack) + THREAD_SIZE - REGISTERS_SIZE;
}

SEC("perf_event")
int timer(void *ctx)
{
	struct task_struct *task = (void *)bpf_get_current_task();
	struct pt_regs *regs = registers(task);
	/* -1 where the timer interrupted user space. */
	unsigned long number = SYSCALL_NUMBER(regs);
	__u32 key = 0, pid = BPF_CORE_READ(task, pid);
	__u64 argument, sleeps;
	struct caught *caught;

	__sync_fetch_and_add(&stats.ticks, 1);
	caught = bpf_map_lookup_elem(&last, &key);
	if (!caught)
		return 0;
	if (!is_watched(number)) {
		if (caught->pid == pid)
			caught->number = ~0;
		return 0;
	}
	/* An execve gives the task other registers. */
	argument = number == NR_EXECVE || number == NR_EXECVEAT ? 0 : THIRD_ARGUMENT(regs);
	sleeps = BPF_CORE_READ(task, nvcsw);
	if (caught->pid == pid && caught->number == number && caught->argument == argument &&
	    caught->sleeps == sleeps)
		return 0;
	caught->pid = pid;
	caught->number = number;
	caught->argument = argument;
	caught->sleeps = sleeps;
	to_count();
	return 0;
}
