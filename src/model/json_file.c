#include "model/json_file.h"

#include <string.h>

#define DEPTH_MAX 32
#define KEY_SHOWN 64 /* bytes of a name in a message */

_Static_assert(DEPTH_MAX <= JSON_DEPTH_MAX, "what a file holds can be written as JSON");

struct reader {
        const char *at, *end, *line_start;
        int line;
        struct mark fault;  /* where the text or word begins that is at fault; else it is here */
        struct arena arena; /* of paths */
        struct marks *marks;
        struct err *err;
};

static void reader_done(struct reader *r) { arena_done(&r->arena); }

static struct mark here(const struct reader *r) {
        return (struct mark){ r->line, (int)(r->at - r->line_start) + 1 };
}

/* The next byte; 0 at the end, where the text has none. */
static char peek(const struct reader *r) {
        if (r->at < r->end)
                return *r->at;
        return '\0';
}

static bool is_blank(char c) { return c == ' ' || c == '\t' || c == '\r' || c == '\n'; }

/* Does C end a number or a literal? */
static bool is_mark(char c) { return is_blank(c) || (c && strchr(",:[]{}\"", c)); }

static void step(struct reader *r) {
        if (*r->at++ != '\n')
                return;
        r->line++;
        r->line_start = r->at;
}

static void skip_blanks(struct reader *r) {
        while (r->at < r->end && is_blank(*r->at))
                step(r);
}

static int refuse(struct reader *r, const char *wanted) {
        char c = peek(r);

        if (r->at >= r->end)
                return err_set(r->err, ERR_INVALID, "not valid JSON: the file ends where %s is due",
                               wanted);
        if (c < 0x20 || c > 0x7e)
                return err_set(r->err, ERR_INVALID,
                               "not valid JSON: byte %02x stands where %s is due", (unsigned char)c,
                               wanted);
        return err_set(r->err, ERR_INVALID, "not valid JSON: '%c' stands where %s is due", c,
                       wanted);
}

/* TOKEN, a text, number or literal that began at FROM, as the value that it means. */
static int decode(struct reader *r, const struct buf *token, struct mark from, json_t **ret) {
        json_error_t why;

        *ret = json_loadb(token->data, token->len, JSON_DECODE_ANY, &why);
        if (*ret)
                return 0;
        r->fault = from;
        return err_set(r->err, ERR_INVALID, "not valid JSON: %s", why.text);
}

/* Line breaks and tabs are escaped here, for everybody else; what else is wrong stays wrong. */
static void add_char(struct buf *b, char c, bool escaped) {
        if (!escaped && (c == '\n' || c == '\r' || c == '\t'))
                buf_printf(b, "\\u%04x", (unsigned)c);
        else
                buf_char(b, c);
}

static int read_text(struct reader *r, json_t **ret) {
        _cleanup_buf_ struct buf token = { 0 };
        struct mark from = here(r);
        bool escaped = false;

        buf_char(&token, '"');
        for (step(r); r->at < r->end && (escaped || *r->at != '"'); step(r)) {
                add_char(&token, *r->at, escaped);
                escaped = !escaped && *r->at == '\\';
        }
        if (r->at >= r->end)
                return refuse(r, "the end of a text");
        step(r);
        buf_char(&token, '"');
        return decode(r, &token, from, ret);
}

/* A number, true, false or null: whatever stands up to the next mark or blank. */
static int read_word(struct reader *r, json_t **ret) {
        _cleanup_buf_ struct buf token = { 0 };
        struct mark from = here(r);

        while (r->at < r->end && !is_mark(*r->at)) {
                buf_char(&token, *r->at);
                step(r);
        }
        if (token.len == 0)
                return refuse(r, "a value");
        return decode(r, &token, from, ret);
}

static int read_value(struct reader *r, const char *path, unsigned depth, json_t **ret);

/* Another one, or the end, which is taken?  NAMED: "a comma or ]". */
static int goes_on(struct reader *r, char end, const char *named, bool first, bool *ret) {
        skip_blanks(r);
        *ret = peek(r) != end;
        if (!*ret) {
                step(r);
                return 0;
        }
        if (first)
                return 0;
        if (peek(r) != ',')
                return refuse(r, named);
        step(r);
        skip_blanks(r);
        return 0;
}

