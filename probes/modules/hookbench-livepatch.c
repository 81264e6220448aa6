// SPDX-License-Identifier: GPL-2.0-only
/* Replaces functions by livepatch. A replacement counts and then continues in the
 * original, after the call at its entry that led livepatch here; before that call it
 * would end up here again. So the module can replace any function without knowing
 * what it does in this kernel, and costs no more than the way to a replacement.
 */
#include <linux/livepatch.h>
#include <asm/nospec-branch.h>

#include "functions.h"

#define LENGTH 5

unsigned long hookbench_resume[SLOTS];

EACH_STUB

static void (*const stubs[SLOTS])(void) = STUBS;

/* The last entry is empty, and so is the last of `objects`. */
static struct klp_func replaced[SLOTS + 1];
static struct klp_object objects[] = { { .funcs = replaced }, {} };
static struct klp_patch patch = { .mod = THIS_MODULE, .objs = objects };

static int __init start(void)
{
	unsigned int slot, next = 0;

	for (slot = 0; slot < function_count; slot++) {
		unsigned long site;

		if (!is_watched(slot))
			continue;
		site = address_of(functions[slot]);
		if (!site)
			return -ENOENT;
		site = patch_site(site);
		if (!site)
			return -EILSEQ;
		hookbench_resume[slot] = site + LENGTH;
		replaced[next].old_name = functions[slot];
		replaced[next].new_func = stubs[slot];
		next++;
	}
	return klp_enable_patch(&patch);
}

static void __exit end(void)
{
}

module_init(start);
module_exit(end);
MODULE_INFO(livepatch, "Y");
MODULE_DESCRIPTION("counts calls of functions by replacing them");
