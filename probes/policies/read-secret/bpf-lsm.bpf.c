// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// Nobody opens the secret. In full: nobody uses a descriptor of it either, or looks into another process's memory.
#include "target.bpf.h"

#define MAY_READ 4
#define PTRACE_MODE_ATTACH 2

SEC("lsm/file_open")
int BPF_PROG(textbook_file_open, struct file *file)
{
	if (spared() || !is_target(file->f_inode))
		return 0;
	return ACT_ON_TARGET("file_open");
}

/* A descriptor that comes from another process. */
SEC("lsm/file_receive")
int BPF_PROG(related_file_receive, struct file *file)
{
	if (spared() || !is_target(file->f_inode))
		return 0;
	return ACT_ON_TARGET("file_receive");
}

/* A descriptor that the process has already. */
SEC("lsm/file_permission")
int BPF_PROG(related_file_permission, struct file *file, int mask)
{
	if (spared() || !(mask & MAY_READ) || !is_target(file->f_inode))
		return 0;
	return ACT_ON_TARGET("file_permission");
}

SEC("lsm/mmap_file")
int BPF_PROG(related_mmap_file, struct file *file)
{
	if (spared() || !file || !is_target(file->f_inode))
		return 0;
	return ACT_ON_TARGET("mmap_file");
}

/* Whether the other process has read the secret is not known. */
SEC("lsm/ptrace_access_check")
int BPF_PROG(related_ptrace_access_check, void *child, unsigned int mode)
{
	if (spared() || !(mode & PTRACE_MODE_ATTACH))
		return 0;
	return ACT("ptrace_access_check");
}
