// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// Nobody maps the library as code. In full: nobody makes its pages executable later, or reads it, because a reader can
// run a copy.
#include "target.bpf.h"

#define PROT_EXEC 4

struct vm_area_struct {
	struct file *vm_file;
} __attribute__((preserve_access_index));

/* `prot` is what the kernel does, `reqprot` what the caller asked for: they differ under READ_IMPLIES_EXEC. */
SEC("lsm/mmap_file")
int BPF_PROG(textbook_mmap_file, struct file *file, unsigned long reqprot, unsigned long prot)
{
	if (spared() || !file || !(prot & PROT_EXEC) || !is_target(file->f_inode))
		return 0;
	return ACT_ON_TARGET("mmap_file");
}

SEC("lsm/file_mprotect")
int BPF_PROG(related_file_mprotect, struct vm_area_struct *area, unsigned long reqprot, unsigned long prot)
{
	struct file *file = area->vm_file;

	if (spared() || !file || !(prot & PROT_EXEC) || !is_target(file->f_inode))
		return 0;
	return ACT_ON_TARGET("file_mprotect");
}

SEC("lsm/file_open")
int BPF_PROG(related_file_open, struct file *file)
{
	if (spared() || !is_target(file->f_inode))
		return 0;
	return ACT_ON_TARGET("file_open");
}
