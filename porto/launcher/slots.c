/* Slots: what a child has opened, by the numbers that the daemon gave; slots.py says what
 * each operation does.
 *
 * A slot is filled once and holds one descriptor until it is emptied or the program is
 * executed. It cannot be a stream: those are open from the start.
 *
 * Runs in: child, in the order of the request. man 2 openat2.
 */
#define _GNU_SOURCE
#include "executor.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <sys/syscall.h>
#include <unistd.h>

enum { MAX_SLOTS = 64, NO_SLOT = -1, ATTEMPTS = 32 };

static int slots[MAX_SLOTS]; /* 0: empty */

static int *place(const struct value *number)
{
    if (number->number < 0 || number->number >= MAX_SLOTS)
        fail_at(EINVAL, "slot %lld: no such slot", (long long)number->number);
    return &slots[number->number];
}

/* The descriptor in a slot. */
int slot(const struct value *number)
{
    int fd = *place(number);
    if (!fd)
        fail_at(EBADF, "slot %lld: not open", (long long)number->number);
    return fd;
}

/* Called before what is to be opened, so that nothing was done when it fails. */
void expect_empty(const struct value *number)
{
    if (*place(number))
        fail_at(EBUSY, "slot %lld: in use", (long long)number->number);
}

/* The slot owns the descriptor. */
void fill(const struct value *number, int fd)
{
    expect_empty(number);
    *place(number) = fd;
}

/* openat2(2), again while somebody renames what is on the way. */
int open_beneath(int directory, const char *path, int flags, mode_t mode, uint64_t resolve)
{
    struct open_how how = {
        .flags = (uint64_t)(unsigned)(flags | O_CLOEXEC),
        .mode = mode,
        .resolve = resolve,
    };
    int fd;
    for (int attempt = 0; attempt < ATTEMPTS; attempt++) {
        fd = (int)syscall(SYS_openat2, directory, path, &how, sizeof how);
        if (fd >= 0 || errno != EAGAIN)
            break;
    }
    return fd;
}

static void fill_slot(const struct value *fields)
{
    expect_empty(&fields[0]);
    int fd = fcntl(passed(&fields[1]), F_DUPFD_CLOEXEC, STATUS_FD);
    if (fd < 0)
        fail_at(errno, "descriptor %lld", (long long)fields[1].number);
    fill(&fields[0], fd);
}

static void open_slot(const struct value *fields)
{
    const char *path = fields[2].text.at;
    expect_empty(&fields[0]);
    int directory = fields[1].number == NO_SLOT ? AT_FDCWD : slot(&fields[1]);
    int fd = open_beneath(directory, path, small(&fields[3]), (mode_t)small(&fields[5]),
                          (uint64_t)fields[4].number);
    if (fd < 0)
        fail_at(errno, "%s", path);
    fill(&fields[0], fd);
}

static void empty_slot(const struct value *fields)
{
    close(slot(&fields[0]));
    *place(&fields[0]) = 0;
}

static void change_directory(const struct value *fields)
{
    if (fchdir(slot(&fields[0])))
        fail_at(errno, "slot %lld", (long long)fields[0].number);
}

static void change_root(const struct value *fields)
{
    if (fchdir(slot(&fields[0])) || chroot("."))
        fail_at(errno, "slot %lld", (long long)fields[0].number);
}

const struct operation SLOT_OPERATIONS[] = {
    {"FillSlot", "ii", fill_slot},
    {"OpenSlot", "iisiii", open_slot},
    {"EmptySlot", "i", empty_slot},
    {"ChangeDirectoryAt", "i", change_directory},
    {"ChangeRoot", "i", change_root},
    {0},
};
