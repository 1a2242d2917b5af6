/* Pid 1 of an isolated container: starts the task, reaps orphans, ends as the task ended.
 *
 * Executed by launcher/child.py through a sealed memfd, as the last setup operation:
 *
 *     argv = NAME COUNT CANDIDATE{COUNT} ARG0 ARG...    envp = the task's environment
 *
 * COUNT is a decimal number; the candidates are the paths to try, in order, as
 * execvp(3) would. COUNT 0: nothing to run, reap until SIGTERM, SIGINT or SIGQUIT.
 * Descriptor 3 is the status socket (SOCK_SEQPACKET) to the launcher:
 *
 *     'P' int32      sent by the task before exec: its pid in its own namespace (the
 *                    kernel adds the pid as the launcher sees it, SCM_CREDENTIALS)
 *     'E' int32 text exec failed: errno and the program
 *     end of file    exec succeeded
 *
 * A task killed by signal S makes us exit with 128+S under the name "porto-sig:S"
 * ("porto-sig:Sc" with a core), which only we can set: so the launcher tells a signal
 * from an exit code above 128. No libc: a waiting reaper holds two or three pages.
 */

#if defined(__x86_64__)
enum {
    NR_RT_SIGPROCMASK = 14, NR_MADVISE = 28, NR_GETPID = 39, NR_SENDTO = 44, NR_CLONE = 56,
    NR_EXECVE = 59, NR_WAIT4 = 61, NR_KILL = 62, NR_FCNTL = 72, NR_RT_SIGTIMEDWAIT = 128,
    NR_PRCTL = 157, NR_EXIT_GROUP = 231, NR_CLOSE_RANGE = 436, NR_CLOSE = 3,
};
static long call(long n, long a, long b, long c, long d, long e, long f)
{
    long r;
    register long r10 __asm__("r10") = d;
    register long r8 __asm__("r8") = e;
    register long r9 __asm__("r9") = f;
    __asm__ volatile("syscall"
                     : "=a"(r)
                     : "a"(n), "D"(a), "S"(b), "d"(c), "r"(r10), "r"(r8), "r"(r9)
                     : "rcx", "r11", "memory");
    return r;
}
__asm__(".globl _start\n_start:\n\tmov %rsp, %rdi\n\txor %ebp, %ebp\n\tand $-16, %rsp\n\tcall begin\n\thlt\n");
#elif defined(__aarch64__)
enum {
    NR_RT_SIGPROCMASK = 135, NR_MADVISE = 233, NR_GETPID = 172, NR_SENDTO = 206, NR_CLONE = 220,
    NR_EXECVE = 221, NR_WAIT4 = 260, NR_KILL = 129, NR_FCNTL = 25, NR_RT_SIGTIMEDWAIT = 137,
    NR_PRCTL = 167, NR_EXIT_GROUP = 94, NR_CLOSE_RANGE = 436, NR_CLOSE = 57,
};
static long call(long n, long a, long b, long c, long d, long e, long f)
{
    register long x8 __asm__("x8") = n;
    register long x0 __asm__("x0") = a;
    register long x1 __asm__("x1") = b;
    register long x2 __asm__("x2") = c;
    register long x3 __asm__("x3") = d;
    register long x4 __asm__("x4") = e;
    register long x5 __asm__("x5") = f;
    __asm__ volatile("svc 0"
                     : "+r"(x0)
                     : "r"(x8), "r"(x1), "r"(x2), "r"(x3), "r"(x4), "r"(x5)
                     : "memory");
    return x0;
}
__asm__(".globl _start\n_start:\n\tmov x29, xzr\n\tmov x30, xzr\n\tmov x0, sp\n\tbl begin\n\tbrk #0\n");
#else
#error "porto-reaper: this processor is not supported"
#endif

enum {
    E_NOENT = 2, E_NOEXEC = 8, E_ACCES = 13, E_NODEV = 19, E_NOTDIR = 20, E_TIMEDOUT = 110,
    E_STALE = 116,
    SIG_INT = 2, SIG_QUIT = 3, SIG_TERM = 15, SIG_CHLD = 17,
    STATUS_FD = 3, PAGE = 4096,
};

static void leave(int code)
{
    for (;;)
        call(NR_EXIT_GROUP, code, 0, 0, 0, 0, 0);
}

static char *put_number(char *at, int n)
{
    if (n >= 10)
        at = put_number(at, n / 10);
    *at = '0' + n % 10;
    return at + 1;
}

static void tell(char kind, int number, const char *text)
{
    /* One page at most: a longer program name is cut, never the number. */
    char message[1024];
    int length = 5, i;
    message[0] = kind;
    for (i = 0; i < 4; i++)
        message[1 + i] = (unsigned)number >> (8 * i);
    while (text && *text && length < (int)sizeof message)
        message[length++] = *text++;
    call(NR_SENDTO, STATUS_FD, (long)message, length, 0x4000 /* MSG_NOSIGNAL */, 0, 0);
}

