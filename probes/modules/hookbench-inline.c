// SPDX-License-Identifier: GPL-2.0-only
/* Counts calls of functions by a jump at their entry to a stub that counts and
 * jumps back. The jump replaces the five bytes that compilers leave for ftrace, so
 * no instruction has to move. The module refuses a function that has no such bytes,
 * or into which ftrace has put a call.
 */
#include <linux/memory.h>
#include <linux/rcupdate.h>
#include <asm/nospec-branch.h>

#include "functions.h"

#define JUMP 0xe9
#define CALL 0xe8
#define LENGTH 5

unsigned long hookbench_resume[SLOTS];

EACH_STUB

static void (*const stubs[SLOTS])(void) = STUBS;
static unsigned long site[SLOTS];
static u8 before[SLOTS][LENGTH];

/* Not exported; smp_text_poke_single is its name since 6.16. */
static void (*poke)(void *address, const void *code, size_t length,
		    const void *emulate);
static struct mutex *lock;

static void put(unsigned int slot, const void *code)
{
	mutex_lock(lock);
	poke((void *)site[slot], code, LENGTH, NULL);
	mutex_unlock(lock);
}

static int find(void)
{
	poke = (void *)address_of("text_poke_bp");
	if (!poke)
		poke = (void *)address_of("smp_text_poke_single");
	lock = (void *)address_of("text_mutex");
	return poke && lock ? 0 : -ENOSYS;
}

static int find_site(unsigned int slot)
{
	unsigned long function = address_of(functions[slot]);

	if (!function)
		return -ENOENT;
	site[slot] = patch_site(function);
	if (!site[slot])
		return -EILSEQ;
	memcpy(before[slot], (void *)site[slot], LENGTH);
	if (before[slot][0] == CALL)
		return -EBUSY;
	hookbench_resume[slot] = site[slot] + LENGTH;
	return 0;
}

static int __init start(void)
{
	unsigned int slot;
	int error = find();

	for (slot = 0; !error && slot < function_count; slot++)
		if (is_watched(slot))
			error = find_site(slot);
	if (error)
		return error;
	for (slot = 0; slot < function_count; slot++) {
		u8 code[LENGTH] = { JUMP };
		s32 distance;

		if (!is_watched(slot))
			continue;
		distance = (unsigned long)stubs[slot] - hookbench_resume[slot];
		memcpy(code + 1, &distance, sizeof(distance));
		put(slot, code);
	}
	return 0;
}

static void __exit end(void)
{
	unsigned int slot;

	for (slot = 0; slot < function_count; slot++)
		if (is_watched(slot))
			put(slot, before[slot]);
	/* Waits until no task is in a stub. */
	synchronize_rcu_tasks();
}

module_init(start);
module_exit(end);
MODULE_DESCRIPTION("counts calls of functions by a jump at their entry");
