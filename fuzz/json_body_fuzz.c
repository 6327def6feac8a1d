/* A body, from bytes to the fields that handlers read, challenges included. */
#include <assert.h>
#include <string.h>

#include "api/body.h"
#include "model/challenge.h"

static void read_fields(const json_t *o) {
        struct policy policy = policy_default;
        char name[NAME_MAX_BYTES];
        const char *text;
        struct err err;
        int64_t v;

        if (body_text(o, "challenge", 63, &text, &err) == 0)
                assert(*text && strlen(text) <= 63);
        if (body_int(o, "challenge_id", 1, INT64_MAX, &v, &err) == 0)
                assert(v >= 1);
        if (body_name(o, "name", name, &err) == 0)
                assert(*name && strlen(name) < NAME_MAX_BYTES);
        if (body_policy(o, &policy, &err) == 0)
                assert(policy.base_ms > 0 && policy.max_lifetime_ms >= policy.base_ms);
}

static void read_challenges(const json_t *array) {
        const json_t *o;
        struct err err;
        size_t i;

        json_array_foreach(array, i, o) {
                _cleanup_(challenge_unrefp) struct challenge *c = NULL;

                if (challenge_parse(o, 0, 1, &c, &err) == 0)
                        assert(c->slug && c->text);
        }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
        _cleanup_json_ json_t *o = NULL, *array = NULL;
        const char *text = (const char *)data;
        struct err err;

        if (body_parse("application/json", text, size, BODY_OBJECT, &o, &err) == 0)
                read_fields(o);
        if (body_parse("application/json", text, size, BODY_ARRAY, &array, &err) == 0)
                read_challenges(array);
        return 0;
}
