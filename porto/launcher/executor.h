/* The executor: makes the children of launches, which run their setup operations.
 *
 *     executor.c    the process that the master keeps: takes requests, makes children
 *     request.c     decodes a request; runs the operations of a child in their order
 *     report.c      what a child tells the master over its status socket
 *     namespaces.c  operations on namespaces
 *     filesystem.c  operations on cgroups, mounts and files, by path
 *     slots.c       descriptors that a child has opened, by the daemon's numbers
 *     beneath.c     operations on names beneath a slot, which others may change
 *     mounts.c      operations on mounts, by descriptors
 *     process.c     operations on the process: streams, limits, credentials
 *     execute.c     the last operation: command words, search in PATH, exec, the reaper; or none
 *
 * ops.py says what each operation means, encoding.py how it is encoded, executor.py
 * starts this program and talks to it.
 */
#ifndef PORTO_EXECUTOR_H
#define PORTO_EXECUTOR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/* Fixed descriptors of the executor and its children, besides 0, 1 and 2. */
enum {
    STATUS_FD = 3, /* of a child: its status socket; reaper.c knows the number too */
    REAPER_FD = 4, /* the static reaper's executable */
    CONTROL_FD = 5, /* of the executor: its socket to the master */
};

enum { MAX_FIELDS = 8 };

/* Encoded bytes that are not consumed yet. */
struct reader {
    const char *at;
    const char *end;
};

/* Bytes inside the request, with a NUL behind them; at is NULL for an absent text. */
struct text {
    const char *at;
    uint32_t size;
};

/* One field of an operation; which member counts is said by `struct operation`. */
struct value {
    int64_t number;
    struct text text;
    struct reader list; /* valid elements, for take_* */
    uint32_t count; /* of the list */
};

/* An operation of ops.py. `fields` has a letter for each of its fields:
 *
 *     i  number     s  text     o  text or absent
 *     I  numbers    S  texts    E  pairs of an environment
 */
struct operation {
    const char *name;
    const char *fields;
    void (*run)(const struct value *fields);
};

extern const struct operation FILESYSTEM_OPERATIONS[];
extern const struct operation PROCESS_OPERATIONS[];
extern const struct operation NAMESPACE_OPERATIONS[];
extern const struct operation SLOT_OPERATIONS[];
extern const struct operation BENEATH_OPERATIONS[];
extern const struct operation MOUNT_OPERATIONS[];
extern const struct operation LAST_OPERATIONS[];

/* request.c */
bool take(struct reader *from, void *to, size_t size);
bool take_text(struct reader *from, struct text *text);
bool take_pair(struct reader *from, uint32_t *name_size, struct text *pair);
bool has_nul(struct text text);
void set_passed(const int *fds, uint32_t count);
int passed(const struct value *index);
int small(const struct value *number);
uint32_t identifier(int64_t number);
_Noreturn void run_operations(struct reader operations);
void list_operations(void);

/* slots.c */
int slot(const struct value *number);
void expect_empty(const struct value *number);
void fill(const struct value *number, int fd);
int open_beneath(int directory, const char *path, int flags, mode_t mode, uint64_t resolve);

/* process.c */
int stream_number(const struct value *field);

/* report.c */
void set_subject(const char *operation, const struct value *first, char kind);
bool tell(char kind, int number);
void report(int fd, const char *operation, int code, const char *format, ...)
    __attribute__((format(printf, 4, 5)));
_Noreturn void fail(int code);
_Noreturn void fail_at(int code, const char *format, ...) __attribute__((format(printf, 2, 3)));
_Noreturn void fail_text(int code, const char *before, struct text text, const char *after);

#endif
