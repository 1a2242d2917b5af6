/* What the kernel alone asks for one isolated process: clone3 into new pid, mount, ipc
 * and uts namespaces, make / private, exec, exit, wait. The floor of the start rows.
 * usage: floor CYCLES PROGRAM      prints one figure a cycle, in microseconds */
#define _GNU_SOURCE
#include <linux/sched.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mount.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static double microseconds(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * 1e6 + now.tv_nsec / 1e3;
}

int main(int argc, char **argv)
{
	struct clone_args args = {
		.flags = CLONE_NEWPID | CLONE_NEWNS | CLONE_NEWIPC | CLONE_NEWUTS,
		.exit_signal = SIGCHLD,
	};
	int cycles;

	if (argc != 3) {
		fprintf(stderr, "usage: floor CYCLES PROGRAM\n");
		return 2;
	}
	cycles = atoi(argv[1]);
	for (int i = 0; i < cycles; i++) {
		double begin = microseconds();
		int status;
		long pid = syscall(SYS_clone3, &args, sizeof(args));

		if (pid < 0) {
			perror("floor: clone3");
			return 1;
		}
		if (pid == 0) {
			if (mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL))
				_exit(126);
			execl(argv[2], argv[2], NULL);
			_exit(127);
		}
		if (waitpid(pid, &status, 0) < 0 || status != 0) {
			fprintf(stderr, "floor: the child ended with status %d\n", status);
			return 1;
		}
		printf("%.1f\n", microseconds() - begin);
	}
	return 0;
}
