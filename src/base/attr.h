/* Compiler attributes, and ownership that ends with the scope. */
#pragma once

#include <stddef.h>
#include <stdlib.h>
#include <unistd.h>

#define _cleanup_(fn)  __attribute__((__cleanup__(fn)))
#define _printf_(f, a) __attribute__((__format__(__printf__, f, a), __nonnull__(f)))
#define _must_check_   __attribute__((__warn_unused_result__))
#define _unused_       __attribute__((__unused__))

/* Gives pointer P away: yields its value and leaves NULL behind. */
#define TAKE(p)                       \
        ({                            \
                typeof(p) *_p = &(p); \
                typeof(p) _v = *_p;   \
                *_p = NULL;           \
                _v;                   \
        })

/* The same for file descriptor FD: leaves -1 behind. */
#define TAKE_FD(fd)              \
        ({                       \
                int *_p = &(fd); \
                int _v = *_p;    \
                *_p = -1;        \
                _v;              \
        })

/* Makes `_cleanup_(fnp)` from a destructor fn that accepts NULL. */
#define DEFINE_CLEANUP(type, fn) \
        static inline void fn##p(type *p) { fn(*p); }

static inline void freep(void *p) { free(*(void **)p); }
static inline void closep(int *fd) {
        if (*fd >= 0)
                close(*fd);
}

#define _cleanup_free_  _cleanup_(freep)
#define _cleanup_close_ _cleanup_(closep)

#define ARRAY_SIZE(a) (sizeof(a) / sizeof((a)[0]))

#define container_of(p, type, member) ((type *)((char *)(p)-offsetof(type, member)))
