#include <assert.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/random.h"
#include "cli/emulate/throng_impl.h"

#define SIGN_UPS   8     /* at once */
#define SETTLE_MS  5000  /* for the last frames, once all have done what there is to do */
#define HOLD_MS    1000  /* the least that all watch together then */
#define LEAVE_MS   15000 /* for what was begun */
#define PULSE_MS   50    /* between two looks at how late this program is */
#define TICK_MS    1000
#define STREAMS_MS 2000 /* for the closing of all streams */
#define DIALS_MS   200  /* between two looks at streams that are still being dialled */

int64_t throng_at_ms(const struct throng *c) {
        return c->measure.began_us ? (clock_mono_us() - c->measure.began_us) / 1000 : 0;
}

double throng_chance(void) { return (double)random_below(UINT64_C(1) << 53) / 0x1p53; }

/* --- how it stands --- */

static double part_of(const struct throng *c) {
        double by_time = (double)throng_at_ms(c) / (double)c->config->plan.duration_ms;
        double by_work = (double)(c->n_done + c->n_out) / c->config->players;

        if (c->phase == THRONG_SIGNING_UP)
                return (double)c->n_signed_up / c->config->players;
        if (c->config->plan.profile == PROFILE_EVENT || by_work < by_time)
                return by_time > 1 ? 1 : by_time;
        return by_work;
}

static void show(struct throng *c) {
        const struct measure *m = &c->measure;
        struct throng_view view = { .phase = c->phase,
                                    .for_ms = throng_at_ms(c),
                                    .part = part_of(c),
                                    .players = c->config->players,
                                    .signed_up = c->n_signed_up,
                                    .signed_in = m->signed_in,
                                    .failed_sign_ins = m->failed_sign_ins,
                                    .streams = m->streams,
                                    .right = m->judged[JUDGED_RIGHT],
                                    .wrong = m->judged[JUDGED_WRONG],
                                    .rate_limited = m->rate_limited,
                                    .errors = m->errors };

        pthread_mutex_lock(&c->lock);
        c->view = view;
        pthread_mutex_unlock(&c->lock);
}

void throng_look(struct throng *c, struct throng_view *ret) {
        pthread_mutex_lock(&c->lock);
        *ret = c->view;
        pthread_mutex_unlock(&c->lock);
}

/* --- the end --- */

static struct holders holders_of(const struct throng *c) {
        struct holders h = { calloc(c->config->players + 1, sizeof(int64_t)), 0 };

        if (!h.began_us)
                abort();
        for (size_t i = 0; i < c->config->players; i++)
                if (c->players[i].peer && c->players[i].watcher.first_us)
                        h.began_us[h.n++] = c->players[i].watcher.first_us;
        return h;
}

static void finish_watching(struct throng *c) {
        struct holders h = holders_of(c);

        sightings_finish(&c->sightings, &h, &c->measure);
        free(h.began_us);
        for (size_t i = 0; i < c->config->players; i++) {
                struct player *p = &c->players[i];

                if (p->dialling || (p->peer && !p->watcher.first_us)) {
                        measure_failed(&c->measure, STEP_STREAM, clock_mono_us(),
                                       "it was not open when the run ended");
                        c->measure.failed_streams++;
                }
        }
}

static bool is_dialling(const struct throng *c) {
        for (size_t i = 0; i < c->config->players; i++)
                if (c->players[i].dialling)
                        return true;
        return false;
}

static void go_over(struct throng *c) {
        if (c->phase == THRONG_OVER)
                return;
        if (is_dialling(c)) { /* each comes to an end, and cannot be called back */
                loop_timer_set(&c->end, DIALS_MS);
                return;
        }
        c->phase = THRONG_OVER;
        loop_timer_stop(&c->end);
        loop_timer_stop(&c->tick);
        loop_timer_stop(&c->pulse);
        for (size_t i = 0; i < c->config->players; i++) {
                struct player *p = &c->players[i];

                c->measure.unfinished += p->visitor && visitor_is_away(p->visitor);
                feed_end(p);
                player_free(p);
        }
        show(c);
}

static void on_leaving_over(void *arg) { go_over(arg); }

