/*
 * Growing byte buffers, for replies and for what is read piece by piece.
 *
 * Zero-initialised is empty and valid.  Out of memory aborts; a limit on
 * bytes from outside is the reader's job.  data is NUL-terminated after
 * every call, the NUL is not counted.  One thread at a time.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "base/attr.h"

struct buf {
        char *data;
        size_t len, cap;
};

void buf_done(struct buf *b);
void buf_clear(struct buf *b); /* empties, keeps the memory */
void buf_reserve(struct buf *b, size_t more);
void buf_str(struct buf *b, const char *s);
void buf_int(struct buf *b, int64_t v);
void buf_printf(struct buf *b, const char *fmt, ...) _printf_(2, 3);

static inline void buf_add(struct buf *b, const void *data, size_t n) {
        if (n >= b->cap - b->len) /* with room for the NUL */
                buf_reserve(b, n);
        if (n)
                memcpy(b->data + b->len, data, n);
        b->len += n;
        b->data[b->len] = '\0';
}

static inline void buf_char(struct buf *b, char c) { buf_add(b, &c, 1); }

#define _cleanup_buf_ _cleanup_(buf_done)
