/* A custom way: as the user that it is, it tries to reach what its argument names, and writes a file when it has. */
#define _GNU_SOURCE
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

static int reach(void)
{
	int file = open("/run/scene/reached", O_CREAT | O_WRONLY | O_TRUNC, 0644);
	return file < 0 || write(file, "in\n", 3) != 3 ? 4 : 0;
}

/* A user namespace, by the way's child. */
static int by_clone(void)
{
	int status = 0;
	pid_t child = syscall(SYS_clone, CLONE_NEWUSER | SIGCHLD, 0, 0, 0, 0);
	if (child < 0)
		return 3;
	if (!child)
		_exit(reach());
	return waitpid(child, &status, 0) < 0 || status ? 5 : 0;
}

/* A user namespace, by a process that the way leaves running. */
static int by_other(void)
{
	pid_t child = fork();
	if (child)
		return child < 0;
	setsid();
	usleep(10000);
	if (!unshare(CLONE_NEWUSER))
		reach();
	for (;;)
		pause();
}

/* Code that came as data: in memory that may be executed from the beginning, or only later. */
static int run_code(int begin, int later)
{
	static const unsigned char code[] = { 0xb8, 42, 0, 0, 0, 0xc3 };
	void *place = mmap(0, 4096, begin, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (place == MAP_FAILED)
		return 3;
	memcpy(place, code, sizeof(code));
	if (begin != later && mprotect(place, 4096, later))
		return 3;
	return ((int (*)(void))place)() == 42 ? reach() : 5;
}

int main(int count, char **words)
{
	const char *what = count < 2 ? "" : words[1];
	if (!strcmp(what, "unshare"))
		return unshare(CLONE_NEWUSER) ? 3 : reach();
	if (!strcmp(what, "clone"))
		return by_clone();
	if (!strcmp(what, "other"))
		return by_other();
	if (!strcmp(what, "mmap"))
		return run_code(PROT_READ | PROT_WRITE | PROT_EXEC, PROT_READ | PROT_WRITE | PROT_EXEC);
	if (!strcmp(what, "mprotect"))
		return run_code(PROT_READ | PROT_WRITE, PROT_READ | PROT_EXEC);
	return 2;
}
