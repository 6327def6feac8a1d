#include <limits.h>
#include <stdatomic.h>
#include <stdlib.h>

#include "base/fault.h"
#include "base/log.h"
#include "base/str.h"

static _Atomic long left; /* calls until the one that fails; 0: unarmed */
static _Atomic bool fired;

void fault_arm(long k) {
        atomic_store(&fired, false);
        atomic_store(&left, k);
}

__attribute__((constructor)) static void arm_from_environment(void) {
        const char *k = getenv("BERTH_FAULT");
        struct err err;
        int64_t v;

        if (!k)
                return;
        if (str_to_int(k, 0, LONG_MAX, &v, &err) < 0)
                log_error("BERTH_FAULT is ignored", LOG_TEXT("error", err.msg));
        else
                fault_arm((long)v);
}

bool fault_fired(void) { return atomic_load(&fired); }

bool fault_here(const char *site, struct err *err) {
        long now = atomic_load_explicit(&left, memory_order_relaxed);

        do {
                if (now <= 0)
                        return false;
        } while (!atomic_compare_exchange_weak(&left, &now, now - 1));
        if (now > 1)
                return false;
        atomic_store(&fired, true);
        err_set(err, ERR_UNAVAILABLE, "injected fault at %s", site);
        return true;
}
