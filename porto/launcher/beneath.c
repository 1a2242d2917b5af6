/* Operations on names beneath a slot; slots.py says what each does.
 *
 * Other processes may change what is beneath a slot while we look at it. So a path is walked
 * by the kernel without links and without a way out, what was found is used through its
 * descriptor, and the owner of a new object is set through the descriptor too.
 *
 * Runs in: child, in the order of the request. man 2 openat2, mkdir, mknod, symlink.
 */
#define _GNU_SOURCE
#include "executor.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/openat2.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

enum { CREATE_ATTEMPTS = 8, SPECIAL_BITS = 07000 };

static const uint64_t INSIDE = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS;

struct owner {
    uid_t uid;
    gid_t gid;
};

static struct owner owner_of(const struct value *uid)
{
    return (struct owner){identifier(uid[0].number), identifier(uid[1].number)};
}

/* A directory and a name in it. */
struct entry {
    int directory;
    const char *name;
};

static bool is_name(const char *name)
{
    return *name && strcmp(name, ".") && strcmp(name, "..");
}

/* What a path beneath a slot names, whose last component need not exist. */
static struct entry entry_of(const struct value *at, const char *path)
{
    static char parent[PATH_MAX];
    const char *end = strrchr(path, '/');
    struct entry found = {slot(at), end ? end + 1 : path};
    if (!is_name(found.name))
        fail_at(EINVAL, "%s", path);
    if (!end)
        return found;
    if (end == path)
        fail_at(EXDEV, "%s", path); /* as the kernel says of an absolute path */
    if ((size_t)(end - path) >= sizeof parent)
        fail_at(ENAMETOOLONG, "%s", path);
    memcpy(parent, path, (size_t)(end - path));
    parent[end - path] = 0;
    found.directory = open_beneath(found.directory, parent, O_PATH | O_DIRECTORY, 0, INSIDE);
    if (found.directory < 0)
        fail_at(errno, "%s", path);
    return found;
}

/* Call after the entry's last use. */
static void leave(const struct value *at, struct entry entry)
{
    if (entry.directory != slot(at))
        close(entry.directory);
}

/* Of an object that was just made here: one that is not ours was put in its place. */
static bool is_ours(int fd, struct stat *found)
{
    return !fstat(fd, found) && found->st_uid == geteuid();
}

static bool give(int fd, struct stat *found, struct owner owner)
{
    return (owner.uid == found->st_uid && owner.gid == found->st_gid) ||
           !fchownat(fd, "", owner.uid, owner.gid, AT_EMPTY_PATH);
}

