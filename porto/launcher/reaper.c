/* Pid 1 of an isolated container: reaps orphans and ends as its task ended.
 *
 * Executed by execute.c through a sealed memfd, when the process has made its task already
 * and become ready to be nothing but its parent:
 *
 *     argv = NAME [TASK]      TASK: pid of the child whose end is ours, a decimal number
 *
 * Descriptor 3 is the status socket to the launcher. With a task nothing is reaped until
 * the launcher closes its end: it looks at the task first, which must not be gone by then.
 * Without one we close ours, which tells that we run, and wait for SIGTERM, SIGINT or
 * SIGQUIT.
 *
 * A task killed by signal S makes us exit with 128+S under the name "porto-sig:S"
 * ("porto-sig:Sc" with a core), which only we can set: so the launcher tells a signal
 * from an exit code above 128. No libc: a waiting reaper holds two or three pages.
 */

#if defined(__x86_64__)
enum {
    NR_READ = 0, NR_CLOSE = 3, NR_RT_SIGPROCMASK = 14, NR_WAIT4 = 61, NR_KILL = 62,
    NR_RT_SIGTIMEDWAIT = 128, NR_PRCTL = 157, NR_EXIT_GROUP = 231, NR_CLOSE_RANGE = 436,
};
static long call(long n, long a, long b, long c, long d)
{
    long r;
    register long r10 __asm__("r10") = d;
    __asm__ volatile("syscall"
                     : "=a"(r)
                     : "a"(n), "D"(a), "S"(b), "d"(c), "r"(r10)
                     : "rcx", "r11", "memory");
    return r;
}
__asm__(".globl _start\n_start:\n\tmov %rsp, %rdi\n\txor %ebp, %ebp\n\tand $-16, %rsp\n\tcall begin\n\thlt\n");
#elif defined(__aarch64__)
enum {
    NR_READ = 63, NR_CLOSE = 57, NR_RT_SIGPROCMASK = 135, NR_WAIT4 = 260, NR_KILL = 129,
    NR_RT_SIGTIMEDWAIT = 137, NR_PRCTL = 167, NR_EXIT_GROUP = 94, NR_CLOSE_RANGE = 436,
};
static long call(long n, long a, long b, long c, long d)
{
    register long x8 __asm__("x8") = n;
    register long x0 __asm__("x0") = a;
    register long x1 __asm__("x1") = b;
    register long x2 __asm__("x2") = c;
    register long x3 __asm__("x3") = d;
    __asm__ volatile("svc 0"
                     : "+r"(x0)
                     : "r"(x8), "r"(x1), "r"(x2), "r"(x3)
                     : "memory");
    return x0;
}
__asm__(".globl _start\n_start:\n\tmov x29, xzr\n\tmov x30, xzr\n\tmov x0, sp\n\tbl begin\n\tbrk #0\n");
#else
#error "porto-reaper: this processor is not supported"
#endif

enum { SIG_INT = 2, SIG_QUIT = 3, SIG_TERM = 15, SIG_CHLD = 17, E_INTR = 4, STATUS_FD = 3 };

static void leave(int code)
{
    for (;;)
        call(NR_EXIT_GROUP, code, 0, 0, 0);
}

static char *put_number(char *at, int n)
{
    if (n >= 10)
        at = put_number(at, n / 10);
    *at = '0' + n % 10;
    return at + 1;
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
    call(NR_PRCTL, 15 /* PR_SET_NAME */, (long)name, 0, 0);
    leave(128 + signo);
}

__attribute__((used, noreturn)) void begin(long *stack)
{
    char **argv = (char **)(stack + 1);
    unsigned long waited =
        1ul << (SIG_CHLD - 1) | 1ul << (SIG_TERM - 1) | 1ul << (SIG_INT - 1) | 1ul << (SIG_QUIT - 1);
    int status = 0;
    long task = 0, pid;
    const char *digit;
    char byte;

    call(NR_PRCTL, 4 /* PR_SET_DUMPABLE */, 0, 0, 0);
    call(NR_PRCTL, 15 /* PR_SET_NAME */, (long)"portoinit", 0, 0);
    call(NR_PRCTL, 36 /* PR_SET_CHILD_SUBREAPER */, 1, 0, 0);
    for (digit = stack[0] > 1 ? argv[1] : ""; *digit; digit++)
        task = task * 10 + *digit - '0';
    /* Blocked signals are queued even for pid 1, which ignores unhandled ones. */
    call(NR_RT_SIGPROCMASK, 0 /* SIG_BLOCK */, (long)&waited, 0, 8);
    if (task)
        while (call(NR_READ, STATUS_FD, (long)&byte, 1, 0) == -E_INTR)
            ;
    if (call(NR_CLOSE_RANGE, 0, 0x7fffffff, 0, 0) < 0)
        for (pid = 0; pid < 1024; pid++)
            call(NR_CLOSE, pid, 0, 0, 0);
    for (;;) {
        while ((pid = call(NR_WAIT4, -1, (long)&status, 1 /* WNOHANG */, 0)) > 0)
            if (pid == task)
                end_as(status);
        pid = call(NR_RT_SIGTIMEDWAIT, (long)&waited, 0, 0, 8);
        if (pid == SIG_TERM || pid == SIG_INT || pid == SIG_QUIT) {
            if (!task)
                end_as((int)pid);
            call(NR_KILL, task, pid, 0, 0);
        }
    }
}
