/* Operations on namespaces; ops.py says what each does.
 *
 * Runs in: child, in the order of the request. man 2 setns, unshare, man 7 user_namespaces.
 */
#define _GNU_SOURCE
#include "executor.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <sys/wait.h>
#include <unistd.h>

static void join_namespaces(const struct value *fields)
{
    int flags = small(&fields[1]);
    if (setns(passed(&fields[0]), flags))
        fail_at(errno, "namespaces %#x", (unsigned)flags);
}

static void unshare_namespaces(const struct value *fields)
{
    int flags = small(&fields[0]);
    if (unshare(flags))
        fail_at(errno, "%#x", (unsigned)flags);
}

/* 0 or errno. The kernel takes a map in one write. */
static int write_map(int process, const char *name, struct text map)
{
    int fd = openat(process, name, O_WRONLY | O_CLOEXEC);
    if (fd < 0)
        return errno;
    int code = write(fd, map.at, map.size) < 0 ? errno : 0;
    close(fd);
    return code;
}

/* Runs in: a child of the child, which stays in the former user namespace: a map of more than
 * one's own user is written from there. Its exit code is 0 or errno. */
static _Noreturn void map_parent(int process, int go, const struct value *fields)
{
    char byte;
    if (read(go, &byte, 1) != 1)
        _exit(ECHILD);
    int code = write_map(process, "uid_map", fields[0].text);
    _exit(code ? code : write_map(process, "gid_map", fields[1].text));
}

static void unshare_users(const struct value *fields)
{
    int ends[2], status, code = 0;
    int process = open("/proc/self", O_PATH | O_DIRECTORY | O_CLOEXEC);
    if (process < 0)
        fail_at(errno, "/proc/self");
    if (pipe2(ends, O_CLOEXEC))
        fail_at(errno, "pipe");
    pid_t mapper = fork();
    if (mapper < 0)
        fail_at(errno, "fork");
    if (!mapper) {
        close(ends[1]); /* so that our end is heard */
        map_parent(process, ends[0], fields);
    }
    if (unshare(CLONE_NEWUSER))
        code = errno;
    else if (write(ends[1], "", 1) != 1)
        code = errno;
    close(ends[1]);
    if (waitpid(mapper, &status, 0) < 0)
        fail_at(errno, "waitpid");
    if (code)
        fail_at(code, "user namespace");
    if (!WIFEXITED(status) || WEXITSTATUS(status))
        fail_at(WIFEXITED(status) ? WEXITSTATUS(status) : EINTR, "maps of users and groups");
    close(ends[0]);
    close(process);
}

const struct operation NAMESPACE_OPERATIONS[] = {
    {"JoinNamespaces", "ii", join_namespaces},
    {"Unshare", "i", unshare_namespaces},
    {"UnshareUsers", "ss", unshare_users},
    {0},
};
