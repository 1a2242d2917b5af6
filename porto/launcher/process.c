/* Operations on the process itself; ops.py says what each does.
 *
 * Runs in: child, in the order of the request: privileges go last.
 * man 7 capabilities, man 2 setresuid, prlimit, man 4 tty_ioctl.
 */
#define _GNU_SOURCE
#include "executor.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <linux/capability.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

enum { CREATE_ATTEMPTS = 8, MAX_GROUPS = 65536, IOPRIO_OF_PROCESS = 1 };

static void set_hostname(const struct value *fields)
{
    if (sethostname(fields[0].text.at, fields[0].text.size))
        fail(errno);
}

static void new_session(const struct value *fields)
{
    (void)fields;
    if (setsid() < 0)
        fail(errno);
}

static void set_umask(const struct value *fields)
{
    umask((mode_t)small(&fields[0]));
}

/* -1 is RLIM_INFINITY, the greatest number. */
static rlim_t lower(rlim_t limit, rlim_t allowed)
{
    return limit < allowed ? limit : allowed;
}

static void set_limit(const struct value *fields)
{
    int resource = small(&fields[0]);
    struct rlimit wanted = {(rlim_t)fields[1].number, (rlim_t)fields[2].number}, present;
    if (!prlimit(0, resource, &wanted, NULL))
        return;
    if (errno != EPERM || fields[3].number)
        fail_at(errno, "rlimit %d", resource);
    if (prlimit(0, resource, NULL, &present))
        fail_at(errno, "rlimit %d", resource);
    wanted.rlim_cur = lower(wanted.rlim_cur, present.rlim_max);
    wanted.rlim_max = lower(wanted.rlim_max, present.rlim_max);
    if (prlimit(0, resource, &wanted, NULL))
        fail_at(errno, "rlimit %d", resource);
}

/* Make a terminal the controlling one; one that another session holds stays there. */
static void take_terminal(int fd)
{
    if (isatty(fd) && ioctl(fd, TIOCSCTTY, 0) && errno != EPERM)
        fail(errno);
}

int stream_number(const struct value *field)
{
    if (field->number < 0 || field->number > 2)
        fail(EINVAL);
    return (int)field->number;
}

static void put_stream(int fd, int stream)
{
    if (dup2(fd, stream) < 0)
        fail(errno);
    take_terminal(stream);
}

struct owner {
    bool create;
    mode_t mode;
    uid_t uid;
    gid_t gid;
};

static int open_or_create(const char *path, int flags, struct owner owner)
{
    for (int attempt = 0; attempt < CREATE_ATTEMPTS; attempt++) {
        int fd = open(path, flags);
        if (fd >= 0)
            return fd;
        if (errno != ENOENT || !owner.create)
            fail_at(errno, "%s", path);
        fd = open(path, flags | O_CREAT | O_EXCL, owner.mode);
        if (fd < 0) {
            if (errno == EEXIST) /* another one made it in between, or a dangling link */
                continue;
            fail_at(errno, "%s", path);
        }
        /* Not by chown of the name, which could be another file by now. */
        if ((owner.uid != geteuid() || owner.gid != getegid()) && fchown(fd, owner.uid, owner.gid))
            fail_at(errno, "%s", path);
        return fd;
    }
    fail_at(EEXIST, "%s", path);
}

static void open_stream(const struct value *fields)
{
    int stream = stream_number(&fields[0]);
    struct owner owner = {
        .create = fields[3].number,
        .mode = (mode_t)small(&fields[4]),
        .uid = identifier(fields[5].number),
        .gid = identifier(fields[6].number),
    };
    int flags = small(&fields[2]) | O_NOCTTY | O_CLOEXEC;
    int fd = open_or_create(fields[1].text.at, flags, owner);
    put_stream(fd, stream);
    close(fd);
}

static void use_descriptor(const struct value *fields)
{
    put_stream(passed(&fields[1]), stream_number(&fields[0]));
}

