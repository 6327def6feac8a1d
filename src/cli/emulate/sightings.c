#include "cli/emulate/sightings.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/json.h"
#include "base/random.h"

/* One thing that a message tells of. */
struct mark {
        int64_t seq;
        struct solve *solve; /* NULL: of none of ours */
};

/* A message that was parsed. */
struct glance {
        uint8_t hash[SHORT_HASH_SIZE];
        bool in_order; /* its frames are numbered, each of them comes once */
        size_t n;
        struct mark marks[];
};

void sightings_init(struct sightings *s) {
        *s = (struct sightings){ 0 };
        random_bytes(s->hash_key, sizeof(s->hash_key));
}

void sightings_done(struct sightings *s) {
        struct solve *solve;
        size_t at = 0;

        while ((solve = map_next(&s->by_key, &at)))
                free(solve);
        map_done(&s->by_key);
        for (size_t i = 0; i < GLANCES; i++)
                free(s->glances[i]);
}

/* --- solves --- */

void solve_key(struct buf *ret, const char *kind, int64_t account, const char *slug) {
        buf_printf(ret, "%s:%" PRId64 "/%s", kind, account, slug);
}

void solve_key_ctfg(struct buf *ret, const char *name, const char *title) {
        buf_printf(ret, "%s\n%s", name, title);
}

void sightings_sent(struct sightings *s, const char *key, int64_t now_us) {
        struct solve *solve = map_get(&s->by_key, key);
        size_t n = strlen(key);

        if (!solve) {
                solve = calloc(1, sizeof(*solve) + n + 1);
                if (!solve)
                        abort();
                memcpy(solve->key, key, n + 1);
                map_put(&s->by_key, solve->key, solve);
        }
        solve->sent_us = now_us; /* once more, after a 429 */
}

void sightings_answered(struct sightings *s, const char *key, bool right, int64_t now_us) {
        struct solve *solve = map_get(&s->by_key, key);

        if (solve && right)
                solve->answered_us = now_us;
}

/* --- messages --- */

static const char *text_of(const json_t *o, const char *key) {
        const char *text = json_string_value(json_object_get(o, key));

        return text ? text : "";
}

static struct solve *solve_of(const struct sightings *s, const json_t *o) {
        _cleanup_buf_ struct buf key = { 0 };
        const char *type = text_of(o, "type");

        if (strcmp(type, "solve") == 0)
                solve_key(&key, text_of(o, "account_kind"),
                          json_integer_value(json_object_get(o, "account_id")),
                          text_of(o, "challenge"));
        /* A hint has less than no points. */
        else if (strcmp(type, "score") == 0 && json_integer_value(json_object_get(o, "points")) > 0)
                solve_key_ctfg(&key, text_of(o, "displayname"), text_of(o, "challenge"));
        else
                return NULL;
        return map_get(&s->by_key, key.data);
}

static struct mark mark_of(const struct sightings *s, const json_t *o) {
        const json_t *seq = json_object_get(o, "seq");

        return (struct mark){ json_integer_value(seq ? seq : json_object_get(o, "id")),
                              solve_of(s, o) };
}

static struct glance *glance_new(size_t n) {
        struct glance *g = calloc(1, sizeof(*g) + n * sizeof(struct mark));

        if (!g)
                abort();
        g->n = n;
        return g;
}

/* A snapshot is large, and of all frames only its number matters. */
static struct glance *glance_snapshot(const char *text, size_t n) {
        static const char begin[] = "{\"seq\":", type[] = ",\"type\":\"snapshot\"";
        char *end;
        struct glance *g;
        int64_t seq;

        if (n < 64 || strncmp(text, begin, strlen(begin)) != 0)
                return NULL;
        seq = strtoll(text + strlen(begin), &end, 10);
        if (strncmp(end, type, strlen(type)) != 0)
                return NULL;
        g = glance_new(1);
        g->in_order = true;
        g->marks[0].seq = seq;
        return g;
}

