#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/str.h"

#define BUF_LEAST 64

void buf_done(struct buf *b) {
        free(b->data);
        *b = (struct buf){ 0 };
}

void buf_reserve(struct buf *b, size_t more) {
        size_t need, cap = b->cap ? b->cap : BUF_LEAST;

        if (__builtin_add_overflow(b->len, more, &need) || need > SIZE_MAX / 4)
                abort();
        if (need < b->cap)
                return;
        while (cap <= need)
                cap *= 2;
        b->data = realloc(b->data, cap);
        if (!b->data)
                abort();
        b->cap = cap;
        b->data[b->len] = '\0';
}

void buf_clear(struct buf *b) {
        b->len = 0;
        buf_reserve(b, 0);
        b->data[0] = '\0';
}

void buf_str(struct buf *b, const char *s) { buf_add(b, s, strlen(s)); }

void buf_int(struct buf *b, int64_t v) {
        char digits[STR_INT];
        const char *first = str_int(v, digits);

        buf_add(b, first, (size_t)(digits + STR_INT - 1 - first));
}

void buf_printf(struct buf *b, const char *fmt, ...) {
        va_list ap;
        int n;

        va_start(ap, fmt);
        n = vsnprintf(NULL, 0, fmt, ap);
        va_end(ap);
        if (n < 0)
                abort();
        buf_reserve(b, (size_t)n);
        va_start(ap, fmt);
        vsnprintf(b->data + b->len, (size_t)n + 1, fmt, ap);
        va_end(ap);
        b->len += (size_t)n;
}
