// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// From a signal to a mitigation. The signal: an ordinary user's program deletes the file that it runs from. The
// mitigation: ordinary users may no longer open the secret. A chain loads the programs that it needs.
#include "target.bpf.h"

#define UNLINK 87
#define UNLINKAT 263

struct dentry {
	struct inode *d_inode;
} __attribute__((preserve_access_index));

struct mm_struct {
	struct file *exe_file;
} __attribute__((preserve_access_index));

struct task_struct {
	struct mm_struct *mm;
} __attribute__((preserve_access_index));

/* Whether the secret is closed to ordinary users: set by a program here, or by a daemon. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, __u32);
} closed SEC(".maps");

static __always_inline bool is_ordinary(void)
{
	return (__u32)bpf_get_current_uid_gid() == policy.user;
}

/* What a policy that only watches does about the signal: it tells a daemon. */
static __always_inline void tell(void)
{
	struct record *record = begin_record("signal", sizeof("signal"));

	if (record)
		bpf_ringbuf_submit(record, 0);
}

SEC("lsm/inode_unlink")
int BPF_PROG(signal_unlink, struct inode *folder, struct dentry *entry)
{
	struct task_struct *task = (void *)bpf_get_current_task();
	__u32 zero = 0, one = 1;

	if (!is_ordinary() || entry->d_inode != BPF_CORE_READ(task, mm, exe_file, f_inode))
		return 0;
	switch (policy.action) {
	case DENY:
		bpf_map_update_elem(&closed, &zero, &one, BPF_ANY);
		break;
	case KILL:
		bpf_send_signal(SIGKILL);
		break;
	default:
		tell();
	}
	return 0;
}

/* A number says that something is deleted, and not what. */
SEC("raw_tp/sys_enter")
int signal_entry(struct bpf_raw_tracepoint_args *ctx)
{
	__u32 number = ctx->args[1];

	if ((number == UNLINK || number == UNLINKAT) && is_ordinary())
		tell();
	return 0;
}

SEC("lsm/file_open")
int BPF_PROG(deny_open, struct file *file)
{
	__u32 zero = 0;
	__u32 *value = bpf_map_lookup_elem(&closed, &zero);

	return value && *value && is_ordinary() && is_target(file->f_inode) ? -EPERM : 0;
}