static struct glance *parse(const struct sightings *s, const char *text, size_t n) {
        struct glance *g = glance_snapshot(text, n);
        _cleanup_json_ json_t *json = NULL;
        struct err err;

        if (g)
                return g;
        if (json_parse(text, n, &json, &err) < 0)
                return glance_new(0);
        if (!json_is_array(json)) {
                g = glance_new(1);
                g->in_order = json_object_get(json, "seq") != NULL;
                g->marks[0] = mark_of(s, json);
                return g;
        }
        g = glance_new(json_array_size(json));
        for (size_t i = 0; i < g->n; i++)
                g->marks[i] = mark_of(s, json_array_get(json, i));
        return g;
}

static const struct glance *look(struct sightings *s, const char *text, size_t n) {
        uint8_t hash[SHORT_HASH_SIZE];
        struct glance **place;

        short_hash(s->hash_key, text, n, hash);
        place = &s->glances[(hash[0] | (size_t)hash[1] << 8) % GLANCES];
        if (*place && memcmp((*place)->hash, hash, sizeof(hash)) == 0)
                return *place;
        free(*place);
        *place = parse(s, text, n);
        memcpy((*place)->hash, hash, sizeof(hash));
        return *place;
}

static void see(struct watcher *w, const struct mark *mark, int64_t now_us) {
        struct solve *solve = mark->solve;

        /* Who came later is told of it as of the past. */
        if (!solve || !w->first_us || w->first_us >= solve->sent_us)
                return;
        solve->seen++;
        solve->last_us = now_us;
}

void sightings_message(struct sightings *s, struct watcher *w, const char *text, size_t n,
                       int64_t now_us, struct measure *m) {
        const struct glance *g = look(s, text, n);

        for (size_t i = 0; i < g->n; i++) {
                const struct mark *mark = &g->marks[i];

                if (mark->seq && mark->seq <= w->last_seq) {
                        m->frames_doubled += g->in_order;
                        continue;
                }
                if (mark->seq)
                        w->last_seq = mark->seq;
                see(w, mark, now_us);
        }
        if (!w->first_us)
                w->first_us = now_us;
}

/* --- the end --- */

static int by_time(const void *a, const void *b) {
        const int64_t *x = a, *y = b;

        return (*x > *y) - (*x < *y);
}

/* How many of them, sorted, began before US. */
static uint64_t begun_before(const struct holders *h, int64_t us) {
        size_t low = 0, high = h->n;

        while (low < high) {
                size_t mid = low + (high - low) / 2;

                if (h->began_us[mid] < us)
                        low = mid + 1;
                else
                        high = mid;
        }
        return low;
}

static uint64_t missing(const struct solve *solve, const struct holders *h) {
        uint64_t wanted = begun_before(h, solve->sent_us);

        if (!solve->answered_us)
                return 0;
        return wanted > solve->seen ? wanted - solve->seen : 0;
}

static void sort(struct holders *h) {
        if (h->n)
                qsort(h->began_us, h->n, sizeof(*h->began_us), by_time);
}

bool sightings_settled(const struct sightings *s, struct holders *h) {
        const struct solve *solve;
        size_t at = 0;

        sort(h);
        while ((solve = map_next(&s->by_key, &at)))
                if (missing(solve, h))
                        return false;
        return true;
}

void sightings_finish(const struct sightings *s, struct holders *h, struct measure *m) {
        const struct solve *solve;
        size_t at = 0;

        sort(h);
        while ((solve = map_next(&s->by_key, &at))) {
                int64_t last = solve->last_us;

                m->frames_missed += missing(solve, h);
                if (!solve->answered_us || !solve->seen)
                        continue;
                /* All may have seen it before its answer came. */
                if (last < solve->answered_us)
                        last = solve->answered_us;
                measure_took(m, STEP_STREAM_DELAY, solve->answered_us, last);
        }
}