/* The task: tries the candidates as execvp(3) does. argv[-1] may be overwritten. */
static void run(char **candidates, int count, char **argv, char **envp)
{
    long error = -E_NOENT;
    int i, denied = 0;
    const char *program = argv[0];
    tell('P', call(NR_GETPID, 0, 0, 0, 0, 0, 0), 0);
    call(NR_FCNTL, STATUS_FD, 2 /* F_SETFD */, 1 /* FD_CLOEXEC */, 0, 0, 0);
    for (i = 0; i < count; i++) {
        char *path = candidates[i];
        error = call(NR_EXECVE, (long)path, (long)argv, (long)envp, 0, 0, 0);
        if (error == -E_NOEXEC) {
            /* A script without "#!": the place of the last candidate becomes argv[0]. */
            char *saved = argv[-1], *first = argv[0];
            argv[-1] = "/bin/sh";
            argv[0] = path;
            error = call(NR_EXECVE, (long)"/bin/sh", (long)(argv - 1), (long)envp, 0, 0, 0);
            argv[-1] = saved;
            argv[0] = first;
            break;
        }
        if (error == -E_ACCES)
            denied = 1;
        else if (error != -E_NOENT && error != -E_NOTDIR && error != -E_STALE &&
                 error != -E_NODEV && error != -E_TIMEDOUT)
            break;
    }
    if (i == count && denied)
        error = -E_ACCES;
    tell('E', (int)-error, program);
    leave(127);
}

static void end_as(int status)
{
    int signo = status & 0x7f;
    char name[16] = {0}, *end = name;
    const char *mark = "porto-sig:";
    if (!signo)
        leave(status >> 8 & 0xff);
    while (*mark)
        *end++ = *mark++;
    end = put_number(end, signo);
    if (status & 0x80)
        *end = 'c';
    call(NR_PRCTL, 15 /* PR_SET_NAME */, (long)name, 0, 0, 0, 0);
    leave(128 + signo);
}

static void wipe(char *from, char *to)
{
    for (; from < to; from++)
        *(volatile char *)from = 0;
}

/* Arguments and environment are the task's: give the pages back and wipe what shares a
 * page with others. That also hides them from /proc/1 of the container. argv[0] stays,
 * for ps. */
static void forget_strings(char **argv, char **envp)
{
    unsigned long low, high;
    char *first = argv[0], *last = argv[0];
    char here;
    int i;
    for (i = 1; argv[i]; i++)
        last = argv[i];
    for (i = 0; envp[i]; i++)
        last = envp[i];
    while (*first)
        first++;
    while (*last)
        last++;
    low = ((unsigned long)first + PAGE) & -PAGE;
    high = (unsigned long)last & -PAGE;
    if (low < high) {
        call(NR_MADVISE, low, high - low, 4 /* MADV_DONTNEED */, 0, 0, 0);
        wipe(first, (char *)low);
        wipe((char *)high, last);
    } else {
        wipe(first, last);
    }
    /* The pointer arrays, between our frame and the strings. */
    low = ((unsigned long)&here + 2 * PAGE) & -PAGE;
    high = (unsigned long)argv[0] & -PAGE;
    if (low < high)
        call(NR_MADVISE, low, high - low, 4, 0, 0, 0);
}

__attribute__((used, noreturn)) void begin(long *stack)
{
    char **argv = (char **)(stack + 1), **envp = argv + stack[0] + 1;
    unsigned long waited =
        1ul << (SIG_CHLD - 1) | 1ul << (SIG_TERM - 1) | 1ul << (SIG_INT - 1) | 1ul << (SIG_QUIT - 1);
    int count = 0, status = 0;
    long task = 0, pid;
    const char *digit;

    call(NR_PRCTL, 4 /* PR_SET_DUMPABLE */, 0, 0, 0, 0, 0);
    call(NR_PRCTL, 15 /* PR_SET_NAME */, (long)"portoinit", 0, 0, 0, 0);
    call(NR_PRCTL, 36 /* PR_SET_CHILD_SUBREAPER */, 1, 0, 0, 0, 0);
    for (digit = stack[0] > 1 ? argv[1] : ""; *digit; digit++)
        count = count * 10 + *digit - '0';
    if (count) {
        task = call(NR_CLONE, SIG_CHLD, 0, 0, 0, 0, 0);
        if (task == 0)
            run(argv + 2, count, argv + 2 + count, envp);
        if (task < 0) {
            tell('E', (int)-task, argv[2 + count]);
            leave(127);
        }
    }
    /* Blocked signals are queued even for pid 1, which ignores unhandled ones. */
    call(NR_RT_SIGPROCMASK, 0 /* SIG_BLOCK */, (long)&waited, 0, 8, 0, 0);
    if (call(NR_CLOSE_RANGE, 0, 0x7fffffff, 0, 0, 0, 0) < 0)
        for (pid = 0; pid < 1024; pid++)
            call(NR_CLOSE, pid, 0, 0, 0, 0, 0);
    forget_strings(argv, envp);
    for (;;) {
        while ((pid = call(NR_WAIT4, -1, (long)&status, 1 /* WNOHANG */, 0, 0, 0)) > 0)
            if (pid == task)
                end_as(status);
        pid = call(NR_RT_SIGTIMEDWAIT, (long)&waited, 0, 0, 8, 0, 0);
        if (pid == SIG_TERM || pid == SIG_INT || pid == SIG_QUIT) {
            if (!count)
                end_as((int)pid);
            call(NR_KILL, task, pid, 0, 0, 0, 0);
        }
    }
}
