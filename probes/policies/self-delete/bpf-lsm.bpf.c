// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// No program deletes the file that it runs from.
#include "policy.bpf.h"

/* The kernel's atomic_t is this, by another name. */
typedef struct {
	int counter;
} __attribute__((preserve_access_index)) atomic_t;

struct inode {
	unsigned int i_nlink;
	atomic_t i_writecount;
} __attribute__((preserve_access_index));

struct file {
	struct inode *f_inode;
} __attribute__((preserve_access_index));

struct dentry {
	struct inode *d_inode;
} __attribute__((preserve_access_index));

struct linux_binprm {
	struct file *file;
} __attribute__((preserve_access_index));

struct mm_struct {
	struct file *exe_file;
} __attribute__((preserve_access_index));

struct task_struct {
	struct mm_struct *mm;
} __attribute__((preserve_access_index));

/* Whether this is the last name of the file that the caller runs from. */
static __always_inline bool is_own(struct inode *inode)
{
	struct task_struct *task = (void *)bpf_get_current_task();

	return inode && inode->i_nlink <= 1 && inode == BPF_CORE_READ(task, mm, exe_file, f_inode);
}

/* Whether an ordinary user deletes the last name of a file that anybody runs from: nobody may write such a file. */
static __always_inline bool is_running(struct inode *inode)
{
	return inode && inode->i_nlink <= 1 && inode->i_writecount.counter < 0 &&
	       (__u32)bpf_get_current_uid_gid() == policy.user;
}

SEC("lsm/inode_unlink")
int BPF_PROG(textbook_inode_unlink, struct inode *folder, struct dentry *entry)
{
	if (spared() || !is_own(entry->d_inode))
		return 0;
	return ACT("inode_unlink");
}

/* The new name may be the file's. */
SEC("lsm/inode_rename")
int BPF_PROG(textbook_inode_rename, struct inode *old_folder, struct dentry *old, struct inode *new_folder,
	     struct dentry *new)
{
	if (spared() || !is_own(new->d_inode))
		return 0;
	return ACT("inode_rename");
}

SEC("lsm/inode_unlink")
int BPF_PROG(related_inode_unlink, struct inode *folder, struct dentry *entry)
{
	if (spared() || !is_running(entry->d_inode))
		return 0;
	return ACT("inode_unlink");
}

SEC("lsm/inode_rename")
int BPF_PROG(related_inode_rename, struct inode *old_folder, struct dentry *old, struct inode *new_folder,
	     struct dentry *new)
{
	if (spared() || !is_running(new->d_inode))
		return 0;
	return ACT("inode_rename");
}

/* An ordinary user executes a file that has no name: a memfd, or one that was deleted before. */
SEC("lsm/bprm_check_security")
int BPF_PROG(related_bprm_check_security, struct linux_binprm *program)
{
	if (spared() || program->file->f_inode->i_nlink || (__u32)bpf_get_current_uid_gid() != policy.user)
		return 0;
	return ACT("bprm_check_security");
}
