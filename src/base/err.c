#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/err.h"

static const struct {
        int http;
        const char *code, *title;
} kinds[] = {
#define ERR(id, http, code, title) [ERR_##id] = { http, code, title },
#include "base/errors.def"
};

/* In parentheses, since macros of these names tell the analyzer what they give. */
int(err_set)(struct err *err, enum err_kind kind, const char *fmt, ...) {
        va_list ap;

        err->kind = kind;
        va_start(ap, fmt);
        vsnprintf(err->msg, sizeof(err->msg), fmt, ap);
        va_end(ap);
        return -1;
}

int(err_wrap)(struct err *err, const char *fmt, ...) {
        char inner[sizeof(err->msg)];
        va_list ap;
        size_t n;

        memcpy(inner, err->msg, sizeof(inner));
        va_start(ap, fmt);
        vsnprintf(err->msg, sizeof(err->msg), fmt, ap);
        va_end(ap);
        n = strlen(err->msg);
        snprintf(err->msg + n, sizeof(err->msg) - n, ": %s", inner);
        return -1;
}

int err_http(enum err_kind kind) { return kinds[kind].http; }
const char *err_code(enum err_kind kind) { return kinds[kind].code; }
const char *err_title(enum err_kind kind) { return kinds[kind].title; }

bool err_may_pass(enum err_kind kind) {
        return kind == ERR_UNAVAILABLE || kind == ERR_TIMEOUT || kind == ERR_GARBLED;
}
