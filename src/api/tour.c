/*
 * How what came gets to all who watch: some watchers in each turn of the loop, so that requests
 * have theirs in between, the answer to whoever caused it first of all.
 *
 * Watchers are given one batch after the other.  What piled up meanwhile is made one batch, so that
 * a loop that is behind has less to do and not more.
 */
#include <stdlib.h>
#include <string.h>

#include "api/crowd_impl.h"
#include "base/clock.h"

#define TURN_WATCHERS 128 /* given something in one turn: a millisecond or so */
#define JOINED_MAX    64  /* batches that become one */
#define JOINED_BYTES  ((size_t)64 << 10)
#define CONCERNS_MAX  8 /* beyond which all are looked at */

/* --- what is given --- */

static void render_ctfg(struct crowd *c, const struct batch *b, bool staff,
                        const struct game_rules *rules, struct rendered *ret) {
        _cleanup_buf_ struct buf wire = { 0 }, text = { 0 };
        int64_t now_ms = clock_now_ms();

        ret->done = true;
        for (size_t i = 0; i < b->n; i++) {
                const struct part *p = &b->parts[i];
                const struct challenge *ch;
                int64_t number = p->frame.challenge;

                if (!frame_shown(&p->frame, staff, rules, now_ms))
                        continue;
                read_model_lock(c->api->model);
                ch = read_model_challenge(c->api->model, p->frame.challenge);
                number = ch && ch->number ? ch->number : number;
                read_model_unlock(c->api->model);
                buf_clear(&text);
                if (!p->frame.reset)
                        buf_char(&text, '[');
                if (!frame_ctfg(&p->frame, part_text(b, p), NULL, number, &text))
                        continue;
                if (!p->frame.reset)
                        buf_char(&text, ']');
                ws_frame_add(&wire, WS_SERVER, WS_TEXT, text.data, text.len);
        }
        if (wire.len)
                ret->message = ws_message_new(wire.data, wire.len);
}

static void render_events(const struct batch *b, bool staff, const struct game_rules *rules,
                          struct rendered *ret) {
        int64_t now_ms = clock_now_ms();

        ret->done = true;
        for (size_t i = 0; i < b->n; i++)
                if (frame_shown(&b->parts[i].frame, staff, rules, now_ms))
                        watcher_event(&ret->text, b, &b->parts[i]);
}

static struct game_rules rules_of(struct crowd *c, int64_t tenant) {
        const struct tenant_game *game;
        struct game_rules rules = { 0 };

        read_model_lock(c->api->model);
        game = read_model_game(c->api->model, tenant);
        if (game)
                rules = game->rules;
        read_model_unlock(c->api->model);
        return rules;
}

/* --- credentials --- */

static bool is_concerned(const struct watcher *w, const struct batch *b) {
        for (size_t i = 0; i < b->n_concerns; i++) {
                const struct concern *x = &b->concerns[i];

                switch (x->kind) {
                case CONCERN_TOKEN:
                        if (w->token == x->id)
                                return true;
                        break;
                case CONCERN_USER:
                        if (w->user == x->id)
                                return true;
                        break;
                case CONCERN_TEAM:
                        if (w->account.kind == ACCOUNT_TEAM && w->account.id == x->id)
                                return true;
                        break;
                case CONCERN_PUBLIC:
                        if (!w->user)
                                return true;
                        break;
                case CONCERN_ALL:
                        return true;
                }
        }
        return false;
}

/* Ends the streams of those whose credentials are good no more. */
static void check(struct crowd *c, struct audience *a, const struct batch *b) {
        int64_t now_ms = clock_now_ms();
        struct watcher *next;
        bool good;

        for (struct watcher *w = a->first; w; w = next) {
                next = w->next;
                if (b->n_concerns <= CONCERNS_MAX && !is_concerned(w, b))
                        continue;
                if (b->reset && !watcher_tell_reset(w, b))
                        continue;
                read_model_lock(c->api->model);
                good = watcher_check(w, c->api->model, now_ms);
                read_model_unlock(c->api->model);
                if (!good)
                        watcher_end(w, WS_POLICY, "signed out");
                else if (b->reset)
                        watcher_end(w, WS_POLICY, "the game begins anew");
        }
}