/* The directory of this name, made if there is none; -1 with errno. */
static int enter(int directory, const char *name, mode_t mode, struct owner owner)
{
    bool made = !mkdirat(directory, name, mode);
    if (!made && errno != EEXIST)
        return -1;
    int access = made ? O_RDONLY : O_PATH;
    int fd = openat(directory, name, access | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    struct stat found;
    if (fd < 0 || !made || !is_ours(fd, &found))
        return fd;
    if (give(fd, &found, owner) && (!(mode & SPECIAL_BITS) || !fchmod(fd, mode)))
        return fd;
    int code = errno;
    close(fd);
    errno = code;
    return -1;
}

static void make_directories(const struct value *fields)
{
    char name[NAME_MAX + 1];
    const char *path = fields[1].text.at, *next = path;
    mode_t mode = (mode_t)small(&fields[2]);
    struct owner owner = owner_of(&fields[3]);
    int directory = slot(&fields[0]);
    if (*path == '/')
        fail_at(EXDEV, "%s", path);
    while (*next) {
        size_t size = strcspn(next, "/");
        if (size >= sizeof name)
            fail_at(ENAMETOOLONG, "%s", path);
        memcpy(name, next, size);
        name[size] = 0;
        next += size + strspn(next + size, "/");
        if (!is_name(name))
            fail_at(EINVAL, "%s", path);
        int entered = enter(directory, name, mode, owner);
        if (entered < 0)
            fail_at(errno, "%s", path);
        if (directory != slot(&fields[0]))
            close(directory);
        directory = entered;
    }
    if (directory != slot(&fields[0]))
        close(directory);
}

static void make_node(const struct value *fields)
{
    const char *path = fields[1].text.at;
    mode_t mode = (mode_t)small(&fields[2]);
    dev_t device = makedev((unsigned)small(&fields[3]), (unsigned)small(&fields[4]));
    struct owner owner = owner_of(&fields[5]);
    struct entry entry = entry_of(&fields[0], path);
    struct stat found;
    if (mknodat(entry.directory, entry.name, mode, device))
        fail_at(errno, "%s", path);
    int fd = openat(entry.directory, entry.name, O_PATH | O_NOFOLLOW | O_CLOEXEC);
    if (fd < 0)
        fail_at(errno, "%s", path);
    if (!is_ours(fd, &found) || found.st_rdev != device || (found.st_mode ^ mode) & S_IFMT)
        fail_at(EEXIST, "%s", path);
    if (!give(fd, &found, owner))
        fail_at(errno, "%s", path);
    close(fd);
    leave(&fields[0], entry);
}

static void make_link(const struct value *fields)
{
    const char *path = fields[1].text.at;
    struct entry entry = entry_of(&fields[0], path);
    if (symlinkat(fields[2].text.at, entry.directory, entry.name))
        fail_at(errno, "%s", path);
    leave(&fields[0], entry);
}

static void expect_regular(int fd, const char *path)
{
    struct stat found;
    if (fstat(fd, &found))
        fail_at(errno, "%s", path);
    if (!S_ISREG(found.st_mode))
        fail_at(EINVAL, "%s: not a regular file", path);
}

/* What is written to could be somebody else's file, which has its other name elsewhere. */
static void expect_one_name(int fd, const char *path)
{
    struct stat found;
    if (fstat(fd, &found))
        fail_at(errno, "%s", path);
    if (found.st_nlink != 1)
        fail_at(EMLINK, "%s: has %llu names", path, (unsigned long long)found.st_nlink);
}

/* A file that is there, or a new one. A FIFO, or a device, does not hold us up. */
static int open_file(int directory, const char *path, int flags, bool create, mode_t mode,
                     struct owner owner)
{
    struct stat made;
    flags |= O_NONBLOCK | O_NOCTTY;
    for (int attempt = 0; attempt < CREATE_ATTEMPTS; attempt++) {
        int fd = open_beneath(directory, path, flags, 0, INSIDE);
        if (fd >= 0) {
            expect_regular(fd, path);
            return fd;
        }
        if (errno != ENOENT || !create)
            fail_at(errno, "%s", path);
        fd = open_beneath(directory, path, flags | O_CREAT | O_EXCL, mode, INSIDE);
        if (fd >= 0) {
            if (fstat(fd, &made) || !give(fd, &made, owner))
                fail_at(errno, "%s", path);
            return fd;
        }
        if (errno != EEXIST) /* else another one made it in between */
            fail_at(errno, "%s", path);
    }
    fail_at(EEXIST, "%s", path);
}

static void make_file(const struct value *fields)
{
    mode_t mode = (mode_t)small(&fields[2]);
    close(open_file(slot(&fields[0]), fields[1].text.at, O_RDONLY, true, mode, owner_of(&fields[3])));
}

static void write_file(const struct value *fields)
{
    int directory = slot(&fields[0]);
    const char *path = fields[1].text.at;
    int fd = open_file(directory, path, O_WRONLY, false, 0, (struct owner){0});
    expect_one_name(fd, path);
    if (write(fd, fields[2].text.at, fields[2].text.size) < 0)
        fail_at(errno, "%s", path);
    close(fd);
}

static void open_stream(const struct value *fields)
{
    const char *path = fields[2].text.at;
    int stream = stream_number(&fields[0]), flags = small(&fields[3]);
    int fd = open_file(slot(&fields[1]), path, flags, fields[4].number, (mode_t)small(&fields[5]),
                       owner_of(&fields[6]));
    expect_one_name(fd, path);
    if (fcntl(fd, F_SETFL, flags & ~O_NONBLOCK) || dup2(fd, stream) < 0)
        fail_at(errno, "%s", path);
    close(fd);
}

const struct operation BENEATH_OPERATIONS[] = {
    {"MakeDirectoriesAt", "isiii", make_directories},
    {"MakeNodeAt", "isiiiii", make_node},
    {"MakeLinkAt", "iss", make_link},
    {"MakeFileAt", "isiii", make_file},
    {"WriteFileAt", "iss", write_file},
    {"OpenStreamAt", "iisiiiii", open_stream},
    {0},
};
