/*
 * What the example challenges share: their flag, their doors, and a little HTTP.
 *
 * A program opens its doors and never returns.  Each connection is served by a
 * child of its own, so that one that crashes, hangs or is fed garbage disturbs
 * no other; a child lives at most PUZZLE_SECONDS.  The programs need no
 * capability, no user, no file but the flag's, and write nothing.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define PUZZLE_SECONDS  120
#define PUZZLE_CHILDREN 24 /* connections at once */

/* The environment's FLAG, else the first line of /flag/flag.txt. */
const char *puzzle_flag(void);

struct door {
        uint16_t port;
        void (*serve)(int fd); /* in the child; the connection ends when it returns */
};
/* Listens on all addresses. */
_Noreturn void puzzle_open(const struct door *doors, size_t n);

/* Reads one line, without its end; what does not fit is dropped.  False at the end. */
bool puzzle_line(int fd, char *line, size_t room);
void puzzle_say(int fd, const char *fmt, ...) __attribute__((__format__(__printf__, 2, 3)));
void puzzle_chance(void *ret, size_t n);

struct page_request {
        char method[8], path[256], cookie[512];
};
/* False when it was no HTTP; the answer is then already given. */
bool page_read(int fd, struct page_request *ret);
/* HEADERS are whole lines with their CRLF, or "". */
void page_answer(int fd, const struct page_request *request, const char *status,
                 const char *headers, const char *type, const char *body);
