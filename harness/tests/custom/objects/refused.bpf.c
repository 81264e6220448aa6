// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Objects that libbpf or the kernel refuses, one for each macro. */
#include "bpf.h"

#ifdef EXTERN
/* A function of another object, which was to be linked to this one. */
extern int elsewhere(int number);
#endif

#ifdef ARENA
/* A kind of map that the kernel 6.1 does not have. */
struct {
	NUMBER(type, 33);
	NUMBER(map_flags, 1 << 10);
	NUMBER(max_entries, 10);
} arena MAP;
#endif

__u64 counts[8];

SEC("raw_tp/sched_process_exec")
int refused(void *context)
{
#ifdef BOUNDS
	counts[bpf_get_prandom_u32()]++;
#elif defined(HELPER)
	counts[0] += bpf_get_socket_cookie(context);
#elif defined(EXTERN)
	return elsewhere(1);
#endif
	return COUNT;
}
