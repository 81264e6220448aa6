// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// An ordinary user executes no program with LD_PRELOAD. The textbook policy reads the caller's memory, as the system call
// got it, and looks at the first 40 variables. In full: it reads the kernel's copy, on the stack of the new program, and
// knows the relatives.
#include "variable.bpf.h"

#define EXECVEAT 322
#define FEW 40
/* Pieces of arguments and variables. */
#define PIECE 256
#define PIECES 2000
#define THREAD_SIZE 16384
#define ALLOWED 0

struct pt_regs {
	unsigned long r10, dx, orig_ax;
} __attribute__((preserve_access_index));

struct task_struct {
	void *stack;
} __attribute__((preserve_access_index));

struct linux_binprm {
	unsigned long p;
	int argc, envc;
} __attribute__((preserve_access_index));

enum bpf_func_id___policy {
	BPF_FUNC_task_pt_regs___policy = 175,
};

/* Processes whose new program must not begin. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 1024);
	__type(key, __u32);
	__type(value, __u8);
} doomed SEC(".maps");

static __always_inline bool is_about_caller(void)
{
	return !spared() && (__u32)bpf_get_current_uid_gid() == policy.user;
}

/* The registers of the system call. Kernels before 5.15 keep them at the end of the stack, and do not say so. */
static __always_inline struct pt_regs *registers(void)
{
	struct task_struct *task;

	if (bpf_core_enum_value_exists(enum bpf_func_id___policy, BPF_FUNC_task_pt_regs___policy))
		return (void *)bpf_task_pt_regs(bpf_get_current_task_btf());
	task = (void *)bpf_get_current_task();
	return BPF_CORE_READ(task, stack) + THREAD_SIZE - bpf_core_type_size(struct pt_regs);
}

enum looked {
	GO_ON,
	FOUND,
	END,
};

/*
 * Looks at the variable whose address is at `at`. This and `look_at_piece` are
 * functions of their own, which the verifier looks at once.
 */
__noinline int look(__u64 at)
{
	__u64 text[TEXT / 8], variable;

	if (bpf_probe_read_user(&variable, sizeof(variable), (void *)at) || !variable)
		return END;
	if (bpf_probe_read_user_str(text, sizeof(text), (void *)variable) < 0 || !is_ld_preload(text))
		return GO_ON;
	record_variable("bprm_check_security", sizeof("bprm_check_security"), text, 0, 0);
	return FOUND;
}

SEC("lsm/bprm_check_security")
int BPF_PROG(textbook_bprm_check_security)
{
	struct pt_regs *regs;
	__u64 at;
	int i;

	if (!is_about_caller())
		return ALLOWED;
	regs = registers();
	at = BPF_CORE_READ(regs, orig_ax) == EXECVEAT ? BPF_CORE_READ(regs, r10) : BPF_CORE_READ(regs, dx);
	for (i = 0; i < FEW; i++) {
		int looked = look(at + i * sizeof(__u64));

		if (looked == END)
			break;
		if (looked == FOUND)
			return act();
	}
	return ALLOWED;
}

/* The new program is not to run. This hook cannot refuse, but one that follows can. */
static __always_inline void stop_program(void)
{
	__u32 process = bpf_get_current_pid_tgid() >> 32;
	__u8 yes = 1;

	if (act())
		bpf_map_update_elem(&doomed, &process, &yes, BPF_ANY);
}

/* Looks at a piece. Returns its length with the final NUL, which a piece of PIECE bytes may have cut off. */
__noinline int look_at_piece(__u64 at, __u32 is_variable)
{
	__u64 piece[PIECE / 8];
	long length = bpf_probe_read_user_str(piece, sizeof(piece), (void *)at);

	if (length > 0 && is_variable && is_relative(piece)) {
		record_variable("bprm_committed_creds", sizeof("bprm_committed_creds"), piece, 0, 0);
		stop_program();
	}
	return length;
}

/*
 * The arguments and then the variables lie one after the other, from bprm->p
 * on. Long ones are read in pieces.
 */
SEC("lsm/bprm_committed_creds")
int BPF_PROG(related_bprm_committed_creds, struct linux_binprm *bprm)
{
	__u64 at = bprm->p;
	long variables = bprm->envc, left = bprm->argc + variables;
	bool begins = true;
	int i;

	if (!is_about_caller())
		return 0;
	for (i = 0; i < PIECES; i++) {
		int length;

		if (left <= 0)
			return 0;
		length = look_at_piece(at, begins && left <= variables);
		if (length <= 0)
			break;
		begins = length < PIECE;
		at += length - !begins;
		left -= begins;
	}
	/* Too many, or not to be read: who knows. */
	record_variable("bprm_committed_creds", sizeof("bprm_committed_creds"), NULL, 0, 0);
	stop_program();
	return 0;
}

/* The new program's text is mapped after that; the kernel ends the process when it cannot be. */
SEC("lsm/mmap_file")
int BPF_PROG(related_mmap_file)
{
	__u32 process = bpf_get_current_pid_tgid() >> 32;

	if (policy.action != DENY || bpf_map_delete_elem(&doomed, &process))
		return ALLOWED;
	return -EPERM;
}
