// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// Bytes that came as data do not become code. Programs start as before: their text is mapped from a file that nobody
// has open for writing, and it is not writable. So the policy looks at the file and at what was written, not at
// PROT_EXEC alone.
//
// What this lets through: a file that was written and closed looks like any program that was just built. One that is
// mapped first and written afterwards was not writable when the hook was called. A mapping that is executable already
// is not asked about again by mremap and userfaultfd, nor is the text of another process by ptrace; an executable
// stack that a program's headers ask for has no hook at all. Nor does a compiler that runs what it makes (JIT) work.
#include "policy.bpf.h"

#define PROT_WRITE 2
#define PROT_EXEC 4
#define VM_WRITE 2
#define FMODE_WRITE 2
#define MAY_WRITE 2
#define PROC_SUPER_MAGIC 0x9fa0
/* Of a personality: memory that may be read may be executed. */
#define READ_IMPLIES_EXEC 0x0400000

typedef struct {
	int counter;
} atomic_t;

struct super_block {
	__u32 s_dev;
	unsigned long s_magic;
} __attribute__((preserve_access_index));

struct inode {
	struct super_block *i_sb;
	unsigned int i_nlink;
	atomic_t i_writecount;
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
	struct inode *f_inode;
	struct path f_path;
	unsigned int f_mode;
} __attribute__((preserve_access_index));

struct vm_area_struct {
	struct file *vm_file;
	void *anon_vma;
	unsigned long vm_flags;
} __attribute__((preserve_access_index));

struct task_struct {
	unsigned int personality;
} __attribute__((preserve_access_index));

/* Whether somebody may still write to the file: it is open for writing, or it has no name and is only memory. */
static __always_inline bool is_writable(struct file *file)
{
	struct inode *inode = BPF_CORE_READ(file, f_inode);

	return BPF_CORE_READ(file, f_mode) & FMODE_WRITE || BPF_CORE_READ(inode, i_writecount.counter) > 0 ||
	       !BPF_CORE_READ(inode, i_nlink);
}

SEC("lsm/file_mprotect")
int BPF_PROG(textbook_file_mprotect, struct vm_area_struct *area, unsigned long asked, unsigned long protection)
{
	struct file *file = BPF_CORE_READ(area, vm_file);

	if (spared() || !(protection & PROT_EXEC))
		return 0;
	/* A private mapping of a file has anonymous memory once it was written. */
	if (file && !(protection & PROT_WRITE) && !(BPF_CORE_READ(area, vm_flags) & VM_WRITE) &&
	    !BPF_CORE_READ(area, anon_vma) && !is_writable(file))
		return 0;
	return ACT("file_mprotect");
}

SEC("lsm/mmap_file")
int BPF_PROG(textbook_mmap_file, struct file *file, unsigned long asked, unsigned long protection)
{
	if (spared() || !(protection & PROT_EXEC))
		return 0;
	if (file && !(protection & PROT_WRITE) && !is_writable(file))
		return 0;
	return ACT("mmap_file");
}

/* The kernel asks here for brk too, whose memory READ_IMPLIES_EXEC makes executable. */
SEC("lsm/mmap_addr")
int BPF_PROG(related_mmap_addr, unsigned long address)
{
	struct task_struct *task = (void *)bpf_get_current_task();

	if (spared() || !(BPF_CORE_READ(task, personality) & READ_IMPLIES_EXEC))
		return 0;
	return ACT("mmap_addr");
}

/* A write to /proc/PID/mem, for which the kernel ignores that memory may not be written. */
SEC("lsm/file_permission")
int BPF_PROG(related_file_permission, struct file *file, int mask)
{
	char name[4] = {};

	if (!(mask & MAY_WRITE) || BPF_CORE_READ(file, f_inode, i_sb, s_magic) != PROC_SUPER_MAGIC || spared())
		return 0;
	bpf_probe_read_kernel_str(name, sizeof(name), BPF_CORE_READ(file, f_path.dentry, d_name.name));
	if (name[0] != 'm' || name[1] != 'e' || name[2] != 'm' || name[3])
		return 0;
	return ACT("file_permission");
}
