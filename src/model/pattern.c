#define PCRE2_CODE_UNIT_WIDTH 8

#include "model/pattern.h"

#include <pcre2.h>
#include <stdlib.h>
#include <string.h>

/* Far more than an honest flag needs; a hostile one ends after a few ms.  They are counted anew
 * at each place where a search tries: a long text has fewer for each. */
#define STEPS_MAX   50000
#define STEPS_ALL   500000
#define STEPS_LEAST 200
#define DEPTH_MAX   1000
#define MEMORY_KIB  1024
#define PATTERN_MAX 4096

struct pattern {
        enum pattern_kind kind;
        pcre2_code *code;
        pcre2_match_context *limits;
};

static int refuse(int error, size_t at, struct err *err) {
        char why[128];

        if (pcre2_get_error_message(error, (PCRE2_UCHAR *)why, sizeof(why)) < 0)
                why[0] = '\0';
        return err_set(err, ERR_INVALID, "is no regular expression: %s at offset %zu", why, at);
}

static pcre2_match_context *new_limits(uint32_t steps) {
        pcre2_match_context *limits = pcre2_match_context_create(NULL);

        if (!limits)
                abort();
        pcre2_set_match_limit(limits, steps);
        pcre2_set_depth_limit(limits, DEPTH_MAX);
        pcre2_set_heap_limit(limits, MEMORY_KIB);
        return limits;
}

int pattern_new(const char *text, enum pattern_kind kind, bool case_insensitive,
                struct pattern **ret, struct err *err) {
        uint32_t options = PCRE2_UTF | PCRE2_NEVER_BACKSLASH_C |
                           (kind == PATTERN_WHOLE ? PCRE2_ANCHORED | PCRE2_ENDANCHORED : 0) |
                           (case_insensitive ? PCRE2_CASELESS : 0);
        pcre2_compile_context *compile = pcre2_compile_context_create(NULL);
        struct pattern *p = calloc(1, sizeof(*p));
        size_t at = 0;
        int error = 0;

        if (!compile || !p)
                abort();
        pcre2_set_max_pattern_length(compile, PATTERN_MAX);
        p->code = pcre2_compile((PCRE2_SPTR)text, strlen(text), options, &error, &at, compile);
        pcre2_compile_context_free(compile);
        if (!p->code) {
                pattern_free(p);
                return refuse(error, at, err);
        }
        p->kind = kind;
        p->limits = new_limits(STEPS_MAX);
        *ret = p;
        return 0;
}

struct pattern *pattern_free(struct pattern *p) {
        if (!p)
                return NULL;
        pcre2_match_context_free(p->limits);
        pcre2_code_free(p->code);
        free(p);
        return NULL;
}

enum found { FOUND, FOUND_NOT, FOUND_NO_END /* before the limits */ };

/* At or after FROM.  *end is where the next one could begin: behind this one, and further on even
 * when it is empty. */
static enum found find(const struct pattern *p, const char *text, size_t n, size_t from,
                       pcre2_match_data *data, pcre2_match_context *limits, size_t *end) {
        const PCRE2_SIZE *place;
        int r;

        if (from > n)
                return FOUND_NOT;
        r = pcre2_match(p->code, (PCRE2_SPTR)text, n, from, 0, data, limits);
        if (r < 0)
                return r == PCRE2_ERROR_NOMATCH ? FOUND_NOT : FOUND_NO_END;
        place = pcre2_get_ovector_pointer(data);
        *end = place[1];
        if (place[0] < place[1])
                return FOUND;
        do /* over all bytes of a character */
                ++*end;
        while (*end < n && ((unsigned char)text[*end] & 0xc0) == 0x80);
        return FOUND;
}

static uint32_t steps_at_each_place(size_t n) {
        size_t steps = STEPS_ALL / (n + 1);

        if (steps > STEPS_MAX)
                return STEPS_MAX;
        return steps < STEPS_LEAST ? STEPS_LEAST : (uint32_t)steps;
}

static bool is_found_once(const struct pattern *p, const char *text, size_t n,
                          pcre2_match_data *data) {
        pcre2_match_context *limits = new_limits(steps_at_each_place(n));
        size_t end = 0;
        bool once = find(p, text, n, 0, data, limits, &end) == FOUND &&
                    find(p, text, n, end, data, limits, &end) == FOUND_NOT;

        pcre2_match_context_free(limits);
        return once;
}

bool pattern_matches(const struct pattern *p, const char *text, size_t n) {
        pcre2_match_data *data = pcre2_match_data_create(1, NULL);
        bool matches;

        if (!data)
                abort();
        if (p->kind == PATTERN_ONCE)
                matches = is_found_once(p, text, n, data);
        else
                matches = pcre2_match(p->code, (PCRE2_SPTR)text, n, 0, 0, data, p->limits) >= 0;
        pcre2_match_data_free(data);
        return matches;
}
