/* CTFG's challenges.json: what is good has a canonical text that gives itself, slugs and numbers
 * are there once, and every complaint has its place. */
#include <assert.h>
#include <string.h>

#include "base/map.h"
#include "model/challenge_source.h"

static const char *slug_of(void *arg, int64_t number) {
        (void)arg;
        return number % 3 == 0 ? "kept" : NULL;
}

static void check_one(const struct challenge *c) {
        _cleanup_(challenge_unrefp) struct challenge *again = NULL;
        _cleanup_json_ json_t *o = NULL;
        struct err err;

        if (json_parse(c->text, strlen(c->text), &o, &err) < 0 ||
            challenge_parse(o, 0, 1, &again, &err) < 0)
                abort();
        assert(strcmp(c->text, again->text) == 0);
        assert(c->number > 0 && c->n_flags == 1 && c->flags[0].once);
        (void)challenge_accepts(c, c->flags[0].text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
        static const struct source_config config = { .tenant = 1, .slug_of = slug_of };
        _cleanup_source_ struct challenge_source s = { 0 };
        struct map slugs = { 0 };

        challenge_source_parse("f", (const char *)data, size, &config, &s);
        for (size_t i = 0; i < s.n; i++) {
                assert(!map_get(&slugs, s.set[i]->slug) && !map_get_id(&slugs, s.set[i]->number));
                map_put(&slugs, s.set[i]->slug, &s);
                check_one(s.set[i]);
        }
        map_done(&slugs);
        for (size_t i = 0; i < s.n_bad; i++)
                assert(s.bad[i].line > 0 && s.bad[i].column > 0 && *s.bad[i].reason);
        return 0;
}
