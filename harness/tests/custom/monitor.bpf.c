// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* An object like one that a user might supply, for tests: three programs that see each
 * execve and send a record. Each macro makes a variant with one defect. */
#include <linux/bpf.h>

#define SEC(name) __attribute__((section(name), used))

static long (*const bpf_ringbuf_output)(void *ring, void *data, __u64 size, __u64 flags) =
	(void *)BPF_FUNC_ringbuf_output;

char LICENSE[] SEC("license") = "Dual BSD/GPL";

/* libbpf reads a property of a map from a pointer to an array of that length. */
struct {
	int (*type)[BPF_MAP_TYPE_RINGBUF];
	int (*max_entries)[1 << 16];
} ring SEC(".maps");

/* Variables that a user of libbpf would set before loading. */
volatile const int loud = 1;
volatile const unsigned long long mark = 7;

/* libbpf relocates this to the kernel's structure when it loads the object. */
struct linux_binprm {
	int argc;
} __attribute__((preserve_access_index));

static int send(int number)
{
	if (loud)
		bpf_ringbuf_output(&ring, &number, sizeof(number), 0);
	return 0;
}

#ifndef NEVER
SEC("lsm/bprm_check_security")
int on_hook(unsigned long long *arguments)
{
	struct linux_binprm *bprm = (void *)arguments[0];

	send(bprm->argc);
#ifdef DENY
	return -1;
#else
	return 0;
#endif
}

SEC("kprobe/security_bprm_check")
int on_function(void *context)
{
	return send(2);
}

SEC("tracepoint/sched/sched_process_exec")
int on_tracepoint(void *context)
{
	return send(3);
}
#else
SEC("tracepoint/syscalls/sys_enter_swapon")
int on_swap(void *context)
{
	return send(4);
}
#endif

#ifdef NO_PLACE
SEC("kprobe/no_function_is_called_so")
int on_nothing(void *context)
{
	return send(5);
}
#endif

#ifdef REFUSED
SEC("kprobe/security_file_open")
int on_address(unsigned long long *context)
{
	return *(int *)context[0];
}
#endif

#ifdef UNKNOWN
SEC("nonsense/somewhere")
int on_nonsense(void *context)
{
	return 0;
}
#endif

#ifdef NETWORK
SEC("xdp")
int on_packet(void *context)
{
	return XDP_PASS;
}
#endif
