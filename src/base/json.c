#include <assert.h>
#include <string.h>

#include "base/clock.h"
#include "base/json.h"
#include "base/str.h"

/* A comma is due before a key or a value when the last byte ends a value: a quote, a closing
 * bracket, a digit, or the last letter of true, false or null. */
static void comma(struct buf *b) {
        char last;

        if (b->len == 0)
                return;
        last = b->data[b->len - 1];
        if (last == '"' || (last >= '0' && last <= '9') || last == '}' || last == ']' ||
            last == 'e' || last == 'l')
                buf_char(b, ',');
}

static void escape(struct buf *b, unsigned char c) {
        static const char hex[] = "0123456789abcdef", from[] = "\"\\\b\f\n\r\t", to[] = "\"\\bfnrt";
        const char *at = c ? strchr(from, c) : NULL;

        if (at) {
                buf_add(b, (char[]){ '\\', to[at - from] }, 2);
                return;
        }
        buf_add(b, (char[]){ '\\', 'u', '0', '0', hex[c >> 4], hex[c & 15] }, 6);
}

/* Printable ASCII that stands for itself: nearly all there is. */
static const bool is_plain[256] = { [0x20 ... 0x21] = true,
                                    [0x23 ... 0x5b] = true,
                                    [0x5d ... 0x7e] = true };

static size_t plain_length(const char *s, size_t n) {
        size_t i = 0;

        while (i < n && is_plain[(unsigned char)s[i]])
                i++;
        return i;
}

static void quote_escaped(struct buf *b, const char *s, size_t n) {
        size_t plain = 0, i = 0, len;

        buf_char(b, '"');
        while ((i += plain_length(s + i, n - i)) < n) {
                len = str_utf8(s + i, n - i);
                if (len && (unsigned char)s[i] >= 0x20 && s[i] != '"' && s[i] != '\\') {
                        i += len;
                        continue;
                }
                buf_add(b, s + plain, i - plain);
                if (len)
                        escape(b, (unsigned char)s[i]);
                else
                        buf_str(b, "\xef\xbf\xbd");
                plain = ++i;
        }
        buf_add(b, s + plain, n - plain);
        buf_char(b, '"');
}

static void quote(struct buf *b, const char *s, size_t n) {
        char *at;

        buf_reserve(b, n + 2);
        if (plain_length(s, n) < n) {
                quote_escaped(b, s, n);
                return;
        }
        at = b->data + b->len;
        at[0] = '"';
        memcpy(at + 1, s, n);
        memcpy(at + 1 + n, "\"", 2);
        b->len += n + 2;
}

void json_open(struct buf *b, char bracket) {
        assert(bracket == '{' || bracket == '[');
        comma(b);
        buf_char(b, bracket);
}

void json_close(struct buf *b, char bracket) {
        assert(bracket == '}' || bracket == ']');
        buf_char(b, bracket);
}

void json_key(struct buf *b, const char *key) {
        comma(b);
        quote(b, key, strlen(key));
        buf_char(b, ':');
}

void json_textn(struct buf *b, const char *s, size_t n) {
        if (!s) {
                json_none(b);
                return;
        }
        comma(b);
        quote(b, s, n);
}

void json_text(struct buf *b, const char *s) { json_textn(b, s, s ? strlen(s) : 0); }

void json_int(struct buf *b, int64_t v) {
        comma(b);
        buf_int(b, v);
}

void json_bool(struct buf *b, bool v) { json_raw(b, v ? "true" : "false"); }
void json_none(struct buf *b) { json_raw(b, "null"); }

void json_raw(struct buf *b, const char *json) { json_rawn(b, json, strlen(json)); }

void json_rawn(struct buf *b, const char *json, size_t n) {
        comma(b);
        buf_add(b, json, n);
}

void json_time(struct buf *b, int64_t ms) {
        char text[CLOCK_TEXT];

        if (ms == 0) {
                json_none(b);
                return;
        }
        clock_text(ms, text);
        json_text(b, text);
}

