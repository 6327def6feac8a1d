#include "cli/emulate/measure.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

const struct step_row measure_steps[_STEP_N] = {
#define STEP(id, name, title, what) [STEP_##id] = { name, title, what },
#include "cli/emulate/steps.def"
};

#define SECONDS_MAX 200000 /* two days; nothing of a later one is noted by the second */

void measure_init(struct measure *m) { *m = (struct measure){ 0 }; }

void measure_done(struct measure *m) {
        for (size_t i = 0; i < _STEP_N; i++)
                free(m->series[i].samples);
        for (size_t i = 0; i < m->n_troubles; i++) {
                free(m->troubles[i]->text);
                free(m->troubles[i]);
        }
        map_done(&m->by_text);
        free(m->seconds);
        free(m->lags);
}

void measure_begin(struct measure *m, int64_t now_us) { m->began_us = now_us; }
void measure_end(struct measure *m, int64_t now_us) { m->ended_us = now_us; }

/* Room for one more of SIZE bytes. */
static void *grown(void *p, size_t n, size_t *cap, size_t size) {
        if (n < *cap)
                return p;
        *cap = *cap ? 2 * *cap : 256;
        p = reallocarray(p, *cap, size);
        if (!p)
                abort();
        return p;
}

static uint32_t clipped(int64_t v) {
        if (v < 0)
                return 0;
        return v > UINT32_MAX ? UINT32_MAX : (uint32_t)v;
}

/* What comes before the run proper belongs to its first moment. */
static struct sample sample(const struct measure *m, int64_t began_us, int64_t ended_us) {
        return (struct sample){ clipped(m->began_us ? (ended_us - m->began_us) / 1000 : 0),
                                clipped(ended_us - began_us) };
}

/* The second of NOW_US; NULL before the run, after it, and after SECONDS_MAX. */
static struct second *second_of(struct measure *m, int64_t now_us) {
        int64_t i = (now_us - m->began_us) / 1000000;

        if (!m->began_us || m->ended_us || now_us < m->began_us || i >= SECONDS_MAX)
                return NULL;
        while (m->n_seconds <= (size_t)i) {
                m->seconds = grown(m->seconds, m->n_seconds, &m->cap_seconds, sizeof(*m->seconds));
                m->seconds[m->n_seconds++] = (struct second){ 0 };
        }
        return &m->seconds[i];
}

#define BUMP(m, now_us, field)                                   \
        do {                                                     \
                struct second *_second = second_of((m), now_us); \
                if (_second)                                     \
                        _second->field++;                        \
        } while (0)

void measure_took(struct measure *m, enum step step, int64_t began_us, int64_t ended_us) {
        struct series *s = &m->series[step];

        s->samples = grown(s->samples, s->n, &s->cap, sizeof(*s->samples));
        s->samples[s->n++] = sample(m, began_us, ended_us);
}

static struct trouble *trouble_new(const char *text) {
        struct trouble *t = calloc(1, sizeof(*t));

        if (!t || !(t->text = strdup(text)))
                abort();
        return t;
}

static void count_trouble(struct measure *m, const char *text) {
        struct trouble *t = map_get(&m->by_text, text);

        if (!t && m->n_troubles >= TROUBLES_MAX)
                text = "Further ones of other kinds";
        if (!t)
                t = map_get(&m->by_text, text);
        if (!t) {
                t = m->troubles[m->n_troubles++] = trouble_new(text);
                map_put(&m->by_text, t->text, t);
        }
        t->n++;
}

void measure_failed(struct measure *m, enum step step, int64_t now_us, const char *fmt, ...) {
        char text[TROUBLE_TEXT];
        va_list ap;
        int n;

        n = snprintf(text, sizeof(text), "%s: ", measure_steps[step].title);
        va_start(ap, fmt);
        vsnprintf(text + n, sizeof(text) - (size_t)n, fmt, ap);
        va_end(ap);
        m->series[step].failed++;
        m->errors++;
        BUMP(m, now_us, errors);
        count_trouble(m, text);
}

void measure_limited(struct measure *m, enum step step, int64_t now_us) {
        m->series[step].rate_limited++;
        m->rate_limited++;
        BUMP(m, now_us, rate_limited);
}

void measure_answer(struct measure *m, int64_t now_us, size_t bytes) {
        m->requests += m->began_us && !m->ended_us;
        m->bytes += bytes;
        BUMP(m, now_us, requests);
}

void measure_judged(struct measure *m, enum judged judged, bool known, int64_t now_us) {
        bool accepted = judged != JUDGED_WRONG;

        m->judged[judged]++;
        m->right_judged += known;
        m->right_accepted += known && accepted;
        /* A wrong flag for what is solved already is told so: that judges nothing. */
        m->misjudged += known ? !accepted : judged == JUDGED_RIGHT;
        if (judged == JUDGED_RIGHT)
                BUMP(m, now_us, right);
        if (judged == JUDGED_WRONG)
                BUMP(m, now_us, wrong);
}

void measure_frame(struct measure *m, int64_t now_us, size_t bytes) {
        m->frames++;
        m->bytes += bytes;
        BUMP(m, now_us, frames);
}

void measure_lag(struct measure *m, int64_t now_us, int64_t late_us) {
        m->lags = grown(m->lags, m->n_lags, &m->cap_lags, sizeof(*m->lags));
        m->lags[m->n_lags++] = sample(m, now_us - late_us, now_us);
}

void measure_tick(struct measure *m, int64_t now_us) {
        if (!second_of(m, now_us))
                return;
        /* A late one speaks for the seconds that it missed. */
        for (; m->n_noted < m->n_seconds; m->n_noted++) {
                struct second *s = &m->seconds[m->n_noted];

                s->playing = (uint32_t)m->playing;
                s->signed_in = (uint32_t)m->signed_in;
                s->streams = (uint32_t)m->streams;
        }
}

static int by_number(const void *a, const void *b) {
        const struct trouble *const *x = a, *const *y = b;

        if ((*x)->n != (*y)->n)
                return (*x)->n < (*y)->n ? 1 : -1;
        return strcmp((*x)->text, (*y)->text);
}

void measure_sort_troubles(struct measure *m) {
        if (m->n_troubles)
                qsort(m->troubles, m->n_troubles, sizeof(struct trouble *), by_number);
}
