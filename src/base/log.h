/*
 * The log: one JSON object a line on standard error.
 *
 *         log_info("lease running", LOG_TEXT("lease", id), LOG_INT("ms", took));
 *
 * Fields carry what happened, never a secret, a flag, a token or a body.
 * Where standard error is a terminal the same is written for people to read.
 * Thread-safe: a line is one write().
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

enum log_level { LOG_DEBUG, LOG_INFO, LOG_WARN, LOG_ERROR };

struct log_field {
        const char *key;
        const char *text; /* NULL: a number */
        int64_t number;
};

/* A function, because the compiler complains of (v) ? (v) : "" for an array. */
static inline const char *log_or_empty(const char *text) { return text ? text : ""; }

#define LOG_TEXT(k, v) ((struct log_field){ .key = (k), .text = log_or_empty(v) })
#define LOG_INT(k, v)  ((struct log_field){ .key = (k), .number = (v) })

void log_set_level(enum log_level least);
void log_write(enum log_level level, const char *msg, const struct log_field *fields, size_t n);

#define LOG_ARGS(...)                              \
        (const struct log_field[]){ __VA_ARGS__ }, \
                sizeof((const struct log_field[]){ __VA_ARGS__ }) / sizeof(struct log_field)
#define log_debug(msg, ...) log_write(LOG_DEBUG, msg, LOG_ARGS(__VA_ARGS__))
#define log_info(msg, ...)  log_write(LOG_INFO, msg, LOG_ARGS(__VA_ARGS__))
#define log_warn(msg, ...)  log_write(LOG_WARN, msg, LOG_ARGS(__VA_ARGS__))
#define log_error(msg, ...) log_write(LOG_ERROR, msg, LOG_ARGS(__VA_ARGS__))
