/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Not a monitor: it looks at how the watched system calls of tasks that are about to
 * die by SIGKILL return, which is before they die. Attached when nothing is timed.
 */
#include "watch.bpf.h"
#include "syscalls.bpf.h"

#define SIGKILL 9

/* A set of 64 signals, under the name that the kernel gives to the type around it. */
struct sigpending {
	struct {
		__u64 bits;
	} signal;
} __attribute__((preserve_access_index));

struct task_struct {
	struct sigpending pending;
} __attribute__((preserve_access_index));

static __always_inline bool dying(void)
{
	struct task_struct *task = (void *)bpf_get_current_task();
	__u64 signals = 0;

	bpf_probe_read_kernel(&signals, sizeof(signals), &task->pending.signal);
	return signals & (1ULL << (SIGKILL - 1));
}

/* `seen` counts the calls that took effect, `refused` those that did not. */
SEC("raw_tp/sys_exit")
int witness(struct bpf_raw_tracepoint_args *ctx)
{
	struct pt_regs *regs = (void *)ctx->args[0];
	long result = ctx->args[1];

	if (!is_watched(SYSCALL_NUMBER(regs)) || !dying())
		return 0;
	if (result < 0)
		__sync_fetch_and_add(&stats.refused, 1);
	else
		to_count();
	return 0;
}
