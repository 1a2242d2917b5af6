/* The last operation: Execute or Rest, straight or through the static reaper; or Finish.
 *
 * The command's words come from wordexp(3), so quoting, variables, `~` and globs are the
 * shell's; manual, property command. The program is searched as execvp(3) does. With a
 * reaper the task is made by vfork, and we become its parent for good: reaper.c.
 *
 * Runs in: child, in its final namespaces, root and credentials.
 */
#define _GNU_SOURCE
#include "executor.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>
#include <wordexp.h>

static const char DEFAULT_PATH[] = "/bin:/usr/bin"; /* execvp(3) without PATH */
static char REAPER_NAME[] = "portoinit";

/* Strings for exec. words[-1] is free, for the interpreter of a script. */
struct program {
    char **words;
    char **env;
};

static void *reserve(uint64_t count)
{
    void *found = calloc(count, sizeof(char *));
    if (!found)
        fail(ENOMEM);
    return found;
}

static char **environment(const struct value *field)
{
    char **env = reserve((uint64_t)field->count + 1), **next = env;
    struct reader left = field->list;
    uint32_t name_size;
    struct text pair;
    while (take_pair(&left, &name_size, &pair)) {
        if (!name_size || memchr(pair.at, '=', name_size) || has_nul(pair))
            fail_at(EINVAL, "environment");
        *next++ = (char *)pair.at;
    }
    return env;
}

static char **verbatim(const struct value *field)
{
    char **words = reserve((uint64_t)field->count + 2), **next = ++words;
    struct reader left = field->list;
    struct text word;
    while (take_text(&left, &word)) {
        if (has_nul(word))
            fail_at(EINVAL, "argv");
        *next++ = (char *)word.at;
    }
    if (!*words)
        fail_at(EINVAL, "argv");
    return words;
}

static _Noreturn void refuse(struct text command, const char *cause)
{
    char after[64];
    snprintf(after, sizeof after, "': %s", cause);
    fail_text(EINVAL, "command '", command, after);
}

static char **expanded(struct text command, char **env)
{
    static const char *const causes[] = {
        [WRDE_NOSPACE] = "no memory",       [WRDE_BADCHAR] = "bad character",
        [WRDE_BADVAL] = "undefined variable", [WRDE_CMDSUB] = "command substitution",
        [WRDE_SYNTAX] = "syntax",
    };
    wordexp_t found = {.we_offs = 1};
    if (has_nul(command))
        refuse(command, "bad character");
    environ = env;
    int code = wordexp(command.at, &found, WRDE_NOCMD | WRDE_UNDEF | WRDE_DOOFFS);
    if (code > 0 && code < (int)(sizeof causes / sizeof *causes) && causes[code])
        refuse(command, causes[code]);
    if (code)
        refuse(command, "cannot be expanded");
    if (!found.we_wordc)
        refuse(command, "empty");
    return found.we_wordv + 1;
}

/* Whether the search goes on after this exec, which failed with errno. A file without a
 * header is a script of the shell. */
static bool attempt(const char *path, const struct program *program)
{
    static char shell[] = "/bin/sh";
    execve(path, program->words, program->env);
    switch (errno) {
    case ENOEXEC:
        program->words[-1] = shell;
        program->words[0] = (char *)path;
        execve(shell, program->words - 1, program->env);
        return false;
    case ENOENT:
    case ENOTDIR:
    case EACCES:
    case ESTALE:
    case ENODEV:
    case ETIMEDOUT:
        return true;
    default:
        return false;
    }
}

static const char *search_path(char **env)
{
    for (char **pair = env; *pair; pair++)
        if (!strncmp(*pair, "PATH=", 5))
            return *pair + 5;
    return DEFAULT_PATH;
}

