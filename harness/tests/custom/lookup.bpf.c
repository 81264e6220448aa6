// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* A program that counts calls of mprotect in a map. With MORE it does one more lookup. */
#include <linux/bpf.h>

#define SEC(name) __attribute__((section(name), used))

static void *(*const bpf_map_lookup_elem)(void *map, const void *key) = (void *)BPF_FUNC_map_lookup_elem;

char LICENSE[] SEC("license") = "Dual BSD/GPL";

struct {
	int (*type)[BPF_MAP_TYPE_HASH];
	int (*max_entries)[16];
	int *key;
	unsigned long long *value;
} counts SEC(".maps");

SEC("kprobe/security_file_mprotect")
int on_mprotect(void *context)
{
	int key = 1;
	unsigned long long *count = bpf_map_lookup_elem(&counts, &key);

	if (count)
		*count += 1;
#ifdef MORE
	key = 2;
	count = bpf_map_lookup_elem(&counts, &key);
	if (count)
		*count += 1;
#endif
	return 0;
}
