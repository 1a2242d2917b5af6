/* Operations on cgroups, mounts and files by path; ops.py says what each does.
 *
 * Only for paths that nobody but root can change: knobs, and a root that is being built in a
 * mount namespace of its own. What others can change is beneath.c's and mounts.c's.
 *
 * Runs in: child, in the order of the request. man 2 mount, mkdir, mknod, symlink.
 */
#define _GNU_SOURCE
#include "executor.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
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

static void change_directory(const struct value *fields)
{
    if (chdir(fields[0].text.at))
        fail(errno);
}

const struct operation FILESYSTEM_OPERATIONS[] = {
    {"JoinCgroup", "s", join_cgroup},
    {"Mount", "osoio", mount_filesystem},
    {"Unmount", "si", unmount},
    {"MakeDirectory", "siii", make_directory},
    {"MakeNode", "siiiii", make_node},
    {"MakeLink", "ss", make_link},
    {"WriteFile", "ssi", write_file},
    {"ChangeDirectory", "s", change_directory},
    {0},
};
