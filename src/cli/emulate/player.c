#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/random.h"
#include "base/str.h"
#include "cli/emulate/throng_impl.h"

#define PAGE_MAX     ((size_t)16 * 1024 * 1024)
#define NAMES_MAX    5    /* tried by a player */
#define LIMITED_MS   2000 /* where a 429 does not say how long */
#define AGAIN_MS     1500 /* after what has to work did not */
#define ASSET_MS     5
#define PASSWORD_LEN 16

static const struct dialect *dialect_of(const struct player *p) {
        return p->throng->config->dialect;
}

static int64_t retry_ms(const struct visit_answer *a) {
        return a->retry_after_s ? a->retry_after_s * (int64_t)1000 : LIMITED_MS;
}

static bool is_leaving(const struct player *p) { return p->throng->phase >= THRONG_LEAVING; }

/* --- what comes back --- */

/* Answers that are as they should be.  Fails when one says something else than its kind. */
typedef int take_fn(struct player *p, const json_t *o, const struct visit_answer *a,
                    struct err *err);

static int take_page(struct player *p, const json_t *o _unused_, const struct visit_answer *a,
                     struct err *err _unused_) {
        _cleanup_buf_ struct buf url = { 0 };

        buf_printf(&url, "%s/", p->throng->config->url);
        assets_find(a->text, a->n, url.data, &p->arena, &p->assets);
        p->stage = STAGE_ASSETS;
        player_wait(p, 0);
        return 0;
}

static int take_asset(struct player *p, const json_t *o _unused_,
                      const struct visit_answer *a _unused_, struct err *err _unused_) {
        player_wait(p, ASSET_MS);
        return 0;
}

static int take_sign_up(struct player *p, const json_t *o _unused_,
                        const struct visit_answer *a _unused_, struct err *err _unused_) {
        throng_signed_up(p, true);
        return 0;
}

static int take_sign_in(struct player *p, const json_t *o, const struct visit_answer *a _unused_,
                        struct err *err) {
        if (dialect_of(p)->signed_in(&p->persona, o, err) < 0)
                return -1;
        p->throng->measure.signed_in++;
        p->stage = STAGE_SETTLE;
        player_think(p);
        return 0;
}

/* The name that it asked for; it is in the body of its request alone. */
static void write_name(const struct player *p, char ret[DISPLAY_NAME_SIZE]) {
        snprintf(ret, DISPLAY_NAME_SIZE, "Player %s %zu", p->throng->run, p->index + 1);
        if (p->names_tried)
                snprintf(ret + strlen(ret), DISPLAY_NAME_SIZE - strlen(ret), " (%u)",
                         p->names_tried + 1);
}

static int take_name(struct player *p, const json_t *o _unused_,
                     const struct visit_answer *a _unused_, struct err *err _unused_) {
        write_name(p, p->persona.display);
        p->persona.named = true;
        player_think(p);
        return 0;
}

static int take_team(struct player *p, const json_t *o, const struct visit_answer *a _unused_,
                     struct err *err) {
        if (dialect_of(p)->founded(&p->persona, o, err) < 0)
                return -1;
        player_think(p);
        return 0;
}

static int take_ticket(struct player *p, const json_t *o, const struct visit_answer *a _unused_,
                       struct err *err) {
        if (dialect_of(p)->streamed(&p->persona, o, err) < 0)
                return -1;
        feed_dial(p);
        player_wait(p, 0);
        return 0;
}

/* A page of the list, or its end. */
static int take_list(struct player *p, const json_t *o, const struct visit_answer *a _unused_,
                     struct err *err) {
        const char *next;

        if (dialect_of(p)->listed(&p->persona, o, &next, err) < 0)
                return -1;
        buf_clear(&p->cursor);
        if (next) {
                buf_str(&p->cursor, next);
                player_wait(p, 0);
                return 0;
        }
        if (p->stage == STAGE_LIST) {
                p->stage = STAGE_GATE;
                throng_at_gate(p);
        } else {
                play_advance(p, true);
        }
        return 0;
}

