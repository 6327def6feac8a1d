#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/json.h"
#include "base/log.h"
#include "base/str.h"

#define LOG_VALUE_MAX 1024 /* bytes of a message or of a field's text; the rest is cut */

static const char *const level_names[] = { "debug", "info", "warn", "error" };
static _Atomic int least_level = LOG_INFO;

static bool for_people;
static pthread_once_t looked = PTHREAD_ONCE_INIT;

static void look(void) { for_people = isatty(STDERR_FILENO) == 1; }

void log_set_level(enum log_level least) { atomic_store(&least_level, (int)least); }

static size_t length(const char *text) {
        size_t n = strlen(text);

        return n < LOG_VALUE_MAX ? n : LOG_VALUE_MAX;
}

static void json_field(struct buf *b, const char *key, const char *text) {
        json_key(b, key);
        json_textn(b, text, length(text));
}

static void line_for_machines(struct buf *b, enum log_level level, const char *msg,
                              const struct log_field *fields, size_t n) {
        json_open(b, '{');
        json_key(b, "ts");
        json_time(b, clock_now_ms());
        json_field(b, "level", level_names[level]);
        json_field(b, "msg", msg);
        for (size_t i = 0; i < n; i++) {
                if (fields[i].text) {
                        json_field(b, fields[i].key, fields[i].text);
                } else {
                        json_key(b, fields[i].key);
                        json_int(b, fields[i].number);
                }
        }
        json_close(b, '}');
}

/* Text as it may be shown: what could steer a terminal (C0, DEL, and C1, which is C2 80..9F)
 * and what is not UTF-8 become question marks. */
static void shown(struct buf *b, const char *s) {
        size_t n = length(s), len;

        for (size_t i = 0; i < n; i += len ? len : 1) {
                len = str_utf8(s + i, n - i);
                if (len == 0 || (unsigned char)s[i] < 0x20 || s[i] == 0x7f ||
                    (s[i] == '\xc2' && (unsigned char)s[i + 1] < 0xa0))
                        buf_char(b, '?');
                else
                        buf_add(b, s + i, len);
        }
}

static void shown_field(struct buf *b, const char *key, const char *text) {
        bool quotes = strpbrk(text, " =\"") || !*text;

        buf_printf(b, " %s=%s", key, quotes ? "\"" : "");
        shown(b, text);
        buf_str(b, quotes ? "\"" : "");
}

static void line_for_people(struct buf *b, enum log_level level, const char *msg,
                            const struct log_field *fields, size_t n) {
        char at[CLOCK_TEXT];

        clock_text(clock_now_ms(), at);
        buf_printf(b, "%.12s %-5s ", at + strlen("2026-11-20T"), level_names[level]);
        shown(b, msg);
        for (size_t i = 0; i < n; i++) {
                if (fields[i].text)
                        shown_field(b, fields[i].key, fields[i].text);
                else
                        buf_printf(b, " %s=%lld", fields[i].key, (long long)fields[i].number);
        }
}

/* A line that cannot be written is lost: there is nowhere left to say so. */
static void write_all(const char *p, size_t n) {
        while (n > 0) {
                ssize_t done = write(STDERR_FILENO, p, n);

                if (done < 0 && errno == EINTR)
                        continue;
                if (done <= 0)
                        return;
                p += done;
                n -= (size_t)done;
        }
}

void log_write(enum log_level level, const char *msg, const struct log_field *fields, size_t n) {
        _cleanup_buf_ struct buf b = { 0 };
        int saved = errno;

        if ((int)level < atomic_load_explicit(&least_level, memory_order_relaxed))
                return;
        pthread_once(&looked, look);
        if (for_people)
                line_for_people(&b, level, msg, fields, n);
        else
                line_for_machines(&b, level, msg, fields, n);
        buf_char(&b, '\n');
        write_all(b.data, b.len);
        errno = saved;
}
