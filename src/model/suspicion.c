#include "model/suspicion.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/json.h"
#include "base/str.h"

static const struct {
        const char *name;
        int64_t weight;
} signals[] = {
#define SIGNAL(id, n, w, what) [SIGNAL_##id] = { n, w },
#include "model/signals.def"
};

static const char *const verdicts[] = { [SUSPICION_PENDING] = "pending",
                                        [SUSPICION_INNOCENT] = "innocent",
                                        [SUSPICION_SUSPICIOUS] = "suspicious",
                                        [SUSPICION_CONFIRMED] = "confirmed" };

static const struct {
        const char *name;
        int64_t least;
} risks[] = {
        [RISK_LOW] = { "low", 0 },
        [RISK_MEDIUM] = { "medium", 50 },
        [RISK_HIGH] = { "high", 75 },
};

const char *signal_name(enum signal_kind s) { return signals[s].name; }

static int signal_parse(const char *name) {
        for (int s = 0; s < _SIGNAL_N; s++)
                if (strcmp(signals[s].name, name) == 0)
                        return s;
        return -1;
}

const char *suspicion_verdict_name(enum suspicion_verdict v) { return verdicts[v]; }

int suspicion_verdict_parse(const char *name) {
        for (size_t v = 0; v < ARRAY_SIZE(verdicts); v++)
                if (strcmp(verdicts[v], name) == 0)
                        return (int)v;
        return -1;
}

static bool same(const char *a, const char *b) { return *a && strcmp(a, b) == 0; }

unsigned suspicion_compare(const struct submission *a, const struct submission *b) {
        unsigned found = 0;

        if (same(a->address, b->address))
                found |= 1u << SIGNAL_SAME_ADDRESS;
        if (same(a->digest, b->digest))
                found |= 1u << SIGNAL_SAME_ANSWER;
        if (same(a->agent, b->agent))
                found |= 1u << SIGNAL_SIMILAR_AGENT;
        if (llabs(a->at_ms - b->at_ms) <= SUSPICION_CLOSE_MS)
                found |= 1u << SIGNAL_CLOSE_IN_TIME;
        return found;
}

struct suspicion suspicion_of(int64_t tenant, int64_t challenge, struct account a,
                              struct account b) {
        bool ordered = account_key(a) < account_key(b);

        return (struct suspicion){ .tenant = tenant,
                                   .challenge = challenge,
                                   .one = ordered ? a : b,
                                   .other = ordered ? b : a };
}

static size_t count(const struct suspicion *s, enum signal_kind signal) {
        size_t n = 0;

        for (size_t i = 0; i < s->n_evidence; i++)
                n += s->evidence[i].signal == signal;
        return n;
}

bool suspicion_has(const struct suspicion *s, enum signal_kind signal) {
        return count(s, signal) > 0;
}

/* The place of what can be spared: as there are more places than signals, one comes twice. */
static size_t spare(const struct suspicion *s) {
        size_t at = s->n_evidence - 1;

        while (count(s, s->evidence[at].signal) == 1)
                at--;
        return at;
}

_Static_assert(EVIDENCE_MAX > (int)_SIGNAL_N, "a signal comes twice where there is no room");

bool suspicion_add(struct suspicion *s, enum signal_kind signal, struct account a, int64_t of_a,
                   int64_t of_b, int64_t at_ms) {
        bool first = account_equal(a, s->one);
        struct evidence e = { signal, first ? of_a : of_b, first ? of_b : of_a, at_ms };

        for (size_t i = 0; i < s->n_evidence; i++) {
                const struct evidence *x = &s->evidence[i];

                if (x->signal == signal && x->one == e.one && x->other == e.other)
                        return false;
        }
        if (s->n_evidence < EVIDENCE_MAX)
                s->evidence[s->n_evidence++] = e;
        else if (!suspicion_has(s, signal))
                s->evidence[spare(s)] = e;
        else
                return false;
        return true;
}

int64_t suspicion_weight(const struct suspicion *s) {
        int64_t sum = 0;

        for (int i = 0; i < _SIGNAL_N; i++)
                if (suspicion_has(s, (enum signal_kind)i))
                        sum += signals[i].weight;
        return sum < 100 ? sum : 100;
}

void suspicion_signals(const struct suspicion *s, char separator, struct buf *ret) {
        size_t from = ret->len;

        for (int i = 0; i < _SIGNAL_N; i++) {
                if (!suspicion_has(s, (enum signal_kind)i))
                        continue;
                if (ret->len > from)
                        buf_char(ret, separator);
                buf_str(ret, signals[i].name);
        }
}

bool suspicion_notes_fit(const char *notes) {
        size_t left = strlen(notes), n;

        if (left >= SUSPICION_NOTES_SIZE)
                return false;
        for (; left > 0; notes += n, left -= n) {
                n = str_utf8(notes, left);
                if (n == 0 || ((unsigned char)*notes < ' ' && *notes != '\n' && *notes != '\t'))
                        return false;
        }
        return true;
}

/* Evidence at rest. */

void suspicion_write_evidence(const struct suspicion *s, struct buf *ret) {
        json_open(ret, '[');
        for (size_t i = 0; i < s->n_evidence; i++) {
                const struct evidence *e = &s->evidence[i];

                json_open(ret, '{');
                json_key(ret, "signal");
                json_text(ret, signal_name(e->signal));
                json_key(ret, "one");
                json_int(ret, e->one);
                json_key(ret, "other");
                json_int(ret, e->other);
                json_key(ret, "at_ms");
                json_int(ret, e->at_ms);
                json_close(ret, '}');
        }
        json_close(ret, ']');
}

static int read_item(const json_t *o, struct evidence *ret, struct err *err) {
        const char *name;
        int signal;

        if (json_get_text(o, "signal", "", &name, err) < 0 ||
            json_get_int(o, "one", 0, &ret->one, err) < 0 ||
            json_get_int(o, "other", 0, &ret->other, err) < 0 ||
            json_get_int(o, "at_ms", 0, &ret->at_ms, err) < 0)
                return -1;
        signal = signal_parse(name);
        if (signal < 0)
                return err_set(err, ERR_INVALID, "signal: there is none of this name");
        ret->signal = (enum signal_kind)signal;
        return 0;
}

int suspicion_read_evidence(struct suspicion *s, const char *text, struct err *err) {
        _cleanup_json_ json_t *list = NULL;
        struct evidence read[EVIDENCE_MAX] = { 0 };
        size_t n;

        if (json_parse(text, strlen(text), &list, err) < 0)
                return -1;
        n = json_array_size(list);
        if (!json_is_array(list) || n > EVIDENCE_MAX)
                return err_set(err, ERR_INVALID, "evidence: must be a list of at most %d",
                               EVIDENCE_MAX);
        for (size_t i = 0; i < n; i++)
                if (read_item(json_array_get(list, i), &read[i], err) < 0)
                        return -1;
        memcpy(s->evidence, read, sizeof(read));
        s->n_evidence = n;
        return 0;
}

/* Risk. */

enum risk risk_of(int64_t certainty) {
        enum risk r = RISK_HIGH;

        while (r > RISK_LOW && certainty < risks[r].least)
                r--;
        return r;
}

int64_t risk_least(enum risk r) { return risks[r].least; }

const char *risk_name(enum risk r) { return risks[r].name; }

int risk_parse(const char *name) {
        for (size_t r = 0; r < ARRAY_SIZE(risks); r++)
                if (strcasecmp(risks[r].name, name) == 0)
                        return (int)r;
        return -1;
}