static int take_challenge(struct player *p, const json_t *o, const struct visit_answer *a _unused_,
                          struct err *err) {
        if (dialect_of(p)->opened(&p->persona, p->place, o, err) < 0)
                return -1;
        play_advance(p, true);
        return 0;
}

static int take_hint(struct player *p, const json_t *o, const struct visit_answer *a _unused_,
                     struct err *err) {
        if (dialect_of(p)->hinted(&p->persona, p->place, o, err) < 0)
                return -1;
        p->throng->measure.hints++;
        play_advance(p, true);
        return 0;
}

static int take_stop(struct player *p, const json_t *o _unused_,
                     const struct visit_answer *a _unused_, struct err *err _unused_) {
        p->hold.id[0] = '\0';
        play_advance(p, true);
        return 0;
}

static int take_board(struct player *p, const json_t *o _unused_,
                      const struct visit_answer *a _unused_, struct err *err _unused_) {
        play_advance(p, true);
        return 0;
}

static const struct {
        take_fn *take; /* NULL: no request is of this step */
        bool json;     /* what it says matters */
} takes[_STEP_N] = {
        [STEP_PAGE] = { take_page, false },          [STEP_ASSET] = { take_asset, false },
        [STEP_SIGN_UP] = { take_sign_up, false },    [STEP_SIGN_IN] = { take_sign_in, true },
        [STEP_NAME] = { take_name, false },          [STEP_TEAM] = { take_team, true },
        [STEP_TICKET] = { take_ticket, true },       [STEP_CHALLENGES] = { take_list, true },
        [STEP_CHALLENGE] = { take_challenge, true }, [STEP_SUBMIT] = { play_judged, true },
        [STEP_HINT] = { take_hint, true },           [STEP_START] = { hold_started, true },
        [STEP_POLL] = { hold_seen, true },           [STEP_STOP] = { take_stop, false },
        [STEP_BOARD] = { take_board, false },
};

static int take(struct player *p, const struct visit_answer *a, struct err *err) {
        _cleanup_json_ json_t *o = NULL;

        if (takes[p->request.step].json && json_parse(a->text, a->n, &o, err) < 0)
                return err_set(err, ERR_GARBLED, "the answer is no JSON");
        return takes[p->request.step].take(p, o, a, err);
}

/* --- what does not come back as it should --- */

static void go_out(struct player *p) {
        p->stage = STAGE_OUT;
        player_drop(p);
        throng_out(p);
}

/* Goes on after a step that failed for good. */
static void get_over(struct player *p, enum step step) {
        struct measure *m = &p->throng->measure;

        switch ((int)step) {
        case STEP_SIGN_UP:
                throng_signed_up(p, false);
                return;
        case STEP_PAGE:
                p->stage = STAGE_ASSETS;
                player_wait(p, 0);
                return;
        case STEP_ASSET:
                player_wait(p, ASSET_MS);
                return;
        case STEP_SIGN_IN:
                m->failed_sign_ins++;
                go_out(p);
                return;
        case STEP_NAME:
                p->persona.named = true; /* by whatever it is called */
                player_think(p);
                return;
        case STEP_TICKET:
                m->asked_streams++;
                feed_failed(p);
                player_think(p);
                return;
        case STEP_TEAM:
                go_out(p);
                return;
        case STEP_CHALLENGES:
                buf_clear(&p->cursor);
                if (p->stage == STAGE_LIST)
                        player_wait(p, AGAIN_MS / 2 + (int64_t)random_below(AGAIN_MS));
                else
                        play_advance(p, false);
                return;
        case STEP_STOP: /* it is not tried again: its time ends */
                p->hold.id[0] = '\0';
                play_advance(p, false);
                return;
        default:
                play_advance(p, false);
        }
}

/* A name that somebody has is no trouble: there are others. */
static bool may_take_another(struct player *p, const struct visit_answer *a) {
        bool name = p->request.step == STEP_NAME || p->request.step == STEP_TEAM;

        if (!name || (a->status != 409 && a->status != 400) || p->names_tried + 1 >= NAMES_MAX)
                return false;
        p->names_tried++;
        player_think(p);
        return true;
}

/* Points may be gone when a hint is asked for: that is how the game is. */
static bool is_of_the_game(const struct player *p, const struct visit_answer *a) {
        return p->request.step == STEP_HINT && a->status == 402;
}

