/* What a child tells the master over its status socket; child_setup.py reads it.
 *
 *     'B' 0              the child lives
 *     'P' pid            the program is executed now; end of file tells that it runs
 *     'T' pid            sent by the task that the reaper will have, just before exec
 *     'R' 0              the task runs, if there is one; the reaper is executed now
 *     'N' flags          nothing is executed; our namespaces of these kinds are to be kept
 *     'F' errno name NUL subject
 *
 * The number is an int32, a pid as its process sees it. What the master sees, the kernel adds to
 * each message (SCM_CREDENTIALS). One failure is sent at most, and ends the sender.
 */
#define _GNU_SOURCE
#include "executor.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { HEAD = 1 + sizeof(int32_t), LIMIT = 32 << 10 };

static const char *operation = "setup";
static const struct value *subject;
static char subject_kind;

/* What a failure without words of its own names: the operation's first field. */
void set_subject(const char *name, const struct value *first, char kind)
{
    operation = name;
    subject = first;
    subject_kind = kind;
}

static void put_head(char *message, char kind, int number)
{
    int32_t value = number;
    message[0] = kind;
    memcpy(message + 1, &value, sizeof value);
}

/* Whether the master is there to hear it. */
bool tell(char kind, int number)
{
    char message[HEAD];
    put_head(message, kind, number);
    return send(STATUS_FD, message, sizeof message, MSG_NOSIGNAL) == sizeof message;
}

/* Failure message under construction: cut where it is full. */
static struct {
    size_t size;
    char data[LIMIT];
} message;

static void put(const char *data, size_t size)
{
    size_t room = sizeof message.data - message.size;
    size = size < room ? size : room;
    memcpy(message.data + message.size, data, size);
    message.size += size;
}

static void begin(const char *name, int code)
{
    put_head(message.data, 'F', code);
    message.size = HEAD;
    put(name, strlen(name) + 1);
}

static void put_words(const char *format, va_list arguments)
{
    char words[4096 + 256]; /* a path and a little */
    int size = vsnprintf(words, sizeof words, format, arguments);
    put(words, size < 0 ? 0 : (size_t)size < sizeof words ? (size_t)size : sizeof words - 1);
}

/* If the send fails, the master is gone. */
static void post(int fd)
{
    send(fd, message.data, message.size, MSG_NOSIGNAL);
}

/* The executor's own failure, for the child that it did not make. */
void report(int fd, const char *name, int code, const char *format, ...)
{
    va_list arguments;
    begin(name, code);
    va_start(arguments, format);
    put_words(format, arguments);
    va_end(arguments);
    post(fd);
}

/* The operation failed at what the words say. */
void fail_at(int code, const char *format, ...)
{
    va_list arguments;
    begin(operation, code);
    va_start(arguments, format);
    put_words(format, arguments);
    va_end(arguments);
    post(STATUS_FD);
    _exit(1);
}

/* The same around a text that may be long and hold anything. */
void fail_text(int code, const char *before, struct text text, const char *after)
{
    begin(operation, code);
    put(before, strlen(before));
    if (text.at)
        put(text.at, text.size);
    put(after, strlen(after));
    post(STATUS_FD);
    _exit(1);
}

/* The operation failed; its first field says at what. */
void fail(int code)
{
    if (!subject)
        fail_at(code, "%s", operation);
    if (subject_kind == 'i')
        fail_at(code, "%lld", (long long)subject->number);
    fail_text(code, "", subject->text, "");
}
