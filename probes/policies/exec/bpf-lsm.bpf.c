// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// A program that is known to be vulnerable is not executed, whatever path leads to it, and whoever executes it: the
// kernel itself for a core dump, too. The program is known by the device and the inode of its file.
//
// What this lets through: a copy of the file has another inode, and code that a process has read and runs by itself
// is no program for the kernel. A policy that knows the digest of the file (IMA, fs-verity) sees copies.
#include "target.bpf.h"

#define PROT_EXEC 4
/* Of f_flags: the file is opened to be executed. */
#define FMODE_EXEC 0x20

struct linux_binprm {
	struct file *file;
} __attribute__((preserve_access_index));

struct vm_area_struct {
	struct file *vm_file;
} __attribute__((preserve_access_index));

/* The target is the file that is executed, or the interpreter of a script or of a document. */
SEC("lsm/bprm_check_security")
int BPF_PROG(textbook_bprm_check_security, struct linux_binprm *bprm)
{
	if (spared() || !is_target(bprm->file->f_inode))
		return 0;
	return ACT_ON_TARGET("bprm_check_security");
}

/* Also as the ELF interpreter of another program, or below an overlay file system. */
SEC("lsm/file_open")
int BPF_PROG(related_file_open, struct file *file)
{
	if (spared() || !(file->f_flags & FMODE_EXEC) || !is_target(file->f_inode))
		return 0;
	return ACT_ON_TARGET("file_open");
}

/* Also by a loader that is a program of its own, as ld.so is. */
SEC("lsm/mmap_file")
int BPF_PROG(related_mmap_file, struct file *file, unsigned long asked, unsigned long protection)
{
	if (!file || spared() || !(protection & PROT_EXEC) || !is_target(file->f_inode))
		return 0;
	return ACT_ON_TARGET("mmap_file");
}

/* Also by a loader that first maps it as data. */
SEC("lsm/file_mprotect")
int BPF_PROG(related_file_mprotect, struct vm_area_struct *area, unsigned long asked, unsigned long protection)
{
	struct file *file = area->vm_file;

	if (!file || spared() || !(protection & PROT_EXEC) || !is_target(file->f_inode))
		return 0;
	return ACT_ON_TARGET("file_mprotect");
}