/* Where the string or number at S ends. */
static const char *value_end(const char *s) {
        if (*s != '"') {
                while (*s && *s != ',' && *s != '}')
                        s++;
                return s;
        }
        for (s++; *s && *s != '"'; s++)
                if (*s == '\\' && s[1])
                        s++;
        return *s ? s + 1 : s;
}

const char *json_member(const char *object, const char *key, size_t *n) {
        const char *at = object, *name, *end;
        size_t len = strlen(key);

        while (*at == '{' || *at == ',') {
                name = at + 1;
                at = value_end(name);
                if (*name != '"' || *at != ':')
                        return NULL;
                end = value_end(at + 1);
                if ((size_t)(at - name) == len + 2 && memcmp(name + 1, key, len) == 0) {
                        *n = (size_t)(end - at - 1);
                        return at + 1;
                }
                at = end;
        }
        return NULL;
}

/* jansson recurses for each level, up to 2048 of them: look before it leaps.  In text that is not
 * JSON the count may be wrong, and jansson refuses that. */
static int check_depth(const char *text, size_t n, struct err *err) {
        unsigned depth = 0, line = 1;
        size_t line_start = 0;
        bool quoted = false;

        for (size_t i = 0; i < n; i++) {
                char c = text[i];

                if (c == '\n') {
                        line++;
                        line_start = i + 1;
                }
                if (quoted && c == '\\')
                        i++;
                else if (c == '"')
                        quoted = !quoted;
                else if (!quoted && (c == '{' || c == '['))
                        depth++;
                else if (!quoted && (c == '}' || c == ']') && depth)
                        depth--;
                if (depth > JSON_DEPTH_MAX)
                        return err_set(err, ERR_INVALID,
                                       "line %u, column %zu: nested deeper than %d levels", line,
                                       i - line_start + 1, JSON_DEPTH_MAX);
        }
        return 0;
}

/* jansson's own words for it are for those who call jansson. */
static const char *explain(const json_error_t *e) {
        enum json_error_code code = json_error_code(e);

        if (code == json_error_null_character || code == json_error_null_byte_in_key)
                return "\\u0000 is not allowed";
        return e->text;
}

int json_parse(const char *text, size_t n, json_t **ret, struct err *err) {
        json_error_t e;
        json_t *j;

        if (check_depth(text, n, err) < 0)
                return -1;
        j = json_loadb(n ? text : "", n, JSON_REJECT_DUPLICATES | JSON_DECODE_ANY, &e);
        if (!j)
                return err_set(err, ERR_INVALID, "line %d, column %d: %s", e.line, e.column,
                               explain(&e));
        *ret = j;
        return 0;
}

/* The member KEY of O in *ret; NULL when it is missing or null. */
static int member(const json_t *o, const char *key, json_t **ret, struct err *err) {
        json_t *v;

        if (!json_is_object(o))
                return err_set(err, ERR_INVALID, "an object with \"%s\" is expected", key);
        v = json_object_get(o, key);
        *ret = json_is_null(v) ? NULL : v;
        return 0;
}

int json_get_text(const json_t *o, const char *key, const char *def, const char **ret,
                  struct err *err) {
        json_t *v = NULL;

        if (member(o, key, &v, err) < 0)
                return -1;
        if (v && !json_is_string(v))
                return err_set(err, ERR_INVALID, "\"%s\" must be a string", key);
        *ret = v ? json_string_value(v) : def;
        return 0;
}

int json_get_int(const json_t *o, const char *key, int64_t def, int64_t *ret, struct err *err) {
        json_t *v = NULL;

        if (member(o, key, &v, err) < 0)
                return -1;
        if (v && !json_is_integer(v))
                return err_set(err, ERR_INVALID, "\"%s\" must be a whole number", key);
        *ret = v ? json_integer_value(v) : def;
        return 0;
}