/* Execute the first file of this name in PATH; returns errno. EACCES is remembered. */
static int search(const struct program *program)
{
    char path[PATH_MAX];
    const char *name = program->words[0], *directory = search_path(program->env);
    size_t name_size = strlen(name);
    int denied = 0, code = ENOENT;
    if (!name_size)
        return code;
    if (strchr(name, '/')) {
        attempt(name, program);
        return errno;
    }
    for (;; directory++) {
        size_t size = strcspn(directory, ":");
        struct stat found;
        if (size + name_size + 2 > sizeof path)
            return ENAMETOOLONG;
        snprintf(path, sizeof path, "%.*s%s%s", (int)size, directory, size ? "/" : "", name);
        if (!stat(path, &found) || (errno != ENOENT && errno != ENOTDIR)) {
            if (!attempt(path, program))
                return errno;
            code = errno;
            denied = code == EACCES ? code : denied;
        }
        directory += size;
        if (!*directory)
            return denied ? denied : code;
    }
}

/* Leave the program descriptors 0, 1, 2 and nothing of the launcher. With a reaper the task
 * runs while we are still there, and may look at /proc/1/fd and, as root, at our memory. */
static void clean(bool with_reaper)
{
    sigset_t waited;
    sigemptyset(&waited);
    if (with_reaper) {
        /* What reaper.c waits for is blocked early: pid 1 would lose it. */
        sigaddset(&waited, SIGINT);
        sigaddset(&waited, SIGQUIT);
        sigaddset(&waited, SIGTERM);
        sigaddset(&waited, SIGCHLD);
    }
    syscall(SYS_close_range, REAPER_FD + 1, ~0u, 0);
    prctl(PR_SET_DUMPABLE, 0);
    prctl(PR_SET_PDEATHSIG, 0); /* exec would keep it */
    sigprocmask(SIG_SETMASK, &waited, NULL);
}

static _Noreturn void become_reaper(char **words)
{
    char *nothing[] = {NULL};
    fcntl(STATUS_FD, F_SETFD, 0);
    syscall(SYS_execveat, REAPER_FD, "", words, nothing, 0x1000 /* AT_EMPTY_PATH */);
    fail_at(errno, "%s", REAPER_NAME);
}

/* The task's pid, as this namespace sees it. */
static pid_t make_task(const struct program *program, struct text name)
{
    static volatile int failure; /* the child has our memory until its exec */
    pid_t task = vfork();
    if (task < 0)
        fail_text(errno, "", name, "");
    if (!task) {
        sigset_t none;
        sigemptyset(&none);
        sigprocmask(SIG_SETMASK, &none, NULL);
        failure = tell('T', getpid()) ? search(program) : EPIPE;
        _exit(1);
    }
    if (failure)
        fail_text(failure, "", name, "");
    return task;
}

static void execute(const struct value *fields)
{
    struct program program;
    program.env = environment(&fields[2]);
    program.words = fields[0].text.at ? expanded(fields[0].text, program.env) : verbatim(&fields[1]);
    struct text name = {program.words[0], (uint32_t)strlen(program.words[0])};
    bool with_reaper = fields[3].number;
    clean(with_reaper);
    if (!with_reaper) {
        if (tell('P', getpid()))
            fail_text(search(&program), "", name, "");
        _exit(1);
    }
    char number[16];
    snprintf(number, sizeof number, "%d", make_task(&program, name));
    tell('R', 0);
    become_reaper((char *[]){REAPER_NAME, number, NULL});
}

static void rest(const struct value *fields)
{
    (void)fields;
    clean(true);
    tell('R', 0);
    become_reaper((char *[]){REAPER_NAME, NULL});
}

/* Our namespaces are opened by the master, who lets us go then. */
static void finish(const struct value *fields)
{
    char byte;
    if (tell('N', small(&fields[0])))
        while (read(STATUS_FD, &byte, 1) < 0 && errno == EINTR)
            ;
    _exit(0);
}

const struct operation LAST_OPERATIONS[] = {
    {"Execute", "oSEi", execute},
    {"Rest", "", rest},
    {"Finish", "i", finish},
    {0},
};
