/* The process that the master keeps for making children; executor.py starts it.
 *
 *     executor CONTROL REAPER LOWERED
 *
 * CONTROL: descriptor of a SOCK_SEQPACKET socket to the master, whose end is our end.
 * REAPER: descriptor of the static reaper's executable. LOWERED: 1 when the OOM score that
 * we inherited has to be taken back in each child.
 *
 * A message on the control socket is one launch: `struct head`, then the daemon's own
 * message (link.py), whose operations begin at an offset, or nothing when that message lies
 * in a memfd. With it come the child's status socket, what the daemon passed, and the memfd.
 *
 * We answer nothing: children are the master's own (CLONE_PARENT), and all that is to be
 * told goes over the status socket. This process is small because every child begins as its
 * copy; it has nothing in its memory but the request at hand. man 2 clone, man 7 unix.
 */
#define _GNU_SOURCE
#include "executor.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/sched.h>
#include <nss.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

enum { MAX_BODY = 64 << 10, MAX_FDS = 253 };

static const uint64_t NAMESPACES = CLONE_NEWNS | CLONE_NEWCGROUP | CLONE_NEWUTS | CLONE_NEWIPC |
                                   CLONE_NEWUSER | CLONE_NEWPID | CLONE_NEWNET;

/* executor.py packs it. The two indexes are those of the daemon's descriptors; -1: none. */
struct head {
    uint64_t clone_flags;
    int32_t pid_ns;
    int32_t cgroup;
    uint32_t offset;
    uint32_t in_memory;
};

static struct {
    struct head head;
    char body[MAX_BODY];
} message;
static int fds[MAX_FDS];
static bool lowered;
static int home; /* our own pid namespace */

/* Runs in: child. */
static void reset_oom_score(void)
{
    int fd = open("/proc/self/oom_score_adj", O_WRONLY | O_CLOEXEC);
    if (fd < 0)
        return;
    if (write(fd, "0", 1) < 0)
        errno = 0; /* as well as we can */
    close(fd);
}

/* Runs in: child. The operations that were sent in a memfd. */
static struct reader from_memory(int fd, uint32_t offset)
{
    struct stat found;
    if (fstat(fd, &found) || found.st_size < offset || !S_ISREG(found.st_mode))
        fail_at(EINVAL, "operations");
    char *at = mmap(NULL, (size_t)found.st_size, PROT_READ | PROT_WRITE, MAP_PRIVATE, fd, 0);
    if (at == MAP_FAILED)
        fail_at(errno, "operations");
    return (struct reader){at + offset, at + found.st_size};
}

/* Runs in: child. Its whole life until exec. */
static _Noreturn void serve(size_t size, size_t count)
{
    struct reader operations = {message.body + message.head.offset, message.body + size};
    /* A child whose launcher dies must not go on: nobody would know it. */
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (!tell('B', 0))
        _exit(1);
    if (lowered)
        reset_oom_score();
    if (message.head.in_memory)
        operations = from_memory(fds[--count], message.head.offset);
    set_passed(fds + 1, (uint32_t)count - 1);
    run_operations(operations);
}

static pid_t make_child(uint64_t flags, int cgroup)
{
    struct clone_args arguments = {.flags = flags | CLONE_PARENT};
    if (cgroup >= 0) {
        arguments.flags |= CLONE_INTO_CGROUP;
        arguments.cgroup = (__u64)cgroup;
    }
    return (pid_t)syscall(SYS_clone3, &arguments, sizeof arguments);
}

/* Runs in: child. A process makes a pid namespace only below the one it lives in itself: this
 * one, born there, makes the real child and ends. */
static void go_between(uint64_t flags)
{
    pid_t pid = make_child(flags, -1);
    set_subject("clone3", NULL, 0);
    if (pid < 0)
        fail_at(errno, "namespaces %#llx", (unsigned long long)flags);
    if (pid)
        _exit(0);
}

/* A descriptor of the request by its index; -1 for the index -1. */
static bool pick(int32_t index, size_t count, int *fd)
{
    *fd = -1;
    if (index == -1)
        return true;
    if (index < 0 || (size_t)index >= count)
        return false;
    *fd = fds[1 + index];
    return true;
}

