// SPDX-License-Identifier: GPL-2.0-only
/* Replaces functions by livepatch. What replaces one counts and then does what
 * the original does, by going on behind its entry: behind the call by which
 * livepatch came here, or it would come again. So it can replace any function,
 * without knowing what that does in this kernel, and what it costs is the way
 * to a replacement and no more.
 */
#include <linux/livepatch.h>
#include <asm/nospec-branch.h>

#include "functions.h"

#define LENGTH 5

unsigned long hookbench_resume[SLOTS];

EACH_STUB

static void (*const stubs[SLOTS])(void) = STUBS;

/* The last is empty, as that of `objects`. */
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
