// SPDX-License-Identifier: GPL-2.0-only
/* Replaces a function by livepatch. The replacement refuses what the parameters say,
 * and otherwise continues in the original, after the call at its entry that led
 * livepatch here; before that call it would end up here again.
 */
#define COUNTS_OTHERWISE

#include <linux/binfmts.h>
#include <linux/cred.h>
#include <linux/fs.h>
#include <linux/livepatch.h>
#include <linux/sched.h>

#include "hookbench.h"

#define LENGTH 5

static char *function;
module_param(function, charp, 0444);
MODULE_PARM_DESC(function, "The function");

static char *about;
module_param(about, charp, 0444);
MODULE_PARM_DESC(about, "What decides: user, file (the first argument is one) or program (it is a linux_binprm)");

static unsigned int user;
module_param(user, uint, 0444);
MODULE_PARM_DESC(user, "The user that is refused");

static unsigned int device;
module_param(device, uint, 0444);
static unsigned long inode;
module_param(inode, ulong, 0444);
MODULE_PARM_DESC(inode, "The inode that is refused, on the device");

static int spared;
module_param(spared, int, 0444);
MODULE_PARM_DESC(spared, "A process that is left alone");

/* Where the original continues. */
static unsigned long resume;

static enum { USER, FILE, PROGRAM } kind;

static bool is_target(const struct file *file)
{
	return file && file_inode(file)->i_ino == inode && file_inode(file)->i_sb->s_dev == device;
}

static bool is_refused(unsigned long first)
{
	if (task_tgid_nr(current) == spared)
		return false;
	switch (kind) {
	case USER:
		return __kuid_val(current_uid()) == user;
	case FILE:
		return is_target((struct file *)first);
	case PROGRAM:
		return is_target(((struct linux_binprm *)first)->file);
	}
	return false;
}

/* All registers that can have arguments go on to the original. */
static long refuse(unsigned long a, unsigned long b, unsigned long c, unsigned long d, unsigned long e,
		   unsigned long f)
{
	long (*original)(unsigned long, unsigned long, unsigned long, unsigned long, unsigned long, unsigned long);

	if (is_refused(a))
		return -EPERM;
	original = (void *)resume;
	return original(a, b, c, d, e, f);
}

/* The last entries are empty. */
static struct klp_func replaced[] = { { .new_func = refuse }, {} };
static struct klp_object objects[] = { { .funcs = replaced }, {} };
static struct klp_patch patch = { .mod = THIS_MODULE, .objs = objects };

static int __init start(void)
{
	unsigned long site;

	if (!function || !about)
		return -EINVAL;
	if (!strcmp(about, "user"))
		kind = USER;
	else if (!strcmp(about, "file"))
		kind = FILE;
	else if (!strcmp(about, "program"))
		kind = PROGRAM;
	else
		return -EINVAL;
	site = address_of(function);
	site = site ? patch_site(site) : 0;
	if (!site)
		return -ENOENT;
	resume = site + LENGTH;
	replaced[0].old_name = function;
	return klp_enable_patch(&patch);
}

static void __exit end(void)
{
}

module_init(start);
module_exit(end);
MODULE_INFO(livepatch, "Y");
MODULE_DESCRIPTION("refuses calls of a function by replacing it");
