#include "model/csv.h"

#include <string.h>

#include "base/buf.h"

void csv_init(struct csv *c, const char *text, size_t n) {
        *c = (struct csv){ text, text + n, 1 };
        if (n >= 3 && memcmp(text, "\xef\xbb\xbf", 3) == 0)
                c->at += 3;
}

static bool is_blank(char c) { return c == ' ' || c == '\t'; }
static bool is_break(char c) { return c == '\n' || c == '\r'; }

/* Over one line break, which may have two bytes. */
static void step_line(struct csv *c) {
        if (c->end - c->at >= 2 && c->at[0] == '\r' && c->at[1] == '\n')
                c->at++;
        c->at++;
        c->line++;
}

static void skip_blanks(struct csv *c) {
        while (c->at < c->end && is_blank(*c->at))
                c->at++;
}

static void skip_line(struct csv *c) {
        while (c->at < c->end && !is_break(*c->at))
                c->at++;
        if (c->at < c->end)
                step_line(c);
}

static int quoted(struct csv *c, struct buf *b, struct err *err) {
        for (c->at++; c->at < c->end; c->at++) {
                if (*c->at == '"' && (c->end - c->at < 2 || c->at[1] != '"')) {
                        c->at++;
                        skip_blanks(c);
                        if (c->at == c->end || *c->at == ',' || is_break(*c->at))
                                return 0;
                        return err_set(err, ERR_INVALID,
                                       "something stands between a quoted field and its comma");
                }
                c->at += *c->at == '"';
                c->line += *c->at == '\n' ||
                           (*c->at == '\r' && (c->end - c->at < 2 || c->at[1] != '\n'));
                buf_char(b, *c->at);
        }
        return err_set(err, ERR_INVALID, "a quoted field has no end");
}

static int plain(struct csv *c, struct buf *b, struct err *err) {
        while (c->at < c->end && *c->at != ',' && !is_break(*c->at)) {
                if (*c->at == '"')
                        return err_set(err, ERR_INVALID,
                                       "a quote stands within a field that is not quoted");
                buf_char(b, *c->at++);
        }
        while (b->len > 0 && is_blank(b->data[b->len - 1]))
                b->data[--b->len] = '\0';
        return 0;
}

static int field(struct csv *c, struct arena *arena, struct csv_record *ret, struct err *err) {
        _cleanup_buf_ struct buf b = { 0 };

        if (ret->n == CSV_FIELDS_MAX)
                return err_set(err, ERR_INVALID, "more than %d fields", CSV_FIELDS_MAX);
        buf_reserve(&b, 1);
        skip_blanks(c);
        if ((c->at < c->end && *c->at == '"' ? quoted(c, &b, err) : plain(c, &b, err)) < 0)
                return -1;
        if (memchr(b.data, '\0', b.len))
                return err_set(err, ERR_INVALID, "a field has a NUL character");
        ret->fields[ret->n++] = arena_grow(arena, b.data, b.len, b.len + 1);
        return 0;
}

static int record(struct csv *c, struct arena *arena, struct csv_record *ret, struct err *err) {
        for (;;) {
                if (field(c, arena, ret, err) < 0)
                        return -1;
                if (c->at == c->end || *c->at != ',')
                        break;
                c->at++;
        }
        if (c->at < c->end)
                step_line(c);
        return 0;
}

int csv_next(struct csv *c, struct arena *arena, struct csv_record *ret, bool *more,
             struct err *err) {
        const char *begin;

        for (;;) {
                begin = c->at;
                skip_blanks(c);
                if (c->at == c->end || !is_break(*c->at))
                        break;
                step_line(c);
        }
        *more = c->at < c->end;
        *ret = (struct csv_record){ .line = c->line };
        if (!*more || record(c, arena, ret, err) == 0)
                return 0;
        /* A quote may be open for the rest of the text: go on behind the line that has it. */
        c->at = begin;
        c->line = ret->line;
        skip_line(c);
        return -1;
}
