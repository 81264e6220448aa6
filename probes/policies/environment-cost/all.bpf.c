// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// Copies all environment variables of an execve, up to a page of each.
#include "environment.bpf.h"

#define PAGE 4096

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, MAX_VARIABLES);
	__type(key, __u32);
	__type(value, char[PAGE]);
} copies SEC(".maps");

SEC("lsm/bprm_check_security")
int copy_all(void *ctx)
{
	const char **variables = environment();

	for (int index = 0; index < MAX_VARIABLES; index++) {
		const char *from = variable(variables, index);
		__u32 key = index;
		char *copy = bpf_map_lookup_elem(&copies, &key);

		if (!from || !copy)
			break;
		bpf_probe_read_user_str(copy, PAGE, from);
	}
	return 0;
}
