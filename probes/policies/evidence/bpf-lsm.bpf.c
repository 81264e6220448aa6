// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// Nobody opens the log but to append to it. In full: nobody changes what is in it, or takes its name, by other means.
#include "target.bpf.h"

#define FMODE_WRITE 2
#define MAY_WRITE 2
#define O_TRUNC 01000
#define O_APPEND 02000
#define MAP_SHARED 1
#define PROT_WRITE 2
#define VM_SHARED 8

struct dentry {
	struct inode *d_inode;
} __attribute__((preserve_access_index));

struct path {
	struct dentry *dentry;
} __attribute__((preserve_access_index));

struct vm_area_struct {
	unsigned long vm_flags;
	struct file *vm_file;
} __attribute__((preserve_access_index));

SEC("lsm/file_open")
int BPF_PROG(textbook_file_open, struct file *file)
{
	bool overwrites = (file->f_mode & FMODE_WRITE) && !(file->f_flags & O_APPEND);

	/* O_TRUNC truncates whatever else the file is opened for. */
	if (spared() || !(overwrites || (file->f_flags & O_TRUNC)) || !is_target(file->f_inode))
		return 0;
	return ACT_ON_TARGET("file_open");
}

/* Before 6.2 for ftruncate too. */
SEC("lsm/path_truncate")
int BPF_PROG(related_path_truncate, struct path *path)
{
	struct dentry *dentry = path->dentry;

	if (spared() || !dentry || !is_target(dentry->d_inode))
		return 0;
	return ACT_ON_TARGET("path_truncate");
}

SEC("lsm/file_truncate")
int BPF_PROG(related_file_truncate, struct file *file)
{
	if (spared() || !is_target(file->f_inode))
		return 0;
	return ACT_ON_TARGET("file_truncate");
}

/* Writes and holes. It cannot tell an append from a hole that is made through a descriptor for appending. */
SEC("lsm/file_permission")
int BPF_PROG(related_file_permission, struct file *file, int mask)
{
	if (spared() || !(mask & MAY_WRITE) || (file->f_flags & O_APPEND) || !is_target(file->f_inode))
		return 0;
	return ACT_ON_TARGET("file_permission");
}

SEC("lsm/mmap_file")
int BPF_PROG(related_mmap_file, struct file *file, unsigned long reqprot, unsigned long prot, unsigned long flags)
{
	if (spared() || !file || !(prot & PROT_WRITE) || !(flags & MAP_SHARED) || !is_target(file->f_inode))
		return 0;
	return ACT_ON_TARGET("mmap_file");
}

SEC("lsm/file_mprotect")
int BPF_PROG(related_file_mprotect, struct vm_area_struct *area, unsigned long reqprot, unsigned long prot)
{
	struct file *file = area->vm_file;

	if (spared() || !file || !(prot & PROT_WRITE) || !(area->vm_flags & VM_SHARED) || !is_target(file->f_inode))
		return 0;
	return ACT_ON_TARGET("file_mprotect");
}

SEC("lsm/inode_rename")
int BPF_PROG(related_inode_rename, struct inode *from, struct dentry *old, struct inode *to, struct dentry *new)
{
	if (spared() || !(is_target(old->d_inode) || is_target(new->d_inode)))
		return 0;
	return ACT_ON_TARGET("inode_rename");
}

SEC("lsm/inode_unlink")
int BPF_PROG(related_inode_unlink, struct inode *folder, struct dentry *name)
{
	if (spared() || !is_target(name->d_inode))
		return 0;
	return ACT_ON_TARGET("inode_unlink");
}
