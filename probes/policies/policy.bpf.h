/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * What all BPF policies share: what a policy does about an operation, and the
 * record that it writes. A policy names the hooks and says which operations
 * it is about.
 *
 * A program whose name begins with `textbook_` is on the hook that is made for
 * the behaviour. One whose name begins with `related_` is on another hook that
 * also sees it; a complete policy has both.
 */
#ifndef POLICY_BPF_H
#define POLICY_BPF_H

#include <linux/bpf.h>
#include <stdbool.h>

#include <bpf/bpf_core_read.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>

#define EPERM 1
#define SIGKILL 9

enum action {
	WATCH,
	DENY,
	KILL,
};

/* Set it before the load. */
const volatile struct {
	/* An `enum action`. */
	__u32 action;
	/* The ordinary user that the policy is about, where it spares root. */
	__u32 user;
	/* A process that it leaves alone: the one that watches. */
	__u32 spared;
	/* The file that it is about: the device as in the kernel's dev_t, and the inode. */
	__u64 device;
	__u64 inode;
} policy = {};

/* Whether the policy leaves the caller alone. */
static __always_inline bool spared(void)
{
	__u32 process = bpf_get_current_pid_tgid() >> 32;

	return process == policy.spared || process == 1;
}


/* How the caller reached the kernel. */
enum abi {
	NATIVE,
	COMPAT,
};

/* Which fields of a record are set. */
enum object {
	OBJECT_NONE,
	OBJECT_FILE,
	OBJECT_PATH,
};

struct record {
	/* Nanoseconds of CLOCK_MONOTONIC. */
	__u64 time;
	__u32 pid;
	__u32 object;
	__u64 device;
	__u64 inode;
	/* Of a system call. */
	__u32 number;
	__u32 abi;
	/* The hook. */
	char what[32];
	char path[64];
};

struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 1024 * 1024);
} records SEC(".maps");

/* Records that did not fit. */
__u64 lost = 0;

char LICENSE[] SEC("license") = "Dual BSD/GPL";

static __always_inline struct record *begin_record(const char *what, __u32 size)
{
	struct record *record = bpf_ringbuf_reserve(&records, sizeof(*record), 0);

	if (!record) {
		__sync_fetch_and_add(&lost, 1);
		return NULL;
	}
	__builtin_memset(record, 0, sizeof(*record));
	record->time = bpf_ktime_get_ns();
	record->pid = bpf_get_current_pid_tgid() >> 32;
	bpf_probe_read_kernel(record->what, size < sizeof(record->what) ? size : sizeof(record->what), what);
	return record;
}

/* What the hook returns, after the record has been written. */
static __always_inline int act(void)
{
	if (policy.action == KILL)
		bpf_send_signal(SIGKILL);
	return policy.action == DENY ? -EPERM : 0;
}

/* Records an operation without an object, and does what the policy does. */
#define ACT(what)                                                      \
	({                                                             \
		struct record *record = begin_record(what, sizeof(what)); \
		if (record)                                            \
			bpf_ringbuf_submit(record, 0);                 \
		act();                                                 \
	})

/* Likewise, of a file. */
#define ACT_ON_FILE(what, its_device, its_inode)                       \
	({                                                             \
		struct record *record = begin_record(what, sizeof(what)); \
		if (record) {                                          \
			record->object = OBJECT_FILE;                  \
			record->device = its_device;                   \
			record->inode = its_inode;                     \
			bpf_ringbuf_submit(record, 0);                 \
		}                                                      \
		act();                                                 \
	})

#endif
