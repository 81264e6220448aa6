// SPDX-License-Identifier: GPL-2.0-only
/* Counts calls of a function by a jump at its entry to a stub that counts and
 * jumps back. The jump replaces the five bytes that compilers leave for ftrace, so
 * no instruction has to move. The module refuses a function that has no such bytes,
 * or into which ftrace has put a call.
 */
#include <linux/memory.h>
#include <linux/rcupdate.h>

#include "stub.h"

#define JUMP 0xe9
#define CALL 0xe8
#define LENGTH 5

static unsigned long site;
static u8 before[LENGTH];

/* Not exported; smp_text_poke_single is its name since 6.16. */
static void (*poke)(void *address, const void *code, size_t length,
		    const void *emulate);
static struct mutex *lock;

static void put(const void *code)
{
	mutex_lock(lock);
	poke((void *)site, code, LENGTH, NULL);
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

static int find_site(void)
{
	unsigned long address = address_of(function);

	if (!address)
		return -ENOENT;
	site = patch_site(address);
	if (!site)
		return -EILSEQ;
	memcpy(before, (void *)site, LENGTH);
	if (before[0] == CALL)
		return -EBUSY;
	hookbench_resume = site + LENGTH;
	return 0;
}

static int __init start(void)
{
	u8 code[LENGTH] = { JUMP };
	s32 distance;
	int error = find();

	if (!error)
		error = find_site();
	if (error)
		return error;
	distance = (unsigned long)hookbench_stub - hookbench_resume;
	memcpy(code + 1, &distance, sizeof(distance));
	put(code);
	return 0;
}

static void __exit end(void)
{
	put(before);
	/* Waits until no task is in the stub. */
	synchronize_rcu_tasks();
}

module_init(start);
module_exit(end);
MODULE_DESCRIPTION("counts calls of a function by a jump at its entry");
