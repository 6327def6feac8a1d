/* Challenges and policies in the read model. */
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "core/read_model_impl.h"

static size_t sorted_place(const struct read_model *m, int64_t id) {
        size_t low = 0, high = m->n_sorted;

        while (low < high) {
                size_t mid = low + (high - low) / 2;

                if (m->sorted[mid]->challenge->id < id)
                        low = mid + 1;
                else
                        high = mid;
        }
        return low;
}

static void sorted_insert(struct read_model *m, struct challenge_entry *e) {
        size_t at = sorted_place(m, e->challenge->id);

        if (m->n_sorted == m->cap_sorted) {
                m->cap_sorted = m->cap_sorted ? 2 * m->cap_sorted : 64;
                m->sorted = reallocarray(m->sorted, m->cap_sorted, sizeof(*m->sorted));
                if (!m->sorted)
                        abort();
        }
        memmove(m->sorted + at + 1, m->sorted + at, (m->n_sorted - at) * sizeof(*m->sorted));
        m->sorted[at] = e;
        m->n_sorted++;
}

void read_model_put_challenge(struct read_model *m, struct challenge *challenge) {
        struct challenge_entry *e = map_get_id(&m->challenges, challenge->id);

        m->challenges_version++;
        if (e) {
                map_del(&m->challenges_by_slug, e->key);
                challenge_unref(e->challenge);
                e->challenge = challenge_ref(challenge);
        } else {
                e = read_model_entry(sizeof(*e));
                e->challenge = challenge_ref(challenge);
                map_put_id(&m->challenges, challenge->id, e);
                sorted_insert(m, e);
        }
        named_key(e->key, challenge->tenant, challenge->slug);
        map_put(&m->challenges_by_slug, e->key, e);
}

void read_model_drop_challenge(struct read_model *m, int64_t id) {
        struct challenge_entry *e = map_del_id(&m->challenges, id);
        size_t at;

        if (!e)
                return;
        m->challenges_version++;
        at = sorted_place(m, id);
        memmove(m->sorted + at, m->sorted + at + 1, (m->n_sorted - at - 1) * sizeof(*m->sorted));
        m->n_sorted--;
        map_del(&m->challenges_by_slug, e->key);
        challenge_unref(e->challenge);
        free(e);
}

const struct challenge *read_model_challenge(const struct read_model *m, int64_t id) {
        struct challenge_entry *e = map_get_id(&m->challenges, id);

        return e ? e->challenge : NULL;
}

struct challenge *read_model_hold_challenge(const struct read_model *m, int64_t id) {
        struct challenge_entry *e = map_get_id(&m->challenges, id);

        return e ? challenge_ref(e->challenge) : NULL;
}

const struct challenge *read_model_challenge_by_slug(const struct read_model *m, int64_t tenant,
                                                     const char *slug) {
        char key[KEY_SIZE_NAMED];
        struct challenge_entry *e;

        named_key(key, tenant, slug);
        e = map_get(&m->challenges_by_slug, key);
        return e ? e->challenge : NULL;
}

const struct challenge *read_model_next_challenge(const struct read_model *m, int64_t tenant,
                                                  int64_t *at) {
        for (size_t i = sorted_place(m, *at + 1); i < m->n_sorted; i++) {
                const struct challenge *c = m->sorted[i]->challenge;

                if (tenant != 0 && c->tenant != tenant)
                        continue;
                *at = c->id;
                return c;
        }
        return NULL;
}

void read_model_put_policy(struct read_model *m, int64_t tenant, int64_t challenge,
                           const struct policy *policy) {
        struct policy *p;

        m->challenges_version++;
        if (challenge == 0) {
                struct tenant_entry *t = tenant_entry(m, tenant);

                assert(t);
                t->has_policy = policy != NULL;
                if (policy)
                        t->policy = *policy;
                return;
        }
        p = map_get_id(&m->policies, challenge);
        if (!policy) {
                free(map_del_id(&m->policies, challenge));
                return;
        }
        if (!p) {
                p = read_model_entry(sizeof(*p));
                map_put_id(&m->policies, challenge, p);
        }
        *p = *policy;
}

struct policy read_model_policy(const struct read_model *m, const struct challenge *c) {
        const struct policy *p = map_get_id(&m->policies, c->id);
        const struct tenant_entry *t = tenant_entry(m, c->tenant);

        if (p)
                return *p;
        if (c->spec.has_policy)
                return c->spec.policy;
        return t && t->has_policy ? t->policy : policy_default;
}

uint64_t read_model_challenges_version(const struct read_model *m) { return m->challenges_version; }
