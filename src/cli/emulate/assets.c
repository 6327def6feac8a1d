#include "cli/emulate/assets.h"

#include <ctype.h>
#include <curl/curl.h>
#include <stdbool.h>
#include <string.h>
#include <strings.h>

struct span {
        const char *at;
        size_t n;
};

/* One tag of the page, and the attributes that may refer to something. */
struct tag {
        struct span name, src, href, rel;
};

static bool is(struct span s, const char *word) {
        return s.n == strlen(word) && strncasecmp(s.at, word, s.n) == 0;
}

static bool contains(struct span s, const char *word) {
        size_t n = strlen(word);

        for (size_t i = 0; i + n <= s.n; i++)
                if (strncasecmp(s.at + i, word, n) == 0)
                        return true;
        return false;
}

/* The bytes from AT that are in SET, or are not. */
static size_t run_of(const char *at, const char *end, const char *set, bool in) {
        const char *from = at;

        while (at < end && *at && (strchr(set, *at) != NULL) == in)
                at++;
        return (size_t)(at - from);
}

#define BLANKS " \t\r\n\f"

/* The value of an attribute, at its `=`; gives what is behind it. */
static const char *read_value(const char *at, const char *end, struct span *ret) {
        char quote[2] = "";

        at++;
        at += run_of(at, end, BLANKS, true);
        if (at < end && (*at == '"' || *at == '\'')) {
                quote[0] = *at++;
                ret->at = at;
                ret->n = run_of(at, end, quote, false);
                at += ret->n;
                return at < end ? at + 1 : at;
        }
        ret->at = at;
        ret->n = run_of(at, end, BLANKS ">", false);
        return at + ret->n;
}

/* An attribute; gives what is behind it. */
static const char *read_attribute(const char *at, const char *end, struct tag *tag) {
        struct span name = { at, run_of(at, end, BLANKS "=>/", false) }, value = { 0 };
        const char *next = at + name.n + run_of(at + name.n, end, BLANKS, true);

        at += name.n;
        if (next < end && *next == '=')
                at = read_value(next, end, &value);
        if (is(name, "src"))
                tag->src = value;
        else if (is(name, "href"))
                tag->href = value;
        else if (is(name, "rel"))
                tag->rel = value;
        return at;
}

/* A tag whose name begins at AT; gives what is behind it. */
static const char *read_tag(const char *at, const char *end, struct tag *tag) {
        *tag = (struct tag){ .name = { at, run_of(at, end, BLANKS ">/", false) } };
        at += tag->name.n;
        for (;;) {
                at += run_of(at, end, BLANKS "/", true);
                if (at >= end || *at == '>' || !*at)
                        return at < end ? at + 1 : at;
                at = read_attribute(at, end, tag);
        }
}

/* What is inside a script or a style is no HTML. */
static const char *skip_raw(const char *at, const char *end, struct span name) {
        for (; at + name.n + 2 <= end; at++)
                if (at[0] == '<' && at[1] == '/' && strncasecmp(at + 2, name.at, name.n) == 0)
                        return at;
        return end;
}

static const char *skip_comment(const char *at, const char *end) {
        const char *over = memmem(at, (size_t)(end - at), "-->", 3);

        return over ? over + 3 : end;
}

/* --- addresses --- */

static bool same_host(CURLU *a, CURLU *b) {
        static const CURLUPart parts[] = { CURLUPART_SCHEME, CURLUPART_HOST, CURLUPART_PORT };
        bool same = true;

        for (size_t i = 0; i < ARRAY_SIZE(parts); i++) {
                char *x = NULL, *y = NULL;

                same = same && curl_url_get(a, parts[i], &x, CURLU_DEFAULT_PORT) == CURLUE_OK &&
                       curl_url_get(b, parts[i], &y, CURLU_DEFAULT_PORT) == CURLUE_OK &&
                       strcasecmp(x, y) == 0;
                curl_free(x);
                curl_free(y);
        }
        return same;
}

static void keep(struct assets *to, const char *url, struct arena *arena) {
        for (size_t i = 0; i < to->n; i++)
                if (strcmp(to->urls[i], url) == 0)
                        return;
        if (to->n < ASSETS_MAX)
                to->urls[to->n++] = arena_printf(arena, "%s", url);
}

static void add(struct assets *to, struct span ref, CURLU *base, struct arena *arena) {
        CURLU *u = ref.n ? curl_url_dup(base) : NULL;
        char *url = NULL;

        if (!u)
                return;
        /* A fragment is the browser's own. */
        if (curl_url_set(u, CURLUPART_URL, arena_printf(arena, "%.*s", (int)ref.n, ref.at), 0) ==
                    CURLUE_OK &&
            same_host(u, base) && curl_url_set(u, CURLUPART_FRAGMENT, NULL, 0) == CURLUE_OK &&
            curl_url_get(u, CURLUPART_URL, &url, 0) == CURLUE_OK)
                keep(to, url, arena);
        curl_free(url);
        curl_url_cleanup(u);
}

static bool is_loaded(struct span rel) {
        return contains(rel, "stylesheet") || contains(rel, "icon") || contains(rel, "preload") ||
               contains(rel, "manifest");
}

void assets_find(const char *html, size_t n, const char *url, struct arena *arena,
                 struct assets *ret) {
        const char *at = html, *end = html + n;
        CURLU *base = curl_url();
        struct tag tag;

        ret->n = 0;
        if (!base || curl_url_set(base, CURLUPART_URL, url, 0) != CURLUE_OK)
                at = end;
        while (at < end && (at = memchr(at, '<', (size_t)(end - at)))) {
                at++;
                if (end - at > 3 && strncmp(at, "!--", 3) == 0) {
                        at = skip_comment(at + 3, end);
                        continue;
                }
                if (at == end || !isalpha((unsigned char)*at))
                        continue;
                at = read_tag(at, end, &tag);
                add(ret, tag.src, base, arena);
                if (is(tag.name, "link") && is_loaded(tag.rel))
                        add(ret, tag.href, base, arena);
                if (is(tag.name, "script") || is(tag.name, "style"))
                        at = skip_raw(at, end, tag.name);
        }
        curl_url_cleanup(base);
}
