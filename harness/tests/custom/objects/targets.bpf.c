// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Programs whose loader says where they are attached. */
#include "bpf.h"

char name[16] = "nobody";
_Bool loud;
__u32 least[4];

SEC("fentry")
int traced(void *context)
{
	return COUNT;
}

SEC("kprobe")
int probed(void *context)
{
	return COUNT;
}

SEC("raw_tp")
int pointed(void *context)
{
	return COUNT;
}

SEC("tp")
int classic(void *context)
{
	return COUNT;
}

SEC("somewhere")
int unknown(void *context)
{
	return COUNT;
}