static void launch(size_t size, size_t count)
{
    const struct head *head = &message.head;
    unsigned long long flags = head->clone_flags;
    size_t own = head->in_memory ? 2 : 1; /* not the daemon's descriptors */
    int pid_ns, cgroup;
    if (count < own || !pick(head->pid_ns, count - own, &pid_ns) ||
        !pick(head->cgroup, count - own, &cgroup) || (own == 1 && head->offset > size)) {
        report(fds[0], "setup", EINVAL, "request");
        return;
    }
    if (flags & ~NAMESPACES) {
        report(fds[0], "clone3", EINVAL, "namespaces %#llx", flags);
        return;
    }
    if (pid_ns >= 0 && setns(pid_ns, CLONE_NEWPID)) {
        report(fds[0], "setns", errno, "pid namespace");
        return;
    }
    bool indirect = pid_ns >= 0 && flags & CLONE_NEWPID;
    pid_t pid = make_child(indirect ? 0 : flags, cgroup);
    if (!pid) {
        close(CONTROL_FD);
        dup3(fds[0], STATUS_FD, O_CLOEXEC);
        close(fds[0]);
        if (indirect)
            go_between(flags);
        serve(size, count);
    }
    if (pid < 0)
        report(fds[0], "clone3", errno, "namespaces %#llx", flags);
    if (pid_ns >= 0 && setns(home, CLONE_NEWPID))
        _exit(1); /* the master starts another one */
}

/* Take the descriptors of a message, how many. */
static size_t take_fds(struct msghdr *header)
{
    size_t count = 0;
    for (struct cmsghdr *part = CMSG_FIRSTHDR(header); part; part = CMSG_NXTHDR(header, part)) {
        if (part->cmsg_level != SOL_SOCKET || part->cmsg_type != SCM_RIGHTS)
            continue;
        size_t found = (part->cmsg_len - CMSG_LEN(0)) / sizeof(int);
        if (found > MAX_FDS - count)
            found = MAX_FDS - count;
        memcpy(fds + count, CMSG_DATA(part), found * sizeof(int));
        count += found;
    }
    return count;
}

/* One message; false at the end of the master. */
static bool obey(void)
{
    static union {
        char space[CMSG_SPACE(MAX_FDS * sizeof(int))];
        struct cmsghdr align;
    } control;
    struct iovec part = {&message, sizeof message};
    struct msghdr header = {
        .msg_iov = &part,
        .msg_iovlen = 1,
        .msg_control = &control,
        .msg_controllen = sizeof control,
    };
    ssize_t size = recvmsg(CONTROL_FD, &header, MSG_CMSG_CLOEXEC);
    if (size <= 0)
        return size < 0 && errno == EINTR;
    size_t count = take_fds(&header);
    if ((size_t)size >= sizeof message.head && !(header.msg_flags & (MSG_TRUNC | MSG_CTRUNC)) && count)
        launch((size_t)size - sizeof message.head, count);
    else if (count)
        report(fds[0], "setup", EMFILE, "request");
    for (size_t at = 0; at < count; at++)
        close(fds[at]);
    /* The next child begins as a copy of us: not with the environment of this one. */
    memset(&message, 0, (size_t)size);
    return true;
}

/* Descriptors where children expect them, nothing else; the rest of what children inherit. */
static void settle(int control, int reaper)
{
    int null = open("/dev/null", O_RDWR | O_CLOEXEC);
    int moved[] = {
        fcntl(null, F_DUPFD_CLOEXEC, CONTROL_FD + 1),
        fcntl(reaper, F_DUPFD_CLOEXEC, CONTROL_FD + 1),
        fcntl(control, F_DUPFD_CLOEXEC, CONTROL_FD + 1),
    };
    for (int fd = 0; fd < STATUS_FD; fd++)
        dup2(moved[0], fd);
    for (int fd = STATUS_FD; fd <= CONTROL_FD; fd++)
        if (dup3(moved[fd - STATUS_FD], fd, O_CLOEXEC) < 0)
            _exit(1);
    syscall(SYS_close_range, CONTROL_FD + 1, ~0u, 0);
    home = open("/proc/self/ns/pid", O_RDONLY | O_CLOEXEC);
    if (home < 0 || chdir("/"))
        _exit(1);
    umask(0); /* operations give exact modes; SetUmask comes later in a list */
    setsid(); /* signals of a terminal are the master's */
    prctl(PR_SET_NAME, "portod-executor");
    prctl(PR_SET_DUMPABLE, 0);
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    /* `~user` in a command: from /etc/passwd, with no module of the container's loaded. */
    __nss_configure_lookup("passwd", "files");
}

int main(int argc, char **argv)
{
    if (argc == 2 && !strcmp(argv[1], "operations")) {
        list_operations();
        return 0;
    }
    if (argc != 4)
        return 2;
    lowered = atoi(argv[3]);
    settle(atoi(argv[1]), atoi(argv[2]));
    while (obey())
        ;
    return 0;
}
