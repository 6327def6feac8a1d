#include "core/flags.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/map.h"
#include "base/random.h"
#include "model/flag.h"

struct entry {
        struct lease_flag flag; /* first: flags_find() gives it */
        uint8_t hash[SHORT_HASH_SIZE];
        struct entry *next; /* whose hash begins alike */
};

struct flags {
        uint8_t master[KEY_SIZE], key[SHORT_HASH_SIZE];
        struct map by_lease, by_hash;
};

struct flags *flags_new(const uint8_t master[KEY_SIZE]) {
        struct flags *f = calloc(1, sizeof(*f));

        if (!f)
                abort();
        memcpy(f->master, master, KEY_SIZE);
        random_bytes(f->key, sizeof(f->key));
        return f;
}

struct flags *flags_free(struct flags *f) {
        struct entry *e;
        size_t at = 0;

        if (!f)
                return NULL;
        while ((e = map_next(&f->by_lease, &at)))
                free(e);
        map_done(&f->by_lease);
        map_done(&f->by_hash);
        free(f);
        return NULL;
}

/* The same text may be right for one challenge and nothing for another. */
static void hash_of(const struct flags *f, int64_t challenge, const char *text, size_t n,
                    uint8_t ret[SHORT_HASH_SIZE]) {
        char both[sizeof(challenge) + FLAG_MAX];

        memcpy(both, &challenge, sizeof(challenge));
        memcpy(both + sizeof(challenge), text, n);
        short_hash(f->key, both, sizeof(challenge) + n, ret);
}

static int64_t key_of(const uint8_t hash[SHORT_HASH_SIZE]) {
        int64_t key;

        memcpy(&key, hash, sizeof(key));
        return key;
}

static bool derive(const struct flags *f, const struct lease_flag *flag, const struct challenge *c,
                   char ret[FLAG_MAX]) {
        uint8_t key[KEY_SIZE];
        struct err ignored; /* the template was checked when the challenge came */

        if (!c || !c->has_instance || !c->spec.flag_template)
                return false;
        flag_key(f->master, flag->tenant, key);
        return flag_derive(key, c->spec.flag_template, flag->challenge, flag->owner,
                           flag->generation, ret, &ignored) == 0;
}

void flags_put(struct flags *f, const struct lease_flag *flag, const struct challenge *challenge) {
        struct entry *e = map_get(&f->by_lease, flag->lease);
        char text[FLAG_MAX];

        if (e) {
                e->flag.ended_ms = flag->ended_ms;
                return;
        }
        if (flag->generation == 0 || !derive(f, flag, challenge, text))
                return;
        e = calloc(1, sizeof(*e));
        if (!e)
                abort();
        e->flag = *flag;
        hash_of(f, flag->challenge, text, strlen(text), e->hash);
        e->next = map_get_id(&f->by_hash, key_of(e->hash));
        map_put_id(&f->by_hash, key_of(e->hash), e);
        map_put(&f->by_lease, e->flag.lease, e);
}

bool flags_usable(const struct lease_flag *flag, int64_t now_ms) {
        return flag->ended_ms == 0 || now_ms - flag->ended_ms < flag->grace_ms;
}

const struct lease_flag *flags_find(const struct flags *f, int64_t challenge, const char *text,
                                    struct account who, int64_t now_ms) {
        const struct lease_flag *own = NULL, *other = NULL;
        uint8_t hash[SHORT_HASH_SIZE];
        size_t n = strlen(text);
        bool several = false;

        if (n >= FLAG_MAX)
                return NULL;
        hash_of(f, challenge, text, n, hash);
        for (const struct entry *e = map_get_id(&f->by_hash, key_of(hash)); e; e = e->next) {
                if (memcmp(e->hash, hash, sizeof(hash)) != 0)
                        continue;
                if (!account_equal(e->flag.owner, who)) {
                        several |= other && !account_equal(other->owner, e->flag.owner);
                        other = &e->flag;
                } else if (!own || flags_usable(&e->flag, now_ms)) {
                        own = &e->flag;
                }
        }
        return own ? own : several ? NULL : other;
}
