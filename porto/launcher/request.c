/* Decodes a request and runs its operations in order; encoding.py is the other side.
 *
 * A text is its size (uint32), its bytes and a NUL; the size 0xffffffff stands for an
 * absent one. A number is an int64. A list is its count (uint32) and its elements. An
 * environment pair is the size of its name (uint32) and the text NAME=VALUE. An operation
 * is the text "NAME LETTERS", see `struct operation`, and its fields.
 *
 * Both sides must agree on the name and on the kinds of the fields, else the operation is
 * unknown: a daemon of another version fails cleanly. Nothing is read past the end,
 * whatever the bytes say.
 */
#define _GNU_SOURCE
#include "executor.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>

enum { ABSENT = 0xffffffffu };

static const struct operation *const TABLES[] = {
    FILESYSTEM_OPERATIONS,
    PROCESS_OPERATIONS,
    NAMESPACE_OPERATIONS,
    SLOT_OPERATIONS,
    BENEATH_OPERATIONS,
    MOUNT_OPERATIONS,
    LAST_OPERATIONS,
};
enum { TABLE_COUNT = sizeof TABLES / sizeof *TABLES };

static const int *passed_fds;
static uint32_t passed_count;

bool take(struct reader *from, void *to, size_t size)
{
    if ((size_t)(from->end - from->at) < size)
        return false;
    memcpy(to, from->at, size);
    from->at += size;
    return true;
}

bool take_text(struct reader *from, struct text *text)
{
    uint32_t size;
    if (!take(from, &size, sizeof size))
        return false;
    if (size == ABSENT) {
        *text = (struct text){NULL, 0};
        return true;
    }
    if ((size_t)(from->end - from->at) <= size || from->at[size])
        return false;
    *text = (struct text){from->at, size};
    from->at += (size_t)size + 1;
    return true;
}

/* A pair whose '=' is where the size of its name says. */
bool take_pair(struct reader *from, uint32_t *name_size, struct text *pair)
{
    return take(from, name_size, sizeof *name_size) && take_text(from, pair) && pair->at &&
           *name_size < pair->size && pair->at[*name_size] == '=';
}

bool has_nul(struct text text)
{
    return text.at && memchr(text.at, 0, text.size);
}

static bool take_element(struct reader *from, char kind)
{
    struct text text;
    uint32_t name_size;
    int64_t number;
    switch (kind) {
    case 'I':
        return take(from, &number, sizeof number);
    case 'S':
        return take_text(from, &text) && text.at;
    default:
        return take_pair(from, &name_size, &text);
    }
}

static bool take_value(struct reader *from, char kind, struct value *value)
{
    *value = (struct value){0};
    switch (kind) {
    case 'i':
        return take(from, &value->number, sizeof value->number);
    case 's':
        return take_text(from, &value->text) && value->text.at;
    case 'o':
        return take_text(from, &value->text);
    }
    if (!take(from, &value->count, sizeof value->count))
        return false;
    value->list = *from;
    for (uint32_t left = value->count; left; left--)
        if (!take_element(from, kind))
            return false;
    value->list.end = from->at;
    return true;
}

/* Descriptors that were passed with the request. */
void set_passed(const int *fds, uint32_t count)
{
    passed_fds = fds;
    passed_count = count;
}

/* The descriptor behind an index of the request. */
int passed(const struct value *index)
{
    if (index->number < 0 || index->number >= passed_count)
        fail_at(EINVAL, "descriptor %lld: not passed", (long long)index->number);
    return passed_fds[index->number];
}

/* A number that has to fit into an int, or the bits of an unsigned one. */
int small(const struct value *number)
{
    if (number->number < INT_MIN || number->number > UINT_MAX)
        fail(EINVAL);
    return (int)number->number;
}

/* A user or group; -1 would mean "leave it as it is". */
uint32_t identifier(int64_t number)
{
    if (number < 0 || number >= UINT32_MAX)
        fail(EINVAL);
    return (uint32_t)number;
}

static bool is_called(const struct operation *operation, struct text head)
{
    size_t size = strlen(operation->name);
    return head.size > size && !memcmp(head.at, operation->name, size) && head.at[size] == ' ' &&
           !strcmp(head.at + size + 1, operation->fields);
}

static const struct operation *find(struct text head)
{
    for (size_t table = 0; table < TABLE_COUNT; table++)
        for (const struct operation *found = TABLES[table]; found->name; found++)
            if (is_called(found, head))
                return found;
    return NULL;
}

/* The kernel would see a text with a NUL as another, shorter one. */
static void refuse_nul(const struct operation *operation, const struct value *values)
{
    for (size_t at = 0; operation->fields[at]; at++)
        if (has_nul(values[at].text))
            fail(EINVAL);
}

static bool is_last(const struct operation *operation)
{
    for (const struct operation *last = LAST_OPERATIONS; last->name; last++)
        if (operation == last)
            return true;
    return false;
}

/* Ends in exec or in a failure report. */
void run_operations(struct reader operations)
{
    struct value values[MAX_FIELDS];
    struct text head;
    while (operations.at < operations.end) {
        set_subject("setup", NULL, 0);
        if (!take_text(&operations, &head) || !head.at)
            fail_at(EINVAL, "operations");
        const struct operation *operation = find(head);
        if (!operation)
            fail_text(EINVAL, "operations: unknown ", head, "");
        for (size_t at = 0; operation->fields[at]; at++)
            if (!take_value(&operations, operation->fields[at], &values[at]))
                fail_text(EINVAL, "operations: malformed ", head, "");
        set_subject(operation->name, *operation->fields ? values : NULL, *operation->fields);
        if (!is_last(operation))
            refuse_nul(operation, values);
        operation->run(values);
    }
    fail_at(EINVAL, "the end of the list");
}

/* For the test that compares the tables with ops.py: a line for each operation. */
void list_operations(void)
{
    for (size_t table = 0; table < TABLE_COUNT; table++)
        for (const struct operation *found = TABLES[table]; found->name; found++)
            printf("%s %s\n", found->name, found->fields);
}