static void set_scheduler(const struct value *fields)
{
    int policy = small(&fields[0]), nice = small(&fields[2]), ioprio = small(&fields[3]);
    struct sched_param priority = {.sched_priority = small(&fields[1])};
    if (sched_setscheduler(0, policy, &priority) || setpriority(PRIO_PROCESS, 0, nice) ||
        syscall(SYS_ioprio_set, IOPRIO_OF_PROCESS, 0, ioprio))
        fail_at(errno, "policy %d priority %d nice %d ioprio %d", policy, priority.sched_priority,
                nice, ioprio);
}

static void set_credentials(const struct value *fields)
{
    static gid_t groups[MAX_GROUPS];
    uid_t uid = identifier(fields[0].number);
    gid_t gid = identifier(fields[1].number);
    struct reader left = fields[2].list;
    size_t count = 0;
    int64_t group;
    while (count < MAX_GROUPS && take(&left, &group, sizeof group))
        groups[count++] = identifier(group);
    if (left.at < left.end)
        fail(EINVAL);
    if (setgroups(count, groups) || prctl(PR_SET_KEEPCAPS, 1) || setresgid(gid, gid, gid) ||
        setresuid(uid, uid, uid))
        fail_at(errno, "user %u group %u", uid, gid);
}

static void set_masks(uint64_t effective, uint64_t permitted, uint64_t inheritable)
{
    struct __user_cap_header_struct header = {_LINUX_CAPABILITY_VERSION_3, 0};
    struct __user_cap_data_struct halves[2];
    for (int half = 0; half < 2; half++)
        halves[half] = (struct __user_cap_data_struct){
            .effective = (uint32_t)(effective >> 32 * half),
            .permitted = (uint32_t)(permitted >> 32 * half),
            .inheritable = (uint32_t)(inheritable >> 32 * half),
        };
    if (syscall(SYS_capset, &header, halves))
        fail_at(errno, "capset");
}

static uint64_t permitted_mask(void)
{
    struct __user_cap_header_struct header = {_LINUX_CAPABILITY_VERSION_3, 0};
    struct __user_cap_data_struct halves[2];
    if (syscall(SYS_capget, &header, halves))
        fail_at(errno, "capget");
    return halves[0].permitted | (uint64_t)halves[1].permitted << 32;
}

static void set_capabilities(const struct value *fields)
{
    uint64_t bounding = (uint64_t)fields[0].number, ambient = (uint64_t)fields[1].number;
    uint64_t permitted = permitted_mask(), absent = ambient & ~permitted;
    if (absent)
        fail_at(EPERM, "ambient capability %d", 63 - __builtin_clzll(absent));
    /* setresuid emptied the effective set of a user other than root; dropping needs SETPCAP. */
    set_masks(permitted, permitted, ambient);
    /* The kernel has no number for which it cannot say whether it is in the set. */
    for (unsigned long number = 0; number < 64; number++) {
        int bounded = prctl(PR_CAPBSET_READ, number);
        if (bounded < 0)
            break;
        if (bounded && !(bounding >> number & 1) && prctl(PR_CAPBSET_DROP, number))
            fail_at(errno, "bounding %lu", number);
        if (ambient >> number & 1 && prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, number, 0, 0))
            fail_at(errno, "ambient %lu", number);
    }
    if (geteuid())
        set_masks(ambient, ambient, ambient);
}

const struct operation PROCESS_OPERATIONS[] = {
    {"SetHostname", "s", set_hostname},
    {"SetLimit", "iiii", set_limit},
    {"NewSession", "", new_session},
    {"SetUmask", "i", set_umask},
    {"OpenStream", "isiiiii", open_stream},
    {"UseDescriptor", "ii", use_descriptor},
    {"SetScheduler", "iiii", set_scheduler},
    {"SetCredentials", "iiI", set_credentials},
    {"SetCapabilities", "ii", set_capabilities},
    {0},
};
