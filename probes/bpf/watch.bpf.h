/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * What the programs of all mechanisms share: the record, the maps and the
 * sinks. A program names where it runs and which sink it feeds. Nothing else
 * differs between mechanisms, which makes their costs comparable. An object
 * watches one behaviour, whichever the loader names: what it costs does not
 * depend on how many behaviours there are.
 */
#ifndef WATCH_BPF_H
#define WATCH_BPF_H

#include <linux/bpf.h>
#include <stdbool.h>

#include <bpf/bpf_core_read.h>
#include <bpf/bpf_helpers.h>

#include "arch.bpf.h"
#include "numbers.h"

/* The loaders in src/attach/bpf set it before the load; layout.rs there knows the layout.
 * The verifier then knows the values and drops the branches not taken. */
const volatile struct {
	/* The behaviour, as records carry it. */
	__u32 behaviour;
	/* The bit of a system call's first argument without which the call is about something
	 * else; 0 if there is none. */
	__u32 flag;
	/* For mechanisms that see system calls: whether a call is watched. */
	__u8 watched[SYSCALLS];
} config = {};

struct stats {
	__u64 seen;
	__u64 lost;
	__u64 refused;
	/* The ticks of a monitor that samples. */
	__u64 ticks;
};

struct stats stats;

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

static __always_inline void fill(entry *entry)
{
	struct record *record = (struct record *)entry;

	record->time = bpf_ktime_get_ns();
	record->pid = bpf_get_current_pid_tgid() >> 32;
	record->behaviour = config.behaviour;
	bpf_get_current_comm(record->comm, sizeof(record->comm));
#ifdef WITH_LD_PRELOAD
	ld_preload(entry->ld_preload);
#endif
}

static __always_inline void to_count(void)
{
	__sync_fetch_and_add(&stats.seen, 1);
}

static __always_inline void to_ringbuf(void)
{
	entry *place = bpf_ringbuf_reserve(&ring, sizeof(*place), 0);

	if (place) {
		fill(place);
		bpf_ringbuf_submit(place, 0);
	} else {
		__sync_fetch_and_add(&stats.lost, 1);
	}
}

static __always_inline void to_perfbuf(void *ctx)
{
	entry value = {};

	fill(&value);
	if (bpf_perf_event_output(ctx, &perf, BPF_F_CURRENT_CPU, &value, sizeof(value)))
		__sync_fetch_and_add(&stats.lost, 1);
}

char LICENSE[] SEC("license") = "Dual BSD/GPL";

/* The program of a sink; `section` is the mechanism's. */
#define COUNT(section)             \
	SEC(section) int count(void *ctx) \
	{                          \
		to_count();        \
		return 0;          \
	}

#define RINGBUF(section)             \
	SEC(section) int ringbuf(void *ctx) \
	{                            \
		to_ringbuf();        \
		return 0;            \
	}

#define PERFBUF(section)             \
	SEC(section) int perfbuf(void *ctx) \
	{                            \
		to_perfbuf(ctx);     \
		return 0;            \
	}

#endif
