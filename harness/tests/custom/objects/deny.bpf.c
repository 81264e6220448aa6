// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* A hook that refuses with an error number that its loader sets. */
#include "bpf.h"

volatile const int with = -1;

SEC("lsm/bprm_check_security")
int check(void *context)
{
	/* The verifier of newer kernels has to know the range. */
	if (with < -4095 || with > -1)
		return -1;
	return with;
}
