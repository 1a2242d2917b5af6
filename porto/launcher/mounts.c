/* Operations on mounts, by descriptors in slots; slots.py says what each does.
 *
 * Runs in: child, as root of its user namespace, in the order of the request. man 2 open_tree,
 * move_mount, fsopen, fsconfig, fsmount, mount_setattr, pivot_root.
 */
#define _GNU_SOURCE
#include "executor.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/mount.h> /* not that of the C library, which may have some of it twice */
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

enum { DETACH = 2 /* MNT_DETACH */, NO_SLOT = -1 };

static void clone_tree(const struct value *fields)
{
    expect_empty(&fields[0]);
    unsigned flags = OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | AT_EMPTY_PATH;
    if (fields[2].number)
        flags |= AT_RECURSIVE;
    int fd = (int)syscall(SYS_open_tree, slot(&fields[1]), "", flags);
    if (fd < 0)
        fail_at(errno, "slot %lld", (long long)fields[1].number);
    fill(&fields[0], fd);
}

/* The first thing that the filesystem has to say about its options. */
static _Noreturn void fail_with_words(int context, int code, const char *fstype, const char *option)
{
    char words[512];
    ssize_t size = read(context, words, sizeof words - 1);
    words[size > 0 ? size : 0] = 0;
    words[strcspn(words, "\n")] = 0;
    fail_at(code, "%s%s%s%s%s", fstype, *option ? " option " : "", option, *words ? ": " : "", words);
}

static void configure(int context, const char *fstype, struct text option)
{
    char key[256];
    size_t size = strcspn(option.at, "=");
    const char *value = option.at[size] ? option.at + size + 1 : NULL;
    if (size >= sizeof key || has_nul(option))
        fail_text(EINVAL, "option ", option, "");
    memcpy(key, option.at, size);
    key[size] = 0;
    if (syscall(SYS_fsconfig, context, value ? FSCONFIG_SET_STRING : FSCONFIG_SET_FLAG, key, value, 0))
        fail_with_words(context, errno, fstype, option.at);
}

static void new_filesystem(const struct value *fields)
{
    const char *fstype = fields[1].text.at;
    struct reader left = fields[2].list;
    struct text option;
    expect_empty(&fields[0]);
    int context = (int)syscall(SYS_fsopen, fstype, FSOPEN_CLOEXEC);
    if (context < 0)
        fail_at(errno, "%s", fstype);
    while (take_text(&left, &option))
        configure(context, fstype, option);
    if (syscall(SYS_fsconfig, context, FSCONFIG_CMD_CREATE, NULL, NULL, 0))
        fail_with_words(context, errno, fstype, "");
    int fd = (int)syscall(SYS_fsmount, context, FSMOUNT_CLOEXEC, small(&fields[3]));
    if (fd < 0)
        fail_with_words(context, errno, fstype, "");
    close(context);
    fill(&fields[0], fd);
}

static void set_mount_attributes(const struct value *fields)
{
    struct mount_attr wanted = {
        .attr_set = (uint64_t)fields[1].number,
        .attr_clr = (uint64_t)fields[2].number,
        .propagation = (uint64_t)fields[3].number,
    };
    unsigned flags = AT_EMPTY_PATH | (fields[4].number ? AT_RECURSIVE : 0);
    if (fields[5].number != NO_SLOT) {
        wanted.attr_set |= MOUNT_ATTR_IDMAP;
        wanted.userns_fd = (uint64_t)slot(&fields[5]);
    }
    if (syscall(SYS_mount_setattr, slot(&fields[0]), "", flags, &wanted, sizeof wanted))
        fail_at(errno, "slot %lld", (long long)fields[0].number);
}

static void move_mount_at(const struct value *fields)
{
    if (syscall(SYS_move_mount, slot(&fields[0]), "", slot(&fields[1]), "",
                MOVE_MOUNT_F_EMPTY_PATH | MOVE_MOUNT_T_EMPTY_PATH))
        fail_at(errno, "slot %lld on slot %lld", (long long)fields[0].number,
                (long long)fields[1].number);
}

/* umount2 knows no descriptor; "." is the slot's mount, whatever lies on it. */
static void detach_mount(const struct value *fields)
{
    int here = open(".", O_PATH | O_DIRECTORY | O_CLOEXEC);
    if (here < 0 || fchdir(slot(&fields[0])) || syscall(SYS_umount2, ".", DETACH) || fchdir(here))
        fail_at(errno, "slot %lld", (long long)fields[0].number);
    close(here);
}

static void pivot(const struct value *fields)
{
    if (fchdir(slot(&fields[0])) || syscall(SYS_pivot_root, ".", ".") ||
        syscall(SYS_umount2, ".", DETACH) || chdir("/"))
        fail_at(errno, "slot %lld", (long long)fields[0].number);
}

const struct operation MOUNT_OPERATIONS[] = {
    {"CloneTree", "iii", clone_tree},
    {"NewFilesystem", "isSi", new_filesystem},
    {"SetMountAttributes", "iiiiii", set_mount_attributes},
    {"MoveMount", "ii", move_mount_at},
    {"DetachMount", "i", detach_mount},
    {"PivotRoot", "i", pivot},
    {0},
};