static void leave(struct throng *c) {
        if (c->phase >= THRONG_LEAVING)
                return;
        measure_tick(&c->measure, clock_mono_us());
        if (c->measure.began_us)
                measure_end(&c->measure, clock_mono_us());
        c->phase = THRONG_LEAVING;
        finish_watching(c);
        c->end.fn = on_leaving_over;
        loop_timer_set(&c->end, LEAVE_MS);
        for (size_t i = 0; i < c->config->players; i++)
                player_leave(&c->players[i]);
        show(c);
}

static void on_hurry(void *arg) { leave(arg); }
void throng_hurry(struct throng *c) { loop_post(c->loop, on_hurry, c); }

static void on_end(void *arg) { leave(arg); }

/* From the loop, when no player's code runs any more. */
static void on_all_out(void *arg) {
        struct throng *c = arg;

        leave(c);
        go_over(c);
}

/* Have all done what there is to do, and seen what there is to see? */
static void look_for_end(struct throng *c) {
        int64_t now = clock_mono_ms();
        struct holders h;
        bool settled;

        if (c->phase != THRONG_PLAYING || c->config->plan.profile == PROFILE_EVENT ||
            c->n_done + c->n_out < c->config->players)
                return;
        if (!c->settle_until_ms)
                c->settle_until_ms = now + SETTLE_MS;
        h = holders_of(c);
        settled = sightings_settled(&c->sightings, &h);
        free(h.began_us);
        if (now >= c->settle_until_ms ||
            (settled && now >= c->settle_until_ms - SETTLE_MS + HOLD_MS))
                leave(c);
}

void throng_done(struct player *p) {
        p->throng->n_done += !p->done;
        p->done = true;
}

/* --- all together --- */

static void open_gate(struct throng *c) {
        for (size_t i = 0; i < c->config->players; i++) {
                struct player *p = &c->players[i];

                if (p->stage == STAGE_GATE) {
                        p->stage = STAGE_PLAY;
                        player_wait(p, 0);
                }
        }
}

static void look_at_gate(struct throng *c) {
        if (c->config->plan.profile == PROFILE_RUSH &&
            c->n_at_gate + c->n_out >= c->config->players)
                open_gate(c);
}

void throng_at_gate(struct player *p) {
        struct throng *c = p->throng;

        c->n_at_gate++;
        if (c->config->plan.profile == PROFILE_RUSH) {
                look_at_gate(c);
                return;
        }
        p->stage = STAGE_PLAY;
        player_think(p);
}

void throng_out(struct player *p) {
        struct throng *c = p->throng;

        /* Who was done, or at the gate, counts as out alone. */
        c->n_done -= p->done;
        p->done = false;
        c->n_out++;
        if (c->n_out == c->config->players)
                loop_post(c->loop, on_all_out, c);
        else if (c->phase == THRONG_PLAYING)
                look_at_gate(c);
}

/* --- the beginning --- */

static void on_tick(void *arg) {
        struct throng *c = arg;

        measure_tick(&c->measure, clock_mono_us());
        show(c);
        loop_timer_set(&c->tick, TICK_MS);
}

/* How late a timer is, and whether it is over: both are looked at often. */
static void on_pulse(void *arg) {
        struct throng *c = arg;
        int64_t now = clock_mono_us();

        if (c->phase == THRONG_PLAYING)
                measure_lag(&c->measure, now, now > c->pulse_due_us ? now - c->pulse_due_us : 0);
        c->pulse_due_us = now + PULSE_MS * INT64_C(1000);
        loop_timer_set(&c->pulse, PULSE_MS);
        look_for_end(c);
}

static void begin(struct throng *c) {
        c->phase = THRONG_PLAYING;
        measure_begin(&c->measure, clock_mono_us());
        loop_timer_set(&c->end, c->config->plan.duration_ms);
        c->pulse_due_us = clock_mono_us() + PULSE_MS * INT64_C(1000);
        loop_timer_set(&c->pulse, PULSE_MS);
        for (size_t i = 0; i < c->config->players; i++)
                if (c->players[i].stage != STAGE_OUT)
                        player_arrive(&c->players[i]);
        show(c);
}

