// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Programs at security hooks, of which the kernel closes two to BPF. */
#include "bpf.h"

SEC("lsm/bprm_check_security")
int on_exec(void *context)
{
	return COUNT;
}

SEC("lsm/getprocattr")
int on_attribute(void *context)
{
	return COUNT;
}

SEC("lsm/vm_enough_memory")
int on_memory(void *context)
{
	return COUNT;
}
