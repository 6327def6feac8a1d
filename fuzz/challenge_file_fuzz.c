/* Challenge files: what is accepted has a canonical text that is accepted too, and gives itself. */
#include <assert.h>
#include <string.h>

#include "model/challenge_file.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
        _cleanup_(challenge_unrefp) struct challenge *c = NULL, *again = NULL;
        _cleanup_free_ char *text = malloc(size + 1);
        _cleanup_marks_ struct marks marks = { 0 };
        _cleanup_json_ json_t *o = NULL;
        struct err err;
        struct mark at = { -1, -1 };

        if (!text)
                return 0;
        memcpy(text, data, size);
        text[size] = '\0';
        if (challenge_file_parse(text, size, 1, &marks, &c, &at, &err) < 0) {
                assert(c == NULL);
                assert(at.line >= 0 && at.column >= 0);
                assert(err.kind == ERR_INVALID);
                return 0;
        }
        if (json_parse(c->text, strlen(c->text), &o, &err) < 0 ||
            challenge_parse(o, 0, 1, &again, &err) < 0)
                abort();
        assert(strcmp(c->text, again->text) == 0);
        return 0;
}
