/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* BPF LSM: programs at the LSM hook of a behaviour; the loader names the hook. */
#include "watch.bpf.h"
#include "deny.bpf.h"

SEC("lsm")
int count(void *ctx)
{
	to_count(0);
	return 0;
}

SEC("lsm")
int ringbuf(void *ctx)
{
	to_ringbuf(0, config.behaviour);
	return 0;
}

SEC("lsm")
int perfbuf(void *ctx)
{
	to_perfbuf(ctx, 0, config.behaviour);
	return 0;
}

SEC("lsm")
int deny(void *ctx)
{
	return to_deny();
}
