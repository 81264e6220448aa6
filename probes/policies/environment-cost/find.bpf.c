// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// Finds LD_PRELOAD in the environment of an execve by the names of variables, and copies its value.
#include "environment.bpf.h"

/* "LD_PRELOAD=" as it lies in memory: eight bytes, then three. */
#define NAME_HEAD 0x4f4c4552505f444cULL
#define NAME_TAIL 0x3d4441U
#define NAME_SIZE 11

char value[256];

SEC("lsm/bprm_check_security")
int find_one(void *ctx)
{
	const char **variables = environment();

	for (int index = 0; index < MAX_VARIABLES; index++) {
		const char *from = variable(variables, index);
		struct {
			__u64 head;
			__u32 tail;
		} name = {};

		if (!from)
			break;
		if (bpf_probe_read_user(&name, NAME_SIZE, from))
			continue;
		if (name.head == NAME_HEAD && name.tail == NAME_TAIL) {
			bpf_probe_read_user_str(value, sizeof(value), from + NAME_SIZE);
			break;
		}
	}
	return 0;
}