static void take_refusal(struct player *p, const struct visit_answer *a) {
        _cleanup_buf_ struct buf text = { 0 };

        if (may_take_another(p, a))
                return;
        if (is_of_the_game(p, a)) {
                play_advance(p, true);
                return;
        }
        dialect_refusal(a->status, a->text, a->n, &text);
        measure_failed(&p->throng->measure, p->request.step, a->ended_us, "%s", text.data);
        if (p->request.step == STEP_SIGN_UP && a->status == 403) {
                throng_give_up(p->throng, text.data);
                return;
        }
        get_over(p, p->request.step);
}

static void take_limit(struct player *p, const struct visit_answer *a) {
        measure_limited(&p->throng->measure, p->request.step, a->ended_us);
        if (is_leaving(p) && p->request.step == STEP_STOP)
                p->hold.id[0] = '\0'; /* nobody waits for that */
        player_wait(p, retry_ms(a));
}

static void on_answer(void *arg, const struct visit_answer *a) {
        struct player *p = arg;
        struct measure *m = &p->throng->measure;
        enum step step = p->request.step;
        struct err err;

        if (!a->trouble)
                measure_answer(m, a->ended_us, a->n);
        if (a->trouble) {
                measure_failed(m, step, a->ended_us, "%s", a->trouble);
                get_over(p, step);
        } else if (a->status == 429) {
                take_limit(p, a);
        } else if (a->status >= 400) {
                take_refusal(p, a);
        } else if (take(p, a, &err) < 0) {
                measure_failed(m, step, a->ended_us, "%s", err.msg);
                get_over(p, step);
        } else {
                measure_took(m, step, a->began_us, a->ended_us);
        }
}

/* --- what is asked --- */

static void on_connected(void *arg, const struct visit_answer *a) { hold_connected(arg, a); }

void player_visit(struct player *p, const struct visit *visit) {
        visitor_go(p->visitor, visit, visit->connect_only ? on_connected : on_answer, p);
}

void player_send(struct player *p) {
        /* What Berth wants of a page of its own that writes by cookie. */
        static const char *const headers[] = { "X-Berth-CSRF: 1", NULL };
        bool write = strcmp(p->request.method, "GET") != 0;
        _cleanup_buf_ struct buf url = { 0 };
        struct visit visit = { .method = p->request.method,
                               .headers = write ? headers : NULL,
                               .timeout_ms = VISIT_TIMEOUT_MS,
                               .max_bytes = PAGE_MAX };

        buf_printf(&url, "%s%s", p->throng->config->url, p->request.path.data);
        visit.url = url.data;
        if (p->request.body.len) {
                visit.content_type = "application/json";
                visit.body = p->request.body.data;
                visit.n = p->request.body.len;
        }
        player_visit(p, &visit);
}

static void send_asset(struct player *p) {
        struct visit visit = { .method = "GET",
                               .url = p->assets.urls[p->next_asset++],
                               .timeout_ms = VISIT_TIMEOUT_MS,
                               .max_bytes = PAGE_MAX };

        request_begin(&p->request, STEP_ASSET, "GET", "");
        player_visit(p, &visit);
}

static void ask_name(struct player *p) {
        char name[DISPLAY_NAME_SIZE];

        write_name(p, name);
        dialect_of(p)->set_name(name, &p->request);
        player_send(p);
}

static void ask_team(struct player *p) {
        char name[DISPLAY_NAME_SIZE];

        write_name(p, name);
        dialect_of(p)->found_team(name, &p->request);
        player_send(p);
}

static void ask_list(struct player *p) {
        dialect_of(p)->list(p->cursor.len ? p->cursor.data : NULL, &p->request);
        player_send(p);
}

/* --- one thing after the other --- */

/* Who is signed in gets a name, a team and a stream, each when it has none. */
static void settle_in(struct player *p) {
        if (!p->persona.named) {
                ask_name(p);
        } else if (p->persona.teamless && dialect_of(p)->teams) {
                ask_team(p);
        } else {
                p->stage = STAGE_LIST;
                feed_want(p, 0);
                player_wait(p, 0);
        }
}