static int read_list(struct reader *r, const char *path, unsigned depth, json_t **ret) {
        _cleanup_json_ json_t *list = json_array();
        json_t *v = NULL;
        bool more;

        step(r);
        for (size_t i = 0;; i++) {
                if (goes_on(r, ']', "a comma or ]", i == 0, &more) < 0)
                        return -1;
                if (!more)
                        break;
                if (read_value(r, arena_printf(&r->arena, "%s[%zu]", path, i), depth + 1, &v) < 0)
                        return -1;
                json_array_append_new(list, v);
        }
        *ret = TAKE(list);
        return 0;
}

/* A name of object O and the colon after it. */
static int read_key(struct reader *r, const json_t *o, json_t **ret) {
        _cleanup_json_ json_t *key = NULL;
        struct mark from = here(r);

        if (peek(r) != '"')
                return refuse(r, "a name in quotes");
        if (read_text(r, &key) < 0)
                return -1;
        if (json_object_get(o, json_string_value(key))) {
                r->fault = from;
                return err_set(r->err, ERR_INVALID, "%.*s: is there twice", KEY_SHOWN,
                               json_string_value(key));
        }
        skip_blanks(r);
        if (peek(r) != ':')
                return refuse(r, "a colon");
        step(r);
        *ret = TAKE(key);
        return 0;
}

static int read_member(struct reader *r, const char *path, unsigned depth, json_t *o) {
        _cleanup_json_ json_t *key = NULL;
        const char *name;
        json_t *v = NULL;

        if (read_key(r, o, &key) < 0)
                return -1;
        name = json_string_value(key);
        if (read_value(r,
                       arena_printf(&r->arena, "%s%s%.*s", path, *path ? "." : "", KEY_SHOWN, name),
                       depth + 1, &v) < 0)
                return -1;
        json_object_set_new(o, name, v);
        return 0;
}

static int read_object(struct reader *r, const char *path, unsigned depth, json_t **ret) {
        _cleanup_json_ json_t *o = json_object();
        bool more;

        step(r);
        for (bool first = true;; first = false) {
                if (goes_on(r, '}', "a comma or }", first, &more) < 0)
                        return -1;
                if (!more)
                        break;
                if (read_member(r, path, depth, o) < 0)
                        return -1;
        }
        *ret = TAKE(o);
        return 0;
}

static int read_value(struct reader *r, const char *path, unsigned depth, json_t **ret) {
        skip_blanks(r);
        marks_put(r->marks, path, here(r));
        if (depth > DEPTH_MAX)
                return err_set(r->err, ERR_INVALID, "nested deeper than %d levels", DEPTH_MAX);
        switch (peek(r)) {
        case '{':
                return read_object(r, path, depth, ret);
        case '[':
                return read_list(r, path, depth, ret);
        case '"':
                return read_text(r, ret);
        default:
                return read_word(r, ret);
        }
}

static int read_all(struct reader *r, json_t **ret) {
        _cleanup_json_ json_t *v = NULL;

        if (read_value(r, "", 0, &v) < 0)
                return -1;
        skip_blanks(r);
        if (r->at < r->end)
                return refuse(r, "the end");
        *ret = TAKE(v);
        return 0;
}

int json_file_parse(const char *text, size_t n, struct marks *marks, json_t **ret, struct mark *at,
                    struct err *err) {
        _cleanup_(reader_done) struct reader r = { .at = text,
                                                   .end = text + n,
                                                   .line_start = text,
                                                   .line = 1,
                                                   .marks = marks,
                                                   .err = err };

        if (n >= 3 && memcmp(text, "\xef\xbb\xbf", 3) == 0) /* a byte order mark */
                r.at = r.line_start = text + 3;
        if (read_all(&r, ret) == 0)
                return 0;
        *at = r.fault.line ? r.fault : here(&r);
        return -1;
}
