/* Operations on cgroups, namespaces, mounts and files; ops.py says what each does.
 *
 * Runs in: child, as root, in the order of the request. man 2 mount, pivot_root, setns.
 */
#define _GNU_SOURCE
#include "executor.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <unistd.h>

/* 0 or errno. */
static int write_to(const char *path, const char *data, size_t size)
{
    int fd = open(path, O_WRONLY | O_CLOEXEC);
    if (fd < 0)
        return errno;
    int code = write(fd, data, size) < 0 ? errno : 0;
    close(fd);
    return code;
}

static void join_cgroup(const struct value *fields)
{
    int code = write_to(fields[0].text.at, "0", 1);
    if (code)
        fail(code);
}

static void join_namespaces(const struct value *fields)
{
    int flags = small(&fields[1]);
    if (setns(passed(&fields[0]), flags))
        fail_at(errno, "namespaces %#x", (unsigned)flags);
}

static void enter_root(const struct value *fields)
{
    if (fchdir(passed(&fields[0])) || chroot("."))
        fail(errno);
}

static void unshare_namespaces(const struct value *fields)
{
    int flags = small(&fields[0]);
    if (unshare(flags))
        fail_at(errno, "%#x", (unsigned)flags);
}

static void mount_filesystem(const struct value *fields)
{
    const char *source = fields[0].text.at, *target = fields[1].text.at;
    if (!mount(source, target, fields[2].text.at, (unsigned long)fields[3].number, fields[4].text.at))
        return;
    if (source)
        fail_at(errno, "%s on %s", source, target);
    fail_at(errno, "%s", target);
}

static void unmount(const struct value *fields)
{
    if (umount2(fields[0].text.at, small(&fields[1])) && errno != EINVAL && errno != ENOENT)
        fail(errno);
}

static void make_directory(const struct value *fields)
{
    const char *path = fields[0].text.at;
    mode_t mode = (mode_t)small(&fields[1]);
    uid_t uid = identifier(fields[2].number);
    gid_t gid = identifier(fields[3].number);
    if (mkdir(path, mode)) {
        if (errno == EEXIST)
            return;
        fail(errno);
    }
    if (lchown(path, uid, gid) || (mode & 06000 && chmod(path, mode)))
        fail(errno);
}

static void make_node(const struct value *fields)
{
    const char *path = fields[0].text.at;
    mode_t mode = (mode_t)small(&fields[1]);
    dev_t device = makedev((unsigned)small(&fields[2]), (unsigned)small(&fields[3]));
    uid_t uid = identifier(fields[4].number);
    gid_t gid = identifier(fields[5].number);
    if (mknod(path, mode, device))
        fail(errno);
    /* chown clears set-id bits. */
    if ((uid || gid) && (lchown(path, uid, gid) || chmod(path, mode & 07777)))
        fail(errno);
}

static void make_link(const struct value *fields)
{
    if (symlink(fields[1].text.at, fields[0].text.at))
        fail(errno);
}

static void write_file(const struct value *fields)
{
    int code = write_to(fields[0].text.at, fields[1].text.at, fields[1].text.size);
    if (code && fields[2].number)
        fail(code);
}

static void pivot(const struct value *fields)
{
    if (chdir(fields[0].text.at) || syscall(SYS_pivot_root, ".", ".") || umount2(".", MNT_DETACH) ||
        chdir("/"))
        fail(errno);
}

static void change_directory(const struct value *fields)
{
    if (chdir(fields[0].text.at))
        fail(errno);
}

const struct operation FILESYSTEM_OPERATIONS[] = {
    {"JoinCgroup", "s", join_cgroup},
    {"JoinNamespaces", "ii", join_namespaces},
    {"EnterRoot", "i", enter_root},
    {"Unshare", "i", unshare_namespaces},
    {"Mount", "osoio", mount_filesystem},
    {"Unmount", "si", unmount},
    {"MakeDirectory", "siii", make_directory},
    {"MakeNode", "siiiii", make_node},
    {"MakeLink", "ss", make_link},
    {"WriteFile", "ssi", write_file},
    {"PivotRoot", "s", pivot},
    {"ChangeDirectory", "s", change_directory},
    {0},
};
