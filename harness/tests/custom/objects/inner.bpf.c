// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* A map of maps whose loader gives the inner maps. With LARGE a value is larger than what
 * hookbench gives first; with BUFFER the maps are ring buffers. */
#include "bpf.h"

struct {
	NUMBER(type, BPF_MAP_TYPE_HASH_OF_MAPS);
	NUMBER(max_entries, 16);
	TYPE(key, __u64);
	TYPE(value, __u32);
} sets MAP;

SEC("lsm/bprm_check_security")
int check(void *context)
{
	__u64 key = bpf_get_current_cgroup_id();
	void *set = bpf_map_lookup_elem(&sets, &key);

#ifdef LARGE
	__u64 *value = set ? bpf_map_lookup_elem(set, &key) : 0;

	return value && value[200] ? -1 : 0;
#elif defined(BUFFER)
	return set && bpf_ringbuf_output(set, &key, sizeof(key), 0) ? 0 : 0;
#elif defined(WRONG)
	return *(int *)key;
#else
	return set ? -1 : 0;
#endif
}
