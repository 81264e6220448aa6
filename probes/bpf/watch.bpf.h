/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * What the programs of all mechanisms share: the record, the maps and the
 * sinks. A program names where it runs and which sink it feeds. Nothing else
 * differs between mechanisms, which makes their costs comparable.
 */
#ifndef WATCH_BPF_H
#define WATCH_BPF_H

#include <linux/bpf.h>
#include <stdbool.h>

#include <bpf/bpf_core_read.h>
#include <bpf/bpf_helpers.h>

#include "arch.bpf.h"
#include "slots.h"

/* The loaders in src/attach/bpf set it before the load; layout.rs there knows the layout.
 * The verifier then knows the values and drops the branches not taken. */
const volatile struct {
	/* For mechanisms that see system calls: 0 for a call that no behaviour has,
	 * else the behaviour's index plus one. */
	__u8 behaviour_of[SYSCALLS];
} config = {};

struct stats {
	__u64 seen;
	__u64 lost;
	__u64 refused;
};

struct stats stats[SLOTS];

/* The record is the same in every ring and perf buffer. */
struct record {
	__u64 time;
	__u32 pid;
	__u32 behaviour;
	char comm[16];
};

#define VALUE_SIZE 64

struct record_with_value {
	struct record record;
	char ld_preload[VALUE_SIZE];
};

struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 256 * 1024);
} ring SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_PERF_EVENT_ARRAY);
	__uint(key_size, sizeof(__u32));
	__uint(value_size, sizeof(__u32));
} perf SEC(".maps");

#include "environment.bpf.h"

/* What goes into the buffers. */
#ifdef WITH_LD_PRELOAD
typedef struct record_with_value entry;
#else
typedef struct record entry;
#endif

static __always_inline void fill(entry *entry, __u32 index)
{
	struct record *record = (struct record *)entry;

	record->time = bpf_ktime_get_ns();
	record->pid = bpf_get_current_pid_tgid() >> 32;
	record->behaviour = index;
	bpf_get_current_comm(record->comm, sizeof(record->comm));
#ifdef WITH_LD_PRELOAD
	ld_preload(entry->ld_preload);
#endif
}

static __always_inline void to_count(__u32 index)
{
	__sync_fetch_and_add(&stats[index].seen, 1);
}

static __always_inline void to_ringbuf(__u32 index)
{
	entry *place = bpf_ringbuf_reserve(&ring, sizeof(*place), 0);

	if (place) {
		fill(place, index);
		bpf_ringbuf_submit(place, 0);
	} else {
		__sync_fetch_and_add(&stats[index].lost, 1);
	}
}

static __always_inline void to_perfbuf(void *ctx, __u32 index)
{
	entry value = {};

	fill(&value, index);
	if (bpf_perf_event_output(ctx, &perf, BPF_F_CURRENT_CPU, &value, sizeof(value)))
		__sync_fetch_and_add(&stats[index].lost, 1);
}

char LICENSE[] SEC("license") = "Dual BSD/GPL";

/* Programs for EACH_BEHAVIOUR: `section` is the mechanism's. */
#define COUNT(section, behaviour)                 \
	SEC(section) int count_##behaviour(void *ctx) \
	{                                             \
		to_count(behaviour);                      \
		return 0;                                 \
	}

#define RINGBUF(section, behaviour)                 \
	SEC(section) int ringbuf_##behaviour(void *ctx) \
	{                                               \
		to_ringbuf(behaviour);                      \
		return 0;                                   \
	}

#define PERFBUF(section, behaviour)                 \
	SEC(section) int perfbuf_##behaviour(void *ctx) \
	{                                               \
		to_perfbuf(ctx, behaviour);                 \
		return 0;                                   \
	}

#endif
