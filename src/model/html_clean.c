#include "model/html_clean.h"

#include <stdbool.h>
#include <string.h>
#include <strings.h>

#include "base/str.h"

#define OPEN_MAX 100

struct element {
        const char *name, *attributes;
        bool is_void;
};

static const struct element elements[] = {
#define ELEMENT(name, attributes)      { #name, attributes, false },
#define VOID_ELEMENT(name, attributes) { #name, attributes, true },
#include "model/elements.def"
};

/* Those that go with all that is in them: it is no text, or another language's. */
static const char *const opaque[] = {
        "script", "style", "iframe",   "object", "embed",    "template", "noscript",  "noembed",
        "svg",    "math",  "textarea", "title",  "select",   "xmp",      "plaintext", "noframes",
        "audio",  "video", "canvas",   "applet", "frameset", "head",
};

struct cleaner {
        const char *at, *end;
        struct buf *to;
        const struct element *open[OPEN_MAX];
        size_t n_open;
};

/* A piece of the source. */
struct span {
        const char *text;
        size_t n;
};

/* Is C one of LIST?  NUL is none. */
static bool is_one_of(char c, const char *list) { return c != '\0' && strchr(list, c) != NULL; }
static bool is_blank(char c) { return is_one_of(c, " \t\r\n\f"); }
static bool is_letter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }
static bool is_digit(char c) { return c >= '0' && c <= '9'; }

static bool is_named(struct span s, const char *name) {
        return strlen(name) == s.n && strncasecmp(s.text, name, s.n) == 0;
}

static const struct element *element_of(struct span name) {
        for (size_t i = 0; i < sizeof(elements) / sizeof(elements[0]); i++)
                if (is_named(name, elements[i].name))
                        return &elements[i];
        return NULL;
}

static bool is_opaque(struct span name) {
        for (size_t i = 0; i < sizeof(opaque) / sizeof(opaque[0]); i++)
                if (is_named(name, opaque[i]))
                        return true;
        return false;
}

/* --- attributes --- */

/* Up to the first byte that STOP has, or the end. */
static struct span take_until(struct cleaner *c, const char *stop) {
        struct span s = { c->at, 0 };

        while (c->at < c->end && !is_one_of(*c->at, stop))
                c->at++;
        s.n = (size_t)(c->at - s.text);
        return s;
}

static void skip_blanks(struct cleaner *c) {
        while (c->at < c->end && is_blank(*c->at))
                c->at++;
}

static struct span take_value(struct cleaner *c) {
        char quote = (char)(c->at < c->end ? *c->at : '\0');
        struct span s;

        if (quote != '"' && quote != '\'')
                return take_until(c, " \t\r\n\f>");
        c->at++;
        s = take_until(c, quote == '"' ? "\"" : "'");
        if (c->at < c->end)
                c->at++;
        return s;
}

/* The next attribute of a tag; false at its end. */
static bool take_attribute(struct cleaner *c, struct span *name, struct span *value) {
        while (c->at < c->end && (is_blank(*c->at) || *c->at == '/'))
                c->at++;
        if (c->at >= c->end || *c->at == '>')
                return false;
        *name = take_until(c, " \t\r\n\f/>=");
        *value = (struct span){ c->at, 0 };
        skip_blanks(c);
        if (c->at < c->end && *c->at == '=') {
                c->at++;
                skip_blanks(c);
                *value = take_value(c);
        }
        if (name->n == 0 && value->n == 0 && c->at < c->end && *c->at == '=')
                c->at++;
        return true;
}

/* Is NAME one of the words of LIST? */
static bool is_listed(const char *list, struct span name) {
        while (*list) {
                size_t n = strcspn(list, " ");

                if (n == name.n && strncasecmp(list, name.text, n) == 0)
                        return true;
                list += n + (list[n] == ' ');
        }
        return false;
}

static bool begins(struct span s, const char *prefix) {
        size_t n = strlen(prefix);

        return s.n >= n && strncasecmp(s.text, prefix, n) == 0;
}

/* Has V no scheme, whatever its entities stand for: what is before its path, query or fragment can
 * only be a name? */
static bool is_relative(struct span v) {
        for (size_t i = 0; i < v.n; i++) {
                if (is_one_of(v.text[i], "/?#"))
                        return true;
                if (!is_letter(v.text[i]) && !is_digit(v.text[i]) && !is_one_of(v.text[i], "-._~"))
                        return false;
        }
        return v.n > 0;
}

static bool is_web(struct span v) { return begins(v, "http://") || begins(v, "https://"); }

static bool is_number(struct span v) {
        for (size_t i = 0; i < v.n; i++)
                if (!is_digit(v.text[i]))
                        return false;
        return v.n > 0 && v.n <= 4;
}

static bool is_language(struct span v) {
        static const char prefix[] = "language-";

        if (!begins(v, prefix))
                return false;
        for (size_t i = sizeof(prefix) - 1; i < v.n; i++)
                if (!is_letter(v.text[i]) && !is_digit(v.text[i]) && !is_one_of(v.text[i], "-+#._"))
                        return false;
        return true;
}

static bool is_good(struct span name, struct span v) {
        if (is_named(name, "href"))
                return is_web(v) || begins(v, "mailto:") || is_relative(v);
        if (is_named(name, "src"))
                return is_web(v) || begins(v, "/");
        if (is_named(name, "class"))
                return is_language(v);
        if (is_named(name, "title") || is_named(name, "alt"))
                return true;
        return is_number(v);
}

