#include "model/challenge.h"

#include <assert.h>
#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "base/attr.h"
#include "base/str.h"

static const char *const states[] = { [CHALLENGE_VISIBLE] = "visible",
                                      [CHALLENGE_HIDDEN] = "hidden",
                                      [CHALLENGE_LOCKED] = "locked" };

static const char *const probes[] = {
        [PROBE_TCP] = "tcp", [PROBE_HTTP] = "http", [PROBE_EXEC] = "exec", [PROBE_NONE] = "none"
};

const char *challenge_state_name(enum challenge_state s) { return states[s]; }
const char *probe_kind_name(enum probe_kind k) { return probes[k]; }

int challenge_state_parse(const char *name) {
        for (size_t i = 0; i < ARRAY_SIZE(states); i++)
                if (strcmp(states[i], name) == 0)
                        return (int)i;
        return -1;
}

int probe_kind_parse(const char *name) {
        for (size_t i = 0; i < ARRAY_SIZE(probes); i++)
                if (strcmp(probes[i], name) == 0)
                        return (int)i;
        return -1;
}

struct challenge *challenge_new(int64_t id, int64_t tenant) {
        struct challenge *c = calloc(1, sizeof(*c));

        if (!c)
                abort();
        c->refs = 1;
        c->id = id;
        c->tenant = tenant;
        return c;
}

struct challenge *challenge_ref(struct challenge *c) {
        int before = __atomic_fetch_add(&c->refs, 1, __ATOMIC_RELAXED);

        assert(before > 0);
        return c;
}

struct challenge *challenge_unref(struct challenge *c) {
        int before;

        if (!c)
                return NULL;
        before = __atomic_fetch_sub(&c->refs, 1, __ATOMIC_ACQ_REL);
        assert(before > 0);
        if (before == 1) {
                for (size_t i = 0; i < c->n_flags; i++)
                        pattern_free(c->flags[i].pattern);
                arena_done(&c->arena);
                free(c);
        }
        return NULL;
}

/* Acceptance. */

static char lower(char c) { return (char)tolower((unsigned char)c); }

static void digest_text(const char *text, size_t n, bool fold, uint8_t ret[SHA256_SIZE]) {
        _cleanup_buf_ struct buf b = { 0 };

        buf_add(&b, text, n);
        for (size_t i = 0; fold && i < n; i++)
                b.data[i] = lower(b.data[i]);
        sha256(b.data, b.len, ret);
}

/* Digests are compared, which takes as long for any two texts. */
static bool same_text(const struct flag_rule *f, const char *text, size_t n) {
        uint8_t x[SHA256_SIZE], y[SHA256_SIZE];

        digest_text(text, n, f->case_insensitive, x);
        digest_text(f->text, strlen(f->text), f->case_insensitive, y);
        return crypto_equal(x, y, sizeof(x));
}

bool challenge_accepts(const struct challenge *c, const char *text) {
        bool accepted = false;
        size_t n;

        text = str_trim(text, &n);
        for (size_t i = 0; i < c->n_flags; i++) {
                const struct flag_rule *f = &c->flags[i];

                accepted |= f->kind == FLAG_REGEX ? pattern_matches(f->pattern, text, n) :
                                                    same_text(f, text, n);
        }
        return accepted;
}
