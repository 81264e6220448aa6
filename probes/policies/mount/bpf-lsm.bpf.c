// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// Attach it when start-up is over: from then on nobody mounts a removable medium, and ordinary users mount nothing.
#include "policy.bpf.h"

/* Flags of mount(2), of a gendisk and of a mode. */
#define MS_REMOUNT 32
#define MS_BIND 4096
#define MS_MOVE 8192
#define GENHD_FL_REMOVABLE 1
#define S_IFMT 0170000
#define S_IFBLK 0060000

struct gendisk {
	int flags;
} __attribute__((preserve_access_index));

struct block_device {
	struct gendisk *bd_disk;
} __attribute__((preserve_access_index));

struct super_block {
	struct block_device *s_bdev;
} __attribute__((preserve_access_index));

struct vfsmount {
	struct super_block *mnt_sb;
} __attribute__((preserve_access_index));

struct path {
	struct vfsmount *mnt;
} __attribute__((preserve_access_index));

struct inode {
	unsigned short i_mode;
	__u32 i_rdev;
} __attribute__((preserve_access_index));

struct file {
	struct inode *f_inode;
} __attribute__((preserve_access_index));

static __always_inline bool is_by_user(void)
{
	return (__u32)bpf_get_current_uid_gid() == policy.user;
}

static __always_inline bool is_removable(struct super_block *file_system)
{
	return file_system->s_bdev && file_system->s_bdev->bd_disk->flags & GENHD_FL_REMOVABLE;
}

/* Disks on USB are called so. The name is the caller's: a link to the disk has another. */
static __always_inline bool is_named_as_removable(const char *name)
{
	char begin[8] = {};

	bpf_probe_read_kernel_str(begin, sizeof(begin), name);
	return !__builtin_memcmp(begin, "/dev/sd", 7);
}

/* A mount that is bound or moved is named as text alone, so all of them are refused. */
SEC("lsm/sb_mount")
int BPF_PROG(textbook_sb_mount, const char *name, struct path *place, const char *type, unsigned long flags)
{
	bool is_moved = flags & MS_MOVE || (flags & MS_BIND && !(flags & MS_REMOUNT));

	if (spared() || !(is_moved || is_by_user() || is_named_as_removable(name)))
		return 0;
	return ACT("sb_mount");
}

SEC("lsm/move_mount")
int BPF_PROG(textbook_move_mount, struct path *from, struct path *to)
{
	if (spared() || !(is_by_user() || is_removable(from->mnt->mnt_sb)))
		return 0;
	return ACT("move_mount");
}

/* Any new mount, whatever its device is called, and whether it is put anywhere or not. */
SEC("lsm/sb_kern_mount")
int BPF_PROG(related_sb_kern_mount, struct super_block *file_system)
{
	if (spared() || !(is_by_user() || is_removable(file_system)))
		return 0;
	return ACT("sb_kern_mount");
}

/* What is read from the medium can be mounted from a copy, and a loop device over it is not removable. */
SEC("lsm/file_open")
int BPF_PROG(related_file_open, struct file *file)
{
	struct inode *inode = file->f_inode;

	if (spared() || (inode->i_mode & S_IFMT) != S_IFBLK || inode->i_rdev != policy.device)
		return 0;
	return ACT("file_open");
}
