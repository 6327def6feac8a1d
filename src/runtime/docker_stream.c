#include <string.h>

#include "base/str.h"
#include "runtime/docker_stream.h"

#define PIECE_BYTES 4096
#define REPLACEMENT "\xef\xbf\xbd" /* U+FFFD */

/* Could the N bytes at S, fewer than 4, be the beginning of a character? */
static bool may_begin(const char *s, size_t n) {
        char low[4], high[4];
        unsigned char lead = (unsigned char)s[0];
        size_t need = lead >= 0xf0 ? 4 : lead >= 0xe0 ? 3 : 2;

        if (lead < 0xc2 || lead > 0xf4 || n >= need)
                return false;
        memset(low, 0x80, sizeof(low));
        memset(high, 0xbf, sizeof(high));
        memcpy(low, s, n);
        memcpy(high, s, n);
        return str_utf8(low, need) || str_utf8(high, need);
}

struct piece {
        struct docker_frames *frames;
        bool is_stderr;
        size_t n;
        char text[PIECE_BYTES];
};

static void flush(struct piece *p) {
        struct docker_frames *f = p->frames;

        if (p->n && !f->stopped)
                f->stopped = !f->sink(f->arg, p->is_stderr, p->text, p->n);
        p->n = 0;
}

static void put(struct piece *p, const char *text, size_t n) {
        if (p->n + n > sizeof(p->text))
                flush(p);
        memcpy(p->text + p->n, text, n);
        p->n += n;
}

/* Moves the character at the start of the N bytes at S; gives how many bytes it took, or 0 when
 * its rest has not come yet. */
static size_t put_character(struct piece *p, const char *s, size_t n) {
        size_t size = str_utf8(s, n);

        if (size) {
                put(p, s, size);
                return size;
        }
        if (n < 4 && may_begin(s, n))
                return 0;
        put(p, REPLACEMENT, strlen(REPLACEMENT));
        return 1;
}

/* Completes the character that the last piece began.  Gives how many bytes of DATA that took. */
static size_t complete(struct piece *p, const char *data, size_t n) {
        char *begun = p->frames->cut[p->is_stderr].begun;
        size_t had = p->frames->cut[p->is_stderr].n, have = had, used, at = 0;

        while (have < 4 && have - had < n) {
                begun[have] = data[have - had];
                have++;
        }
        while (at < had) {
                used = put_character(p, begun + at, have - at);
                if (!used)
                        break;
                at += used;
        }
        if (at >= had) {
                p->frames->cut[p->is_stderr].n = 0;
                return at - had;
        }
        memmove(begun, begun + at, have - at);
        p->frames->cut[p->is_stderr].n = have - at;
        return have - had;
}

static void mend(struct docker_frames *f, bool is_stderr, const char *data, size_t n) {
        struct piece p = { .frames = f, .is_stderr = is_stderr };
        size_t at = f->cut[is_stderr].n ? complete(&p, data, n) : 0, used;

        for (; at < n; at += used) {
                used = put_character(&p, data + at, n - at);
                if (!used) {
                        memcpy(f->cut[is_stderr].begun, data + at, n - at);
                        f->cut[is_stderr].n = n - at;
                        break;
                }
        }
        flush(&p);
}

static size_t take_header(struct docker_frames *f, const char *data, size_t n, struct err *err) {
        size_t want = sizeof(f->header) - f->n_header;
        size_t used = n < want ? n : want;

        memcpy(f->header + f->n_header, data, used);
        f->n_header += used;
        if (f->header[0] > 2 || (f->n_header > 1 && f->header[1]) ||
            (f->n_header > 2 && f->header[2]) || (f->n_header > 3 && f->header[3])) {
                err_set(err, ERR_GARBLED, "the output is not in frames");
                return 0;
        }
        if (f->n_header == sizeof(f->header))
                f->left = (uint32_t)f->header[4] << 24 | (uint32_t)f->header[5] << 16 |
                          (uint32_t)f->header[6] << 8 | f->header[7];
        if (f->n_header == sizeof(f->header) && f->left == 0)
                f->n_header = 0; /* an empty frame */
        return used;
}

int docker_frames_feed(struct docker_frames *f, const char *data, size_t n, struct err *err) {
        size_t used;

        for (; n && !f->stopped; data += used, n -= used) {
                if (f->n_header < sizeof(f->header)) {
                        used = take_header(f, data, n, err);
                        if (!used)
                                return -1;
                        continue;
                }
                used = n < f->left ? n : f->left;
                mend(f, f->header[0] == 2, data, used);
                f->left -= (uint32_t)used;
                if (f->left == 0)
                        f->n_header = 0;
        }
        return 0;
}

void docker_frames_end(struct docker_frames *f) {
        for (int i = 0; i < 2; i++) {
                if (f->cut[i].n && !f->stopped)
                        f->stopped = !f->sink(f->arg, i == 1, REPLACEMENT, strlen(REPLACEMENT));
                f->cut[i].n = 0;
        }
}

int docker_lines_feed(struct docker_lines *l, const char *data, size_t n, struct err *err) {
        while (n) {
                const char *end = memchr(data, '\n', n);
                size_t used = end ? (size_t)(end - data) + 1 : n;

                if (l->begun.len + used > DOCKER_LINE_MAX)
                        return err_set(err, ERR_GARBLED, "a line is longer than %zu bytes",
                                       DOCKER_LINE_MAX);
                buf_add(&l->begun, data, used);
                if (end) {
                        if (l->line(l->arg, l->begun.data, l->begun.len, err) < 0)
                                return -1;
                        buf_clear(&l->begun);
                }
                data += used;
                n -= used;
        }
        return 0;
}

void docker_lines_done(struct docker_lines *l) { buf_done(&l->begun); }