static void write_lower(struct buf *b, struct span s) {
        for (size_t i = 0; i < s.n; i++)
                buf_char(b, str_lower(s.text[i]));
}

static void write_value(struct buf *b, struct span v) {
        for (size_t i = 0; i < v.n; i++) {
                if (v.text[i] == '"')
                        buf_str(b, "&quot;");
                else if (v.text[i] == '<')
                        buf_str(b, "&lt;");
                else if (v.text[i] == '>')
                        buf_str(b, "&gt;");
                else if (v.text[i])
                        buf_char(b, v.text[i]);
        }
}

/* What may stay of a tag's attributes, each once; the tag is taken up to its end. */
static void clean_attributes(struct cleaner *c, const struct element *e, struct buf *b) {
        const char *seen[4];
        struct span name, v;
        size_t n = 0;

        while (take_attribute(c, &name, &v)) {
                bool again = false;

                if (!e || !is_listed(e->attributes, name) || !is_good(name, v))
                        continue;
                for (size_t i = 0; i < n; i++)
                        again |= strncasecmp(seen[i], name.text, name.n) == 0;
                if (again || n == sizeof(seen) / sizeof(seen[0]))
                        continue;
                seen[n++] = name.text;
                buf_char(b, ' ');
                write_lower(b, name);
                buf_str(b, "=\"");
                write_value(b, v);
                buf_char(b, '"');
        }
        if (c->at < c->end)
                c->at++;
}

/* --- tags --- */

static void close_to(struct cleaner *c, size_t n) {
        while (c->n_open > n) {
                buf_str(c->to, "</");
                buf_str(c->to, c->open[--c->n_open]->name);
                buf_char(c->to, '>');
        }
}

/* Over all that an opaque element holds, up to and with its end. */
static void skip_inside(struct cleaner *c, struct span name) {
        for (; c->at < c->end; c->at++) {
                size_t left = (size_t)(c->end - c->at);

                if (left < name.n + 2 || c->at[0] != '<' || c->at[1] != '/' ||
                    strncasecmp(c->at + 2, name.text, name.n) != 0)
                        continue;
                c->at += 2 + name.n;
                take_until(c, ">");
                c->at += c->at < c->end;
                return;
        }
}

static struct span take_name(struct cleaner *c) {
        struct span s = { c->at, 0 };

        while (c->at < c->end && (is_letter(*c->at) || is_digit(*c->at)))
                c->at++;
        s.n = (size_t)(c->at - s.text);
        return s;
}

static void begin_tag(struct cleaner *c) {
        _cleanup_(buf_done) struct buf attributes = { 0 };
        struct span name = take_name(c);
        const struct element *e = element_of(name);

        /* "custom-element" is none of ours, though it begins like one. */
        if (c->at < c->end && !is_blank(*c->at) && *c->at != '/' && *c->at != '>')
                e = NULL;
        clean_attributes(c, e, &attributes);
        if (is_opaque(name))
                skip_inside(c, name);
        if (!e || (!e->is_void && c->n_open == OPEN_MAX))
                return;
        if (strcmp(e->name, "img") == 0 && !(attributes.data && strstr(attributes.data, " src=\"")))
                return;
        buf_char(c->to, '<');
        buf_str(c->to, e->name);
        buf_add(c->to, attributes.data, attributes.len);
        buf_char(c->to, '>');
        if (!e->is_void)
                c->open[c->n_open++] = e;
}

static void end_tag(struct cleaner *c) {
        const struct element *e = element_of(take_name(c));

        take_until(c, ">");
        c->at += c->at < c->end;
        for (size_t i = c->n_open; e && i > 0; i--)
                if (c->open[i - 1] == e) {
                        close_to(c, i - 1);
                        return;
                }
}

/* Comments, declarations, processing instructions: to their end, as page readers see it. */
static void skip_other(struct cleaner *c) {
        const char *end;

        if (c->end - c->at < 4 || memcmp(c->at, "!--", 3) != 0) {
                take_until(c, ">");
                c->at += c->at < c->end;
                return;
        }
        if (c->at[3] == '>') { /* "<!-->" is all of one */
                c->at += 4;
                return;
        }
        end = memmem(c->at + 3, (size_t)(c->end - c->at) - 3, "-->", 3);
        c->at = end ? end + 3 : c->end;
}

static void clean_tag(struct cleaner *c) {
        const char *next = c->at + 1;

        if (next < c->end && is_letter(*next)) {
                c->at = next;
                begin_tag(c);
        } else if (c->end - next >= 2 && *next == '/' && is_letter(next[1])) {
                c->at = next + 1;
                end_tag(c);
        } else if (next < c->end && is_one_of(*next, "!?/")) {
                c->at = next;
                skip_other(c);
        } else {
                c->at = next;
                buf_str(c->to, "&lt;");
        }
}

void html_clean(const char *html, size_t n, struct buf *ret) {
        struct cleaner c = { .at = html, .end = html + n, .to = ret };

        buf_reserve(ret, n + 1);
        while (c.at < c.end) {
                struct span text = take_until(&c, "<>");

                for (size_t i = 0; i < text.n; i++)
                        if (text.text[i])
                                buf_char(ret, text.text[i]);
                if (c.at < c.end && *c.at == '>') {
                        buf_str(ret, "&gt;");
                        c.at++;
                } else if (c.at < c.end) {
                        clean_tag(&c);
                }
        }
        close_to(&c, 0);
}
