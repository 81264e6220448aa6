// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// A program that is known to be vulnerable is not executed, whatever path leads to it, and whoever executes it: the
// kernel itself for a core dump, too. The program is known by the device and the inode of its file.
//
// What this lets through: a copy of the file has another inode, and code that a process has read and runs by itself
// is no program for the kernel. A policy that knows the digest of the file (IMA, fs-verity) sees copies.
#include "policy.bpf.h"

#define PROT_EXEC 4
/* Of f_flags: the file is opened to be executed. */
#define FMODE_EXEC 0x20

struct super_block {
	__u32 s_dev;
} __attribute__((preserve_access_index));

struct inode {
	struct super_block *i_sb;
	unsigned long i_ino;
} __attribute__((preserve_access_index));

struct file {
	struct inode *f_inode;
	unsigned int f_flags;
} __attribute__((preserve_access_index));

struct linux_binprm {
	struct file *file;
} __attribute__((preserve_access_index));

struct vm_area_struct {
	struct file *vm_file;
} __attribute__((preserve_access_index));

static __always_inline bool is_target(struct file *file)
{
	struct inode *inode = BPF_CORE_READ(file, f_inode);

	return BPF_CORE_READ(inode, i_ino) == policy.inode && BPF_CORE_READ(inode, i_sb, s_dev) == policy.device;
}

/* The target is the file that is executed, or the interpreter of a script or of a document. */
SEC("lsm/bprm_check_security")
int BPF_PROG(textbook_bprm_check_security, struct linux_binprm *bprm)
{
	if (spared() || !is_target(bprm->file))
		return 0;
	return ACT_ON_FILE("bprm_check_security", policy.device, policy.inode);
}

/* Also as the ELF interpreter of another program, or below an overlay file system. */
SEC("lsm/file_open")
int BPF_PROG(related_file_open, struct file *file)
{
	if (spared() || !(file->f_flags & FMODE_EXEC) || !is_target(file))
		return 0;
	return ACT_ON_FILE("file_open", policy.device, policy.inode);
}

/* Also by a loader that is a program of its own, as ld.so is. */
SEC("lsm/mmap_file")
int BPF_PROG(related_mmap_file, struct file *file, unsigned long asked, unsigned long protection)
{
	if (!file || spared() || !(protection & PROT_EXEC) || !is_target(file))
		return 0;
	return ACT_ON_FILE("mmap_file", policy.device, policy.inode);
}

/* Also by a loader that first maps it as data. */
SEC("lsm/file_mprotect")
int BPF_PROG(related_file_mprotect, struct vm_area_struct *area, unsigned long asked, unsigned long protection)
{
	struct file *file = BPF_CORE_READ(area, vm_file);

	if (!file || spared() || !(protection & PROT_EXEC) || !is_target(file))
		return 0;
	return ACT_ON_FILE("file_mprotect", policy.device, policy.inode);
}
