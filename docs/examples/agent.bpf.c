// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Reports programs that ran for at least min_us microseconds: a small agent with a variable that its loader
 * sets. Compile it:
 *   clang-19 -O2 -g -target bpf -c docs/examples/agent.bpf.c -o agent.bpf.o */
#define SEC(name) __attribute__((section(name), used))

enum { MAP_TYPE_HASH = 1, MAP_TYPE_RINGBUF = 27 };

static void *(*const map_lookup_elem)(void *map, const void *key) = (void *)1;
static long (*const map_update_elem)(void *map, const void *key, const void *value, unsigned long long flags) =
	(void *)2;
static unsigned long long (*const ktime_get_ns)(void) = (void *)5;
static unsigned long long (*const get_current_pid_tgid)(void) = (void *)14;
static long (*const ringbuf_output)(void *ring, void *data, unsigned long long size, unsigned long long flags) =
	(void *)130;

char LICENSE[] SEC("license") = "GPL";

/* libbpf reads a property of a map from a pointer to an array of that length. */
struct {
	int (*type)[MAP_TYPE_HASH];
	int (*max_entries)[10240];
	unsigned int *key;
	unsigned long long *value;
} started SEC(".maps");

struct {
	int (*type)[MAP_TYPE_RINGBUF];
	int (*max_entries)[256 * 1024];
} reports SEC(".maps");

const volatile unsigned long long min_us = 0;
unsigned long long forks;

SEC("raw_tp/sched_process_exec")
int on_exec(void *context)
{
	unsigned int pid = get_current_pid_tgid() >> 32;
	unsigned long long now = ktime_get_ns();

	map_update_elem(&started, &pid, &now, 0);
	return 0;
}

SEC("raw_tp/sched_process_exit")
int on_exit(void *context)
{
	unsigned int pid = get_current_pid_tgid() >> 32;
	unsigned long long *start = map_lookup_elem(&started, &pid);
	unsigned long long ran_us;

	if (!start)
		return 0;
	ran_us = (ktime_get_ns() - *start) / 1000;
	if (ran_us >= min_us)
		ringbuf_output(&reports, &ran_us, sizeof(ran_us), 0);
	return 0;
}

SEC("raw_tp/sched_process_fork")
int on_fork(void *context)
{
	__sync_fetch_and_add(&forks, 1);
	return 0;
}
