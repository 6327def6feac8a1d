#include "model/lease.h"

#include <assert.h>
#include <inttypes.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>

#include "base/attr.h"
#include "base/random.h"

#define TO(id) (1u << LEASE_##id)

static const struct {
        const char *name;
        unsigned next;
} states[] = {
#define LEASE(id, name, next) [LEASE_##id] = { name, next },
#include "model/lease.def"
};

static const char *const reasons[] = {
#define REASON(id, name) [REASON_##id] = name,
#include "model/reasons.def"
};

static const char *const protocols[] = { [PROTOCOL_TCP] = "tcp",
                                         [PROTOCOL_HTTP] = "http",
                                         [PROTOCOL_HTTPS] = "https",
                                         [PROTOCOL_SSH] = "ssh" };

const struct policy policy_default = {
        .base_ms = INT64_C(900) * 1000,
        .increment_ms = INT64_C(900) * 1000,
        .max_lifetime_ms = INT64_C(5400) * 1000,
        .max_extensions = 5,
        .grace_ms = INT64_C(3600) * 1000,
};

const char *lease_state_name(enum lease_state s) { return states[s].name; }

int lease_state_parse(const char *name) {
        for (int s = 0; s < _LEASE_N; s++)
                if (strcmp(states[s].name, name) == 0)
                        return s;
        return -1;
}

bool lease_may_become(enum lease_state from, enum lease_state to) {
        return states[from].next & (1u << to);
}

const char *end_reason_name(enum end_reason r) { return reasons[r]; }

int end_reason_parse(const char *name) {
        for (int r = 0; r < _REASON_N; r++)
                if (strcmp(reasons[r], name) == 0)
                        return r;
        return -1;
}

const char *protocol_name(enum protocol p) { return protocols[p]; }

int protocol_parse(const char *name) {
        for (size_t i = 0; i < ARRAY_SIZE(protocols); i++)
                if (strcmp(protocols[i], name) == 0)
                        return (int)i;
        return -1;
}

#define LEASE_ID_TIME   10 /* characters of 5 bits: 50 bits of ms last beyond the year 37000 */
#define LEASE_ID_CHANCE 10
#define LEASE_ID_LENGTH (LEASE_ID_TIME + LEASE_ID_CHANCE)
#define CHANCE_START    (UINT64_C(1) << 49) /* of 50 bits: steps do not reach the end */
#define CHANCE_STEP     (UINT64_C(1) << 24)

/* Crockford's base 32 in its own order, which is also ASCII's: text sorts as the number does. */
static const char digits[] = "0123456789abcdefghjkmnpqrstvwxyz";

static void put_base32(uint64_t v, char *ret, size_t n) {
        for (size_t i = n; i > 0; i--, v >>= 5)
                ret[i - 1] = digits[v & 31];
}

/* The chance of an id: drawn, or a random step after that of the last id of the same moment. */
static uint64_t next_chance(int64_t now_ms) {
        static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
        static int64_t last_ms;
        static uint64_t last;
        uint64_t chance;

        pthread_mutex_lock(&lock);
        if (now_ms == last_ms)
                last += 1 + random_below(CHANCE_STEP);
        else
                last = random_below(CHANCE_START);
        last_ms = now_ms;
        chance = last;
        pthread_mutex_unlock(&lock);
        return chance;
}

void lease_id_make(int64_t now_ms, char ret[LEASE_ID_SIZE]) {
        uint64_t chance = next_chance(now_ms);

        memset(ret, 0, LEASE_ID_SIZE);
        put_base32((uint64_t)now_ms, ret, LEASE_ID_TIME);
        put_base32(chance, ret + LEASE_ID_TIME, LEASE_ID_CHANCE);
}

bool lease_id_valid(const char *s) {
        size_t n = 0;

        while (s[n] && n <= LEASE_ID_LENGTH && memchr(digits, s[n], sizeof(digits) - 1))
                n++;
        return n == LEASE_ID_LENGTH && !s[n];
}

void lease_instance_name(const char *id, char ret[INSTANCE_NAME]) {
        snprintf(ret, INSTANCE_NAME, "berth-%s", id);
}

#define MINUTE_MS 60000
#define SECOND_MS 1000

/* "15 minutes", "1 minute", "90 seconds". */
static const char *duration_text(int64_t ms, char *ret, size_t room) {
        const char *unit = "ms";
        int64_t n = ms;

        if (ms % MINUTE_MS == 0) {
                n = ms / MINUTE_MS;
                unit = n == 1 ? "minute" : "minutes";
        } else if (ms % SECOND_MS == 0) {
                n = ms / SECOND_MS;
                unit = n == 1 ? "second" : "seconds";
        }
        snprintf(ret, room, "%" PRId64 " %s", n, unit);
        return ret;
}

/* A lease that waits has no container yet, and its clock has not begun; one that is stopping is
 * on its way out, whatever its deadline says. */
static bool extendable(const struct lease *l) {
        return l->state == LEASE_STARTING || l->state == LEASE_RUNNING;
}

int lease_check_extend(const struct lease *lease, int64_t now_ms, struct err *err) {
        const struct policy *p = &lease->policy;
        bool expiring = lease->state == LEASE_STOPPING && lease->reason == REASON_STOPPED_AUTO;
        char text[48];

        if (!extendable(lease) && !expiring)
                return err_set(err, ERR_NOT_FOUND, "No active container found");
        if (expiring || now_ms >= lease->expires_ms)
                return err_set(err, ERR_GONE, "Container already expired");
        if (lease->extensions >= p->max_extensions)
                return err_set(err, ERR_LIMIT, "Maximum extensions reached (%" PRId64 ")",
                               p->max_extensions);
        /* The new deadline is what has a cap: comparing NOW with it would let ten clicks in the
         * first second pass. */
        if (lease->expires_ms + p->increment_ms > lease->created_ms + p->max_lifetime_ms)
                return err_set(err, ERR_LIMIT, "Maximum lifetime reached (%s)",
                               duration_text(p->max_lifetime_ms, text, sizeof(text)));
        return 0;
}

void lease_extended_text(const struct lease *lease, char *ret, size_t room) {
        char text[48];

        snprintf(ret, room, "Container extended by %s (extension %" PRId64 "/%" PRId64 ")",
                 duration_text(lease->policy.increment_ms, text, sizeof(text)), lease->extensions,
                 lease->policy.max_extensions);
}

void lease_assert(const struct lease *lease) {
        assert(lease->extensions >= 0);
        assert(lease->extensions <= lease->policy.max_extensions);
        assert(lease->created_ms < lease->expires_ms);
        assert(lease->expires_ms <= lease->created_ms + lease->policy.max_lifetime_ms);
}
