/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The variables that the policy is about, and the record of one: the beginning
 * of its text, or nothing where it could not be read.
 */
#ifndef VARIABLE_BPF_H
#define VARIABLE_BPF_H

#include "policy.bpf.h"

/* How much of a variable is looked at: the name and most of a path. */
#define TEXT 64

/* Texts as they lie in memory. */
#define LD_PRELO 0x4f4c4552505f444cULL
#define AD_ 0x3d4441ULL
#define LD_ 0x5f444cULL
#define GLIBC_TU 0x55545f4342494c47ULL
#define NABLES_ 0x3d53454c42414eULL
#define THREE_BYTES 0xffffffULL
#define SEVEN_BYTES 0xffffffffffffffULL

static __always_inline bool is_ld_preload(const __u64 *text)
{
	return text[0] == LD_PRELO && (text[1] & THREE_BYTES) == AD_;
}

/* All variables of the loader, and the settings of the C library. */
static __always_inline bool is_relative(const __u64 *text)
{
	return (text[0] & THREE_BYTES) == LD_ || (text[0] == GLIBC_TU && (text[1] & SEVEN_BYTES) == NABLES_);
}

static __always_inline void record_variable(const char *what, __u32 size, const void *text, __u32 number, __u32 abi)
{
	struct record *record = begin_record(what, size);

	if (!record)
		return;
	record->object = OBJECT_PATH;
	record->number = number;
	record->abi = abi;
	if (text)
		bpf_probe_read_kernel_str(record->path, sizeof(record->path), text);
	bpf_ringbuf_submit(record, 0);
}

#endif
