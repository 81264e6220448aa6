// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// No kernel modules but those whose files are on a list, which can change while the policy is attached.
#include "policy.bpf.h"

/* Values are those of the running kernel: they moved. */
enum kernel_read_file_id {
	READING_MODULE = 2,
	/* Since 7.x. */
	READING_MODULE_COMPRESSED = 7,
};

enum kernel_load_data_id {
	LOADING_MODULE = 2,
};

struct super_block {
	__u32 s_dev;
} __attribute__((preserve_access_index));

struct inode {
	unsigned long i_ino;
	struct super_block *i_sb;
} __attribute__((preserve_access_index));

struct file {
	struct inode *f_inode;
} __attribute__((preserve_access_index));

struct key {
	__u64 device;
	__u64 inode;
};

/* The files of modules that may be loaded. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 1024);
	__type(key, struct key);
	__type(value, __u8);
} allowed SEC(".maps");

static __always_inline bool is_allowed(struct file *file)
{
	struct key key = {};

	if (!file)
		return false;
	key.device = file->f_inode->i_sb->s_dev;
	key.inode = file->f_inode->i_ino;
	return bpf_map_lookup_elem(&allowed, &key);
}

SEC("lsm/kernel_read_file")
int BPF_PROG(textbook_kernel_read_file, struct file *file, unsigned int id)
{
	if (spared() || id != bpf_core_enum_value(enum kernel_read_file_id, READING_MODULE) || is_allowed(file))
		return 0;
	return ACT("kernel_read_file");
}

/* init_module: there is no file that could be on the list. */
SEC("lsm/kernel_load_data")
int BPF_PROG(textbook_kernel_load_data, unsigned int id)
{
	if (spared() || id != bpf_core_enum_value(enum kernel_load_data_id, LOADING_MODULE))
		return 0;
	return ACT("kernel_load_data");
}

SEC("lsm/kernel_read_file")
int BPF_PROG(related_kernel_read_file, struct file *file, unsigned int id)
{
	if (!bpf_core_enum_value_exists(enum kernel_read_file_id, READING_MODULE_COMPRESSED))
		return 0;
	if (spared() || id != bpf_core_enum_value(enum kernel_read_file_id, READING_MODULE_COMPRESSED) ||
	    is_allowed(file))
		return 0;
	return ACT("kernel_read_file");
}
