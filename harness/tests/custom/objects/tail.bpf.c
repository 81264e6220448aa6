// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Programs that tail calls reach, and one that calls itself. */
#include "bpf.h"

int second(void *context);
int third(void *context);
int again(void *context);

struct {
	NUMBER(type, BPF_MAP_TYPE_PROG_ARRAY);
	NUMBER(max_entries, 2);
	NUMBER(key_size, 4);
	int (*values[])(void *);
} calls MAP = { .values = { [0] = second, [1] = third } };

struct {
	NUMBER(type, BPF_MAP_TYPE_PROG_ARRAY);
	NUMBER(max_entries, 1);
	NUMBER(key_size, 4);
	int (*values[])(void *);
} itself MAP = { .values = { [0] = again } };

SEC("raw_tp/sys_enter")
int first(void *context)
{
	bpf_tail_call(context, &calls, 0);
	return 0;
}

SEC("raw_tp/sys_enter")
int second(void *context)
{
	bpf_tail_call(context, &calls, 1);
	return 0;
}

SEC("raw_tp/sys_enter")
int third(void *context)
{
	return COUNT;
}

SEC("raw_tp/sys_exit")
int again(void *context)
{
	bpf_tail_call(context, &itself, 0);
	return COUNT;
}
