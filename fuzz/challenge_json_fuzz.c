/* Challenges as JSON: what is accepted has a canonical text that is accepted too, and gives
 * itself. */
#include <assert.h>
#include <string.h>

#include "model/challenge.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
        _cleanup_(challenge_unrefp) struct challenge *c = NULL, *again = NULL;
        _cleanup_json_ json_t *o = NULL, *canonical = NULL;
        struct err err;

        if (json_parse((const char *)data, size, &o, &err) < 0)
                return 0;
        if (challenge_parse(o, 0, 1, &c, &err) < 0) {
                assert(c == NULL);
                assert(err.kind == ERR_INVALID);
                return 0;
        }
        if (json_parse(c->text, strlen(c->text), &canonical, &err) < 0 ||
            challenge_parse(canonical, 0, 1, &again, &err) < 0)
                abort();
        assert(strcmp(c->text, again->text) == 0);
        return 0;
}
