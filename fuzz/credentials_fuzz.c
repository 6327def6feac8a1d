/* CTFG's credentials.csv: what is good is a name, there once, and a password; every row is one or
 * the other, in order. */
#include <assert.h>
#include <string.h>

#include "base/map.h"
#include "base/password.h"
#include "base/str.h"
#include "model/account.h"
#include "model/credentials.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
        _cleanup_arena_ struct arena arena = { 0 };
        struct credentials c;
        struct map names = { 0 };
        int last = 0;

        credentials_parse("f", (const char *)data, size, &arena, &c);
        for (size_t i = 0; i < c.n; i++) {
                const struct credential *r = &c.rows[i];

                assert(str_is_name(r->name) && strlen(r->name) < NAME_MAX_BYTES);
                assert(*r->password && strlen(r->password) <= PASSWORD_MAX);
                assert(r->line > last && !map_get(&names, r->name));
                map_put(&names, r->name, &c);
                last = r->line;
        }
        last = 0;
        for (size_t i = 0; i < c.n_bad; i++) {
                assert(c.bad[i].line > last && *c.bad[i].reason);
                last = c.bad[i].line;
        }
        map_done(&names);
        return 0;
}
