/* A command that watches, or does not. The first argument says how. */
#define _GNU_SOURCE
#include <fcntl.h>
#include <linux/perf_event.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

static void check(int failed, const char *what)
{
	if (failed) {
		perror(what);
		exit(1);
	}
}

static void put(const char *file, const char *text)
{
	int fd = open(file, O_WRONLY);
	check(fd < 0 || write(fd, text, strlen(text)) < 0, file);
	close(fd);
}

/* An event of the software PMU on CPU 0. */
static void count(unsigned long event)
{
	struct perf_event_attr attr = { .type = PERF_TYPE_SOFTWARE, .size = sizeof attr, .config = event };
	check(syscall(SYS_perf_event_open, &attr, -1, 0, -1, 0) < 0, "perf_event_open");
}

/* Traces process 1, and what that starts if the options say so. */
static void trace(long options)
{
	int status;
	pid_t pid;
	check(ptrace(PTRACE_SEIZE, 1, 0, options) < 0, "ptrace");
	while ((pid = waitpid(-1, &status, __WALL)) > 0) {
		if (!WIFSTOPPED(status))
			continue;
		int event = status >> 16, signal = WSTOPSIG(status);
		int stops = signal == SIGSTOP || signal == SIGTSTP || signal == SIGTTIN || signal == SIGTTOU;
		if (event == PTRACE_EVENT_STOP)
			ptrace(stops ? PTRACE_LISTEN : PTRACE_CONT, pid, 0, 0);
		else
			ptrace(PTRACE_CONT, pid, 0, event ? 0 : signal);
	}
}

static void report(const char *file)
{
	char events[4096];
	int fd = inotify_init1(IN_CLOEXEC);
	check(inotify_add_watch(fd, file, IN_OPEN) < 0, file);
	while (read(fd, events, sizeof events) > 0)
		printf("opened\n");
}

int main(int argc, char **argv)
{
	const char *how = argc > 1 ? argv[1] : "";
	const char *execs = "/sys/kernel/tracing/events/sched/sched_process_exec/enable";
	const char *hangs = "/sys/kernel/tracing/events/sched/sched_process_hang/enable";
	long follow = PTRACE_O_TRACEFORK | PTRACE_O_TRACEVFORK | PTRACE_O_TRACECLONE;

	printf("\033[1mREADY\033[0m\n");
	if (!strcmp(how, "event"))
		put(execs, "1");
	if (!strcmp(how, "other-event"))
		put(hangs, "1");
	if (!strcmp(how, "counter"))
		count(PERF_COUNT_SW_CONTEXT_SWITCHES);
	if (!strcmp(how, "other-counter"))
		count(PERF_COUNT_SW_EMULATION_FAULTS);
	if (!strcmp(how, "trace-late"))
		sleep(5);
	if (!strcmp(how, "trace") || !strcmp(how, "trace-late"))
		trace(follow);
	if (!strcmp(how, "trace-agent"))
		trace(0);
	if (!strcmp(how, "report"))
		report("/noop");
	if (!strcmp(how, "report-other"))
		report("/own");
	while (!strcmp(how, "tick")) {
		printf("tick\n");
		usleep(100000);
	}
	if (!strcmp(how, "daemon") && fork())
		return 0;
	if (!strcmp(how, "daemon"))
		setsid();
	if (!strcmp(how, "hold") || !strcmp(how, "daemon"))
		signal(SIGINT, SIG_IGN);
	for (;;)
		pause();
}