static void sign_up_next(struct throng *c) {
        if (c->phase == THRONG_SIGNING_UP && c->next_sign_up < c->config->players)
                player_sign_up(&c->players[c->next_sign_up++]);
}

void throng_signed_up(struct player *p, bool well) {
        struct throng *c = p->throng;

        c->n_signed_up++;
        if (!well || c->phase >= THRONG_LEAVING) {
                p->stage = STAGE_OUT;
                player_drop(p);
                throng_out(p);
        }
        if (c->phase == THRONG_SIGNING_UP && c->n_signed_up == c->config->players)
                begin(c);
        else
                sign_up_next(c);
}

void throng_give_up(struct throng *c, const char *why) {
        if (!c->failed)
                err_set(&c->err, ERR_FORBIDDEN,
                        "no accounts can be made there (%s): name users of it by --credentials",
                        why);
        c->failed = true;
        leave(c);
}

static void on_start(void *arg) {
        struct throng *c = arg;

        loop_timer_init(&c->tick, c->loop, on_tick, c);
        loop_timer_init(&c->end, c->loop, on_end, c);
        loop_timer_init(&c->pulse, c->loop, on_pulse, c);
        loop_timer_set(&c->tick, TICK_MS);
        for (size_t i = 0; i < c->config->players; i++)
                player_init(&c->players[i], c, i);
        if (c->config->logins) {
                c->n_signed_up = c->config->players;
                begin(c);
                return;
        }
        for (unsigned i = 0; i < SIGN_UPS; i++)
                sign_up_next(c);
}

void throng_start(struct throng *c) { loop_post(c->loop, on_start, c); }

static void on_tls_end(void *arg) { tls_client_end(arg); }

/* Nothing runs any more after this. */
static void stop(struct throng *c) {
        if (!loop_is_started(c->loop))
                return;
        if (c->ws)
                ws_quiesce(&c->ws, 1, WS_GOING_AWAY, STREAMS_MS);
        if (c->tls)
                loop_post(c->loop, on_tls_end, c->tls);
        loop_stop(c->loop);
}

int throng_result(struct throng *c, struct measure **ret, struct err *err) {
        stop(c);
        assert(c->phase == THRONG_OVER);
        if (c->failed) {
                *err = c->err;
                return -1;
        }
        *ret = &c->measure;
        return 0;
}

/* --- life --- */

static void run_name(char ret[8]) {
        uint8_t bytes[2];

        random_bytes(bytes, sizeof(bytes));
        hex_encode(bytes, sizeof(bytes), ret);
}

int throng_new(const struct throng_config *config, struct throng **ret, struct err *err) {
        struct visitors_config visits = { .user_agent = "berth-emulate" };
        _cleanup_(throng_freep) struct throng *c = calloc(1, sizeof(*c));

        if (!c || !(c->players = calloc(config->players, sizeof(*c->players))))
                abort();
        c->config = config;
        pthread_mutex_init(&c->lock, NULL);
        measure_init(&c->measure);
        sightings_init(&c->sightings);
        run_name(c->run);
        if (throng_find(c, err) < 0 || throng_raise_files(config->players, err) < 0 ||
            loop_new("throng", &c->loop, err) < 0)
                return -1;
        visits.resolve = c->resolve;
        loop_start(c->loop);
        if (visitors_new(c->loop, &visits, &c->visitors, err) < 0 ||
            tls_client_new(c->loop, &c->tls, err) < 0 ||
            ws_new(c->loop, &feed_limits, &feed_events, &c->ws, err) < 0)
                return -1;
        show(c);
        *ret = TAKE(c);
        return 0;
}

struct throng *throng_free(struct throng *c) {
        if (!c)
                return NULL;
        if (c->loop)
                stop(c);
        ws_free(c->ws);
        visitors_free(c->visitors);
        tls_client_free(c->tls);
        loop_free(c->loop);
        sightings_done(&c->sightings);
        measure_done(&c->measure);
        pthread_mutex_destroy(&c->lock);
        free(c->players);
        free(c->host);
        free(c->resolve);
        free(c);
        return NULL;
}
