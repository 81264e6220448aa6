// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Programs with and without a place in this kernel and this guest. */
#include "bpf.h"

/* The tracepoint's group is missing. */
SEC("tracepoint/sys_enter_execve")
int on_execve(void *context)
{
	return COUNT;
}

/* The place is missing. */
SEC("raw_tp")
int on_something(void *context)
{
	return COUNT;
}

SEC("fentry")
int on_function(void *context)
{
	return COUNT;
}

SEC("fentry/blk_account_io_done")
int on_untraceable(void *context)
{
	return COUNT;
}

SEC("kprobe/no_function_is_called_so")
int on_nothing(void *context)
{
	return COUNT;
}

SEC("xdp")
int on_packet(void *context)
{
	return XDP_PASS;
}

SEC("uprobe")
int on_user(void *context)
{
	return COUNT;
}

SEC("iter/task")
int on_read(void *context)
{
	return 0;
}