static void next(void *arg) {
        struct player *p = arg;

        if (is_leaving(p)) {
                player_leave(p);
                return;
        }
        if (p->stage >= STAGE_LIST && !p->cursor.len && feed_go_on(p))
                return;
        switch (p->stage) {
        case STAGE_SIGN_UP:
                dialect_of(p)->sign_up(&p->persona, &p->request);
                player_send(p);
                return;
        case STAGE_AWAY:
                p->visitor = visitor_new(p->throng->visitors);
                p->throng->measure.playing++;
                p->here = true;
                p->stage = STAGE_PAGE;
                player_wait(p, 0);
                return;
        case STAGE_PAGE:
                request_begin(&p->request, STEP_PAGE, "GET", "/");
                player_send(p);
                return;
        case STAGE_ASSETS:
                if (p->next_asset < p->assets.n) {
                        send_asset(p);
                        return;
                }
                p->stage = STAGE_SIGN_IN;
                player_think(p);
                return;
        case STAGE_SIGN_IN:
                dialect_of(p)->sign_in(&p->persona, &p->request);
                player_send(p);
                return;
        case STAGE_SETTLE:
                settle_in(p);
                return;
        case STAGE_LIST:
                ask_list(p);
                return;
        case STAGE_PLAY:
                play_next(p);
                return;
        case STAGE_WATCH:
                play_watch(p);
                return;
        case STAGE_GATE:
        case STAGE_OUT:
                return;
        }
}

void player_wait(struct player *p, int64_t ms) {
        if (p->stage != STAGE_OUT)
                loop_timer_set(&p->timer, is_leaving(p) ? 0 : ms);
}

void player_think(struct player *p) {
        struct throng *c = p->throng;

        player_wait(p, plan_think_ms(&c->config->plan, throng_at_ms(c), c->config->course->n,
                                     throng_chance()));
}

/* --- life --- */

/* Those who sign up make their own. */
static void invent_login(struct player *p) {
        uint8_t secret[PASSWORD_LEN / 2];
        char password[PASSWORD_LEN + 1];

        random_bytes(secret, sizeof(secret));
        hex_encode(secret, sizeof(secret), password);
        p->persona.name = arena_printf(&p->arena, "emu-%s-%zu", p->throng->run, p->index + 1);
        p->persona.password = arena_printf(&p->arena, "%s", password);
}

void player_init(struct player *p, struct throng *c, size_t index) {
        const struct login *logins = c->config->logins;

        *p = (struct player){ .throng = c, .index = index, .stage = STAGE_AWAY };
        p->persona.course = c->config->course;
        p->persona.tenant = c->config->tenant;
        if (logins) {
                p->persona.name = logins[index].name;
                p->persona.password = logins[index].password;
        } else {
                invent_login(p);
        }
        loop_timer_init(&p->timer, c->loop, next, p);
}

void player_sign_up(struct player *p) {
        p->stage = STAGE_SIGN_UP;
        p->visitor = visitor_new(p->throng->visitors);
        player_wait(p, 0);
}

void player_arrive(struct player *p) {
        visitor_close(TAKE(p->visitor)); /* with the cookie of its sign-up */
        p->stage = STAGE_AWAY;
        player_wait(p, plan_arrival_ms(&p->throng->config->plan, throng_chance()));
}

void player_leave(struct player *p) {
        if (p->stage == STAGE_OUT || (p->visitor && visitor_is_away(p->visitor)))
                return;
        if (p->visitor && p->hold.id[0]) {
                hold_stop(p);
                return;
        }
        go_out(p);
}

void player_drop(struct player *p) {
        loop_timer_stop(&p->timer);
        p->throng->measure.playing -= p->here;
        p->here = false;
        visitor_close(TAKE(p->visitor));
}

static void on_timer_closed(void *arg _unused_) {}

void player_free(struct player *p) {
        player_drop(p);
        loop_timer_close(&p->timer, on_timer_closed);
        request_done(&p->request);
        buf_done(&p->cursor);
        arena_done(&p->arena);
        free(p->persona.own);
        free(p->stumbles);
}
