// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Programs at one event by different kinds of place, of which a loader takes one kind. */
#include "bpf.h"

SEC("raw_tp/sched_process_exec")
int exec_raw(void *context)
{
	return COUNT;
}

SEC("tp_btf/sched_process_exec")
int exec_btf(void *context)
{
	return COUNT;
}

/* Both sides of a function, which belong together. */
SEC("kprobe/security_bprm_check")
int check_probe(void *context)
{
	return COUNT;
}

SEC("kretprobe/security_bprm_check")
int check_return(void *context)
{
	return COUNT;
}

SEC("fentry/security_bprm_check")
int check_entry(void *context)
{
	return COUNT;
}

SEC("fexit/security_bprm_check")
int check_exit(void *context)
{
	return COUNT;
}

/* The kernel 6.1 has this function, and nothing can be attached to it with types. */
SEC("fentry/blk_account_io_done")
int done_entry(void *context)
{
	return COUNT;
}

SEC("tp/sched/sched_process_exec")
int exec_classic(void *context)
{
	return COUNT;
}

SEC("?lsm/bprm_check_security")
int optional(void *context)
{
	return 0;
}
