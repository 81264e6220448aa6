/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* What the objects of these tests need of libbpf's headers. */
#include <linux/bpf.h>

#define SEC(name) __attribute__((section(name), used))

/* libbpf reads a property of a map from a pointer: to an array of that length, or to a type. */
#define NUMBER(name, value) int (*name)[value]
#define TYPE(name, type) __typeof__(type) *name
#define MAP SEC(".maps")

static void *(*const bpf_map_lookup_elem)(void *map, const void *key) = (void *)BPF_FUNC_map_lookup_elem;
static long (*const bpf_ringbuf_output)(void *ring, void *data, __u64 size, __u64 flags) =
	(void *)BPF_FUNC_ringbuf_output;
static long (*const bpf_tail_call)(void *context, void *programs, __u32 index) = (void *)BPF_FUNC_tail_call;
static __u64 (*const bpf_get_current_cgroup_id)(void) = (void *)BPF_FUNC_get_current_cgroup_id;
static __u32 (*const bpf_get_prandom_u32)(void) = (void *)BPF_FUNC_get_prandom_u32;
static __u64 (*const bpf_get_socket_cookie)(void *context) = (void *)BPF_FUNC_get_socket_cookie;

char LICENSE[] SEC("license") = "GPL";

__u64 hits;

#define COUNT (__sync_fetch_and_add(&hits, 1), 0)
