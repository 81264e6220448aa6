// SPDX-License-Identifier: GPL-2.0-only
/* Replaces a function by livepatch. The replacement counts and then continues in the
 * original, after the call at its entry that led livepatch here; before that call it
 * would end up here again. So the module can replace any function without knowing
 * what it does in this kernel, and costs no more than the way to a replacement.
 */
#include <linux/livepatch.h>

#include "stub.h"

#define LENGTH 5

/* The last entry is empty, and so is the last of `objects`. */
static struct klp_func replaced[] = { { .new_func = hookbench_stub }, {} };
static struct klp_object objects[] = { { .funcs = replaced }, {} };
static struct klp_patch patch = { .mod = THIS_MODULE, .objs = objects };

static int __init start(void)
{
	unsigned long site = address_of(function);

	if (!site)
		return -ENOENT;
	site = patch_site(site);
	if (!site)
		return -EILSEQ;
	hookbench_resume = site + LENGTH;
	replaced[0].old_name = function;
	return klp_enable_patch(&patch);
}

static void __exit end(void)
{
}

module_init(start);
module_exit(end);
MODULE_INFO(livepatch, "Y");
MODULE_DESCRIPTION("counts calls of a function by replacing it");
