// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// Reads nothing of an execve: what the hook alone costs.
#include "environment.bpf.h"

SEC("lsm/bprm_check_security")
int read_nothing(void *ctx)
{
	return 0;
}
