/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The file that a policy is about: its device and its inode, never its path.
 */
#ifndef TARGET_BPF_H
#define TARGET_BPF_H

#include "policy.bpf.h"

struct super_block {
	__u32 s_dev;
} __attribute__((preserve_access_index));

struct inode {
	__u16 i_mode;
	unsigned long i_ino;
	struct super_block *i_sb;
} __attribute__((preserve_access_index));

struct file {
	__u32 f_mode;
	__u32 f_flags;
	struct inode *f_inode;
	void *private_data;
} __attribute__((preserve_access_index));

static __always_inline bool is_target(const struct inode *inode)
{
	return inode && inode->i_ino == policy.inode && inode->i_sb->s_dev == policy.device;
}

/* Records the target, and does what the policy does. */
#define ACT_ON_TARGET(what) ACT_ON_FILE(what, policy.device, policy.inode)

#endif
