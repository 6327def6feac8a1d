#define PCRE2_CODE_UNIT_WIDTH 8

#include "model/pattern.h"

#include <pcre2.h>
#include <stdlib.h>
#include <string.h>

/* Far more than an honest flag needs; a hostile one ends after a few ms. */
#define STEPS_MAX   50000
#define DEPTH_MAX   1000
#define MEMORY_KIB  1024
#define PATTERN_MAX 4096

struct pattern {
        pcre2_code *code;
        pcre2_match_context *limits;
};

static int refuse(int error, size_t at, struct err *err) {
        char why[128];

        if (pcre2_get_error_message(error, (PCRE2_UCHAR *)why, sizeof(why)) < 0)
                why[0] = '\0';
        return err_set(err, ERR_INVALID, "is no regular expression: %s at offset %zu", why, at);
}

int pattern_new(const char *text, bool case_insensitive, struct pattern **ret, struct err *err) {
        uint32_t options = PCRE2_UTF | PCRE2_ANCHORED | PCRE2_ENDANCHORED |
                           PCRE2_NEVER_BACKSLASH_C | (case_insensitive ? PCRE2_CASELESS : 0);
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
        p->limits = pcre2_match_context_create(NULL);
        if (!p->limits)
                abort();
        pcre2_set_match_limit(p->limits, STEPS_MAX);
        pcre2_set_depth_limit(p->limits, DEPTH_MAX);
        pcre2_set_heap_limit(p->limits, MEMORY_KIB);
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

bool pattern_matches(const struct pattern *p, const char *text, size_t n) {
        pcre2_match_data *data = pcre2_match_data_create(1, NULL);
        int r;

        if (!data)
                abort();
        r = pcre2_match(p->code, (PCRE2_SPTR)text, n, 0, 0, data, p->limits);
        pcre2_match_data_free(data);
        return r >= 0;
}
