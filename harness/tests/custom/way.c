/* A custom way: as the user that it is, it tries to make a user namespace by the call that its argument names, and
 * writes a file when it is in one. */
#define _GNU_SOURCE
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

static int reach(void)
{
	int file = open("/run/scene/reached", O_CREAT | O_WRONLY | O_TRUNC, 0644);
	return file < 0 || write(file, "in\n", 3) != 3 ? 4 : 0;
}

int main(int count, char **words)
{
	int status = 0;
	if (count < 2)
		return 2;
	if (!strcmp(words[1], "unshare"))
		return unshare(CLONE_NEWUSER) ? 3 : reach();
	if (!strcmp(words[1], "clone")) {
		pid_t child = syscall(SYS_clone, CLONE_NEWUSER | SIGCHLD, 0, 0, 0, 0);
		if (child < 0)
			return 3;
		if (!child)
			_exit(reach());
		return waitpid(child, &status, 0) < 0 || status ? 5 : 0;
	}
	return 2;
}
