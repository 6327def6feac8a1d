#include <stdio.h>

#include "base/log.h"
#include "daemon/folder.h"
#include "model/challenge_file.h"

static void complain(const struct complaint *c, size_t n) {
        for (size_t i = 0; i < n; i++)
                log_warn("a challenge file is refused", LOG_TEXT("file", c[i].file),
                         LOG_INT("line", c[i].line), LOG_TEXT("reason", c[i].reason));
}

int folder_sync(struct engine *e, const char *dir, int64_t tenant, struct err *err) {
        _cleanup_arena_ struct arena arena = { 0 };
        struct challenges_sync sync = {
                .command.origin = { .kind = ACTOR_OPERATOR, .tenant = tenant, .role = ROLE_ADMIN },
        };
        struct complaint *complaints;
        size_t bad;
        int r;

        if (challenge_dir_load(dir, tenant, &arena, &sync.set, &sync.n, &complaints, &bad, err) < 0)
                return -1;
        complain(complaints, bad);
        sync.whole = bad == 0;
        challenges_sync_command(&sync);
        r = engine_call(e, &sync.command, err);
        if (r == 0)
                log_info("challenges read", LOG_TEXT("folder", dir),
                         LOG_INT("good", (int64_t)sync.n), LOG_INT("refused", (int64_t)bad),
                         LOG_INT("added", (int64_t)sync.added),
                         LOG_INT("changed", (int64_t)sync.changed),
                         LOG_INT("hidden", (int64_t)sync.hidden));
        for (size_t i = 0; i < sync.n; i++)
                challenge_unref(sync.set[i]);
        return r;
}
