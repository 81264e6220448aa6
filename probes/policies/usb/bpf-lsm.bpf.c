// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// Attach it when start-up is over: from then on nobody mounts a USB drive. What is mounted already stays mounted. A
// disk is a USB drive if one of the devices that it hangs on is on the bus `usb`, whatever the disk is called.
// For Linux 5.15 and later; tried on 6.1.
#include "policy.bpf.h"

#define S_IFMT 0170000
#define S_IFBLK 0060000
/* The major number of loop devices. */
#define LOOP_MAJOR 7
/* A disk on a USB hub behind three others has this many devices above it. */
#define MOST_LEVELS 16
/* Disks that a disk of the device mapper is made of. */
#define MOST_PARTS 8

struct list_head {
	struct list_head *next;
} __attribute__((preserve_access_index));

struct kobject {
	struct kobject *parent;
} __attribute__((preserve_access_index));

struct bus_type {
	const char *name;
} __attribute__((preserve_access_index));

struct device {
	struct device *parent;
	struct bus_type *bus;
	struct kobject kobj;
} __attribute__((preserve_access_index));

struct block_device {
	struct gendisk *bd_disk;
	struct device bd_device;
} __attribute__((preserve_access_index));

struct gendisk {
	int major;
	struct block_device *part0;
	void *private_data;
	struct list_head slave_bdevs;
} __attribute__((preserve_access_index));

/* A disk that another one is made of: since 6.2 by its folder in sysfs. */
struct bd_holder_disk {
	struct list_head list;
	struct kobject *holder_dir;
} __attribute__((preserve_access_index));

struct bd_holder_disk___before {
	struct block_device *bdev;
} __attribute__((preserve_access_index));

struct loop_device {
	struct file *lo_backing_file;
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
} __attribute__((preserve_access_index));

struct bdev_inode {
	struct block_device bdev;
	struct inode vfs_inode;
} __attribute__((preserve_access_index));

struct address_space {
	struct inode *host;
} __attribute__((preserve_access_index));

struct file {
	struct address_space *f_mapping;
} __attribute__((preserve_access_index));

/* Whether `device` or one that it hangs on is on the bus `usb`. */
static __always_inline bool hangs_on_usb(struct device *device)
{
	for (int level = 0; level < MOST_LEVELS && device; level++) {
		char bus[8] = {};

		bpf_probe_read_kernel_str(bus, sizeof(bus), BPF_CORE_READ(device, bus, name));
		if (!__builtin_memcmp(bus, "usb", sizeof("usb")))
			return true;
		device = BPF_CORE_READ(device, parent);
	}
	return false;
}

static __always_inline bool is_usb_disk(struct gendisk *disk)
{
	return disk && hangs_on_usb(BPF_CORE_READ(disk, part0, bd_device.parent));
}

/* The disk whose device node `file` is; NULL if it is something else. */
static __always_inline struct gendisk *disk_of(struct file *file)
{
	struct inode *inode = BPF_CORE_READ(file, f_mapping, host);
	struct bdev_inode *device;

	if ((BPF_CORE_READ(inode, i_mode) & S_IFMT) != S_IFBLK)
		return NULL;
	device = (void *)inode - bpf_core_field_offset(struct bdev_inode, vfs_inode);
	return BPF_CORE_READ(device, bdev.bd_disk);
}

/* Whether a disk is made of a USB drive by the device mapper. */
static __always_inline bool has_usb_part(struct gendisk *disk)
{
	struct list_head *head = (void *)disk + bpf_core_field_offset(struct gendisk, slave_bdevs);
	struct list_head *entry = BPF_CORE_READ(disk, slave_bdevs.next);

	for (int part = 0; part < MOST_PARTS && entry != head; part++) {
		void *holder = (void *)entry - bpf_core_field_offset(struct bd_holder_disk, list);
		struct device *device;

		if (bpf_core_field_exists(struct bd_holder_disk, holder_dir)) {
			struct kobject *folder = BPF_CORE_READ((struct bd_holder_disk *)holder, holder_dir, parent);

			device = (void *)folder - bpf_core_field_offset(struct device, kobj);
		} else {
			struct block_device *bdev = BPF_CORE_READ((struct bd_holder_disk___before *)holder, bdev);

			device = BPF_CORE_READ(bdev, bd_disk, part0, bd_device.parent);
		}
		if (hangs_on_usb(device))
			return true;
		entry = BPF_CORE_READ(entry, next);
	}
	return false;
}

/* Whether a disk is a loop device over a USB drive. */
static __always_inline bool is_loop_over_usb(struct gendisk *disk)
{
	struct loop_device *loop;

	if (!bpf_core_type_exists(struct loop_device) || BPF_CORE_READ(disk, major) != LOOP_MAJOR)
		return false;
	loop = BPF_CORE_READ(disk, private_data);
	return is_usb_disk(disk_of(BPF_CORE_READ(loop, lo_backing_file)));
}

/* Any new mount, whatever its device is called, and whether it is put anywhere or not. */
SEC("lsm/sb_kern_mount")
int BPF_PROG(textbook_sb_kern_mount, struct super_block *file_system)
{
	if (spared() || !is_usb_disk(BPF_CORE_READ(file_system, s_bdev, bd_disk)))
		return 0;
	return ACT("sb_kern_mount");
}

/* The same of a disk that is made of a drive. */
SEC("lsm/sb_kern_mount")
int BPF_PROG(related_sb_kern_mount, struct super_block *file_system)
{
	struct gendisk *disk = BPF_CORE_READ(file_system, s_bdev, bd_disk);

	if (spared() || !disk || !(is_loop_over_usb(disk) || has_usb_part(disk)))
		return 0;
	return ACT("sb_kern_mount");
}

/* A mount that was made before and is put on a folder now. */
SEC("lsm/move_mount")
int BPF_PROG(related_move_mount, struct path *from, struct path *to)
{
	if (spared() || !is_usb_disk(BPF_CORE_READ(from, mnt, mnt_sb, s_bdev, bd_disk)))
		return 0;
	return ACT("move_mount");
}

/* What is read from the drive itself can be mounted from a copy. */
SEC("lsm/file_permission")
int BPF_PROG(related_file_permission, struct file *file)
{
	if (spared() || !is_usb_disk(disk_of(file)))
		return 0;
	return ACT("file_permission");
}

SEC("lsm/mmap_file")
int BPF_PROG(related_mmap_file, struct file *file)
{
	if (spared() || !file || !is_usb_disk(disk_of(file)))
		return 0;
	return ACT("mmap_file");
}