/* --- a tour --- */

/* The next of what is due, with what came right behind it for the same tenant.  What ends streams
 * is the last of its batch. */
static struct batch *take_due(struct crowd *c) {
        struct batch **list = c->due + c->at_due, *joined;
        size_t n = 1, left = c->n_due - c->at_due, bytes = batch_bytes(list[0]);

        while (n < left && n < JOINED_MAX && !list[n - 1]->n_concerns &&
               list[n]->tenant == list[0]->tenant && bytes < JOINED_BYTES)
                bytes += batch_bytes(list[n++]);
        c->at_due += n;
        if (n == 1)
                return list[0];
        joined = batch_join(list, n);
        for (size_t i = 0; i < n; i++)
                batch_unref(list[i]);
        return joined;
}

static void begin_tour(struct crowd *c) {
        struct batch *b = take_due(c);
        struct audience *a = map_get_id(&c->audiences, b->tenant);

        c->tour = (struct tour){ .batch = b,
                                 .audience = a,
                                 .next = a && b->n ? a->first : NULL,
                                 .rules = rules_of(c, b->tenant) };
}

static void drop_tour(struct tour *t) {
        for (int i = 0; i < 2; i++) {
                ws_message_unref(t->ctfg[i].message);
                buf_done(&t->events[i].text);
        }
        batch_unref(t->batch);
        *t = (struct tour){ 0 };
}

static void end_tour(struct crowd *c) {
        struct tour *t = &c->tour;

        if (t->audience && t->batch->n_concerns)
                check(c, t->audience, t->batch);
        drop_tour(t);
}

/* To at most *LEFT more of those who are at the end; the others get there by themselves. */
static void go_round(struct crowd *c, unsigned *left) {
        struct tour *t = &c->tour;
        const struct batch *b = t->batch;
        struct watcher *w;

        while (*left && (w = t->next)) {
                struct rendered *ctfg = &t->ctfg[w->staff], *events = &t->events[w->staff];

                t->next = w->next;
                if (!w->live || w->seq >= b->last)
                        continue;
                --*left;
                if (w->form == FORM_CTFG && !ctfg->done)
                        render_ctfg(c, b, w->staff, &t->rules, ctfg);
                if (w->form == FORM_EVENTS && !events->done)
                        render_events(b, w->staff, &t->rules, events);
                watcher_give(w, b, ctfg, events);
        }
}

static bool is_any_left(const struct crowd *c) { return c->tour.batch || c->at_due < c->n_due; }

static void on_turn(void *arg) {
        struct crowd *c = arg;
        unsigned left = TURN_WATCHERS;

        while (left && is_any_left(c)) {
                if (!c->tour.batch)
                        begin_tour(c);
                go_round(c, &left);
                if (!c->tour.next)
                        end_tour(c);
        }
        c->turning = is_any_left(c);
        if (c->turning)
                loop_post(c->lane->loop, on_turn, c);
}

void tour_take(struct crowd *c, struct batch **batches, size_t n) {
        size_t waiting = c->n_due - c->at_due;

        if (n == 0)
                return;
        if (waiting)
                memmove(c->due, c->due + c->at_due, waiting * sizeof(struct batch *));
        c->due = reallocarray(c->due, waiting + n, sizeof(struct batch *));
        if (!c->due)
                abort();
        memcpy(c->due + waiting, batches, n * sizeof(struct batch *));
        c->at_due = 0;
        c->n_due = waiting + n;
        if (!c->turning)
                on_turn(c);
}

void tour_done(struct crowd *c) {
        drop_tour(&c->tour);
        while (c->at_due < c->n_due)
                batch_unref(c->due[c->at_due++]);
        free(c->due);
}
