// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// What BPF programs record of a path, by the place where they are attached. One program is loaded at a time.
#include <linux/bpf.h>

#include <bpf/bpf_core_read.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>

#define NR_EXECVE 59

/* The parts of the kernel's structures that are read; CO-RE finds their places. */
struct pt_regs {
	unsigned long si;
	unsigned long di;
	unsigned long orig_ax;
} __attribute__((preserve_access_index));

struct qstr {
	const unsigned char *name;
} __attribute__((preserve_access_index));

struct dentry {
	struct qstr d_name;
} __attribute__((preserve_access_index));

struct path {
	struct dentry *dentry;
} __attribute__((preserve_access_index));

struct file {
	struct path f_path;
} __attribute__((preserve_access_index));

struct linux_binprm {
	struct file *file;
} __attribute__((preserve_access_index));

struct seen {
	/* Set by the victim: its process, and the number of the call. */
	__u32 process;
	__u32 number;
	/* How often a path was recorded, and the path of the last time. */
	__u64 records;
	char path[64];
};

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(map_flags, BPF_F_MMAPABLE);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct seen);
} seen SEC(".maps");

char LICENSE[] SEC("license") = "Dual BSD/GPL";

/* Where to record what this process does; NULL if it is not the victim. */
static __always_inline struct seen *of_victim(void)
{
	__u32 zero = 0;
	struct seen *found = bpf_map_lookup_elem(&seen, &zero);

	return found && bpf_get_current_pid_tgid() >> 32 == found->process ? found : NULL;
}

static __always_inline void record_user(struct seen *seen, unsigned long path)
{
	bpf_probe_read_user_str(seen->path, sizeof(seen->path), (const void *)path);
	seen->records++;
}

static __always_inline void record_name(struct seen *seen, struct file *file)
{
	bpf_probe_read_kernel_str(seen->path, sizeof(seen->path), BPF_CORE_READ(file, f_path.dentry, d_name.name));
	seen->records++;
}

/* The path is the second argument of openat and openat2, and the first of execve. */
static __always_inline unsigned long path_in(struct pt_regs *registers, __u32 number)
{
	return number == NR_EXECVE ? BPF_CORE_READ(registers, di) : BPF_CORE_READ(registers, si);
}

SEC("raw_tp/sys_enter")
int sys_enter(struct bpf_raw_tracepoint_args *ctx)
{
	struct seen *seen = of_victim();

	if (seen && ctx->args[1] == seen->number)
		record_user(seen, path_in((void *)ctx->args[0], seen->number));
	return 0;
}

SEC("raw_tp/sys_exit")
int sys_exit(struct bpf_raw_tracepoint_args *ctx)
{
	struct pt_regs *registers = (void *)ctx->args[0];
	struct seen *seen = of_victim();

	if (seen && BPF_CORE_READ(registers, orig_ax) == seen->number)
		record_user(seen, path_in(registers, seen->number));
	return 0;
}

SEC("kprobe/do_sys_openat2")
int kprobe_open(struct pt_regs *ctx)
{
	struct seen *seen = of_victim();

	if (seen)
		record_user(seen, BPF_CORE_READ(ctx, si));
	return 0;
}

SEC("kprobe/__x64_sys_execve")
int kprobe_execve(struct pt_regs *ctx)
{
	struct pt_regs *registers = (void *)BPF_CORE_READ(ctx, di);
	struct seen *seen = of_victim();

	if (seen)
		record_user(seen, path_in(registers, NR_EXECVE));
	return 0;
}

SEC("lsm/file_open")
int BPF_PROG(lsm_open, struct file *file)
{
	struct seen *seen = of_victim();

	if (seen)
		record_name(seen, file);
	return 0;
}

SEC("lsm/bprm_check_security")
int BPF_PROG(lsm_execve, struct linux_binprm *program)
{
	struct seen *seen = of_victim();

	if (seen)
		record_name(seen, BPF_CORE_READ(program, file));
	return 0;
}
