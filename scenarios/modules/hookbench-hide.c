// SPDX-License-Identifier: GPL-2.0-only
/* Takes itself off the lists of modules, and still answers in a file in /proc. It
 * does nothing else. It hides when it is loaded or when somebody writes to the file.
 */
#include <linux/kobject.h>
#include <linux/list.h>
#include <linux/module.h>
#include <linux/proc_fs.h>
#include <linux/uaccess.h>

static char *file = "hookbench_hide";
module_param(file, charp, 0);
MODULE_PARM_DESC(file, "Name of the file in /proc");

static bool at_once;
module_param(at_once, bool, 0);
MODULE_PARM_DESC(at_once, "Hide when the module is loaded");

static bool is_hidden;

static void hide(void)
{
	if (is_hidden)
		return;
	is_hidden = true;
	list_del_init(&THIS_MODULE->list);
	kobject_del(&THIS_MODULE->mkobj.kobj);
}

static ssize_t answer(struct file *proc, char __user *buffer, size_t size,
		      loff_t *place)
{
	static const char alive[] = "alive\n";

	return simple_read_from_buffer(buffer, size, place, alive,
				       sizeof(alive) - 1);
}

static ssize_t hide_on_write(struct file *proc, const char __user *buffer,
			     size_t size, loff_t *place)
{
	hide();
	return size;
}

static const struct proc_ops operations = {
	.proc_read = answer,
	.proc_write = hide_on_write,
};

static int __init begin(void)
{
	if (!proc_create(file, 0600, NULL, &operations))
		return -ENOMEM;
	if (at_once)
		hide();
	return 0;
}

static void __exit end(void)
{
	remove_proc_entry(file, NULL);
}

module_init(begin);
module_exit(end);
MODULE_LICENSE("GPL");
MODULE_DESCRIPTION("Hides itself, for hookbench's guests alone");
