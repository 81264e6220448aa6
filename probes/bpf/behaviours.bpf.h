/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The table of behaviours, for the programs that belong to one hook or function
 * each: one object has a program for every behaviour. A test compares this with
 * the table.
 */
#ifndef BEHAVIOURS_BPF_H
#define BEHAVIOURS_BPF_H

enum behaviour { exec, userns, mprotect };

#define EACH_BEHAVIOUR(PROGRAM) PROGRAM(exec) PROGRAM(userns) PROGRAM(mprotect)

/* `name` in the section of a mechanism, a program for each behaviour. */
#define COUNT(section, behaviour)                 \
	SEC(section) int count_##behaviour(void *ctx) \
	{                                             \
		to_count(behaviour);                      \
		return 0;                                 \
	}

#define RINGBUF(section, behaviour)                 \
	SEC(section) int ringbuf_##behaviour(void *ctx) \
	{                                               \
		to_ringbuf(behaviour);                      \
		return 0;                                   \
	}

#define PERFBUF(section, behaviour)                 \
	SEC(section) int perfbuf_##behaviour(void *ctx) \
	{                                               \
		to_perfbuf(ctx, behaviour);                 \
		return 0;                                   \
	}

#endif
