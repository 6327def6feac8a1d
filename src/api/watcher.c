#include <assert.h>
#include <stdlib.h>

#include "api/crowd_impl.h"
#include "base/clock.h"
#include "base/metric.h"

/* --- what one is sent --- */

static size_t pending(const struct watcher *w) {
        return w->peer ? ws_pending(w->peer) : http_stream_pending(w->stream);
}

static void drop_slow(struct watcher *w) {
        metric_add(METRIC_DROPPED, 1, "slow");
        watcher_end(w, WS_LATER, "");
}

bool watcher_write(struct watcher *w, const char *text, size_t n) {
        if (http_stream_pending(w->stream) > CROWD_PENDING_BYTES)
                drop_slow(w);
        else if (http_stream_write(w->stream, text, n))
                return true;
        else /* its peer went away */
                watcher_end(w, WS_GOING_AWAY, "");
        return false;
}

/* What was gathered for W goes out; false when it is over (and an event stream is freed then). */
static bool flush(struct watcher *w) {
        struct buf *b = &w->crowd->gathered;
        struct ws_message *m;
        bool ok = true;

        if (b->len == 0)
                return true;
        if (w->form == FORM_EVENTS) {
                ok = watcher_write(w, b->data, b->len);
        } else if (w->form == FORM_CTFG) {
                buf_char(b, ']');
                m = ws_message_text(b->data, b->len);
                ok = ws_send(w->peer, m);
                ws_message_unref(m);
                w->begun = true;
        } else {
                m = ws_message_new(b->data, b->len);
                ok = ws_send(w->peer, m);
                ws_message_unref(m);
        }
        buf_clear(b);
        return ok;
}

void watcher_event(struct buf *b, const struct batch *batch, const struct part *p) {
        buf_str(b, "id: ");
        buf_int(b, p->frame.seq);
        buf_str(b, "\nevent: ");
        buf_str(b, frame_type_name(p->frame.type));
        buf_str(b, "\ndata: ");
        buf_add(b, part_text(batch, p), p->n);
        buf_str(b, "\n\n");
}

/* --- the past --- */

/* What it needs to know of the game while it catches up. */
struct sight {
        struct game_rules rules;
        int64_t now_ms;
};

static void look(const struct watcher *w, struct sight *ret) {
        struct read_model *m = w->crowd->api->model;
        const struct tenant_game *game;

        *ret = (struct sight){ .now_ms = clock_now_ms() };
        read_model_lock(m);
        game = read_model_game(m, w->tenant);
        if (game)
                ret->rules = game->rules;
        read_model_unlock(m);
}

/* CTFG's clients make their board of what they are told: of what counts no more they must not
 * hear.  With the read model locked. */
static bool is_in_force(const struct watcher *w, const struct game *game, const struct frame *f) {
        const struct progress *p;

        if (!w->staff && !game_counts(game, f->who))
                return false;
        if (f->type == FRAME_AWARD)
                return game_awarded(game, f->who, f->ref);
        if (f->type != FRAME_SOLVE)
                return f->type == FRAME_HINT;
        p = game_progress(game, f->who, f->challenge);
        return p && p->solved_seq == f->ref;
}

/* That the game began anew, in its own form; false when it is over (as flush()). */
static bool send_reset(struct watcher *w, const struct batch *batch, const struct part *p) {
        struct buf *b = &w->crowd->gathered;
        bool ok;

        if (!flush(w))
                return false;
        if (w->form == FORM_EVENTS) {
                watcher_event(b, batch, p);
                return flush(w);
        }
        if (w->form == FORM_CTFG)
                frame_ctfg(&p->frame, part_text(batch, p), NULL, 0, b);
        else
                buf_add(b, part_text(batch, p), p->n);
        ok = ws_send_text(w->peer, b->data, b->len);
        buf_clear(b);
        return ok;
}

/* Under the name that its account has now: their board goes by names. */
static void gather_score(struct watcher *w, const struct batch *batch, const struct part *p) {
        struct read_model *m = w->crowd->api->model;
        struct buf *b = &w->crowd->gathered;
        const struct tenant_game *game;
        const struct challenge *ch;
        char name[DISPLAY_NAME_SIZE];
        int64_t number = p->frame.challenge;
        bool told;

        read_model_lock(m);
        game = read_model_game(m, w->tenant);
        told = game && is_in_force(w, game->game, &p->frame);
        ch = told ? read_model_challenge(m, p->frame.challenge) : NULL;
        number = ch && ch->number ? ch->number : number;
        read_model_account_name(m, p->frame.who, name);
        read_model_unlock(m);
        if (!told)
                return;
        if (b->len == 0)
                buf_char(b, '[');
        frame_ctfg(&p->frame, part_text(batch, p), name, number, b);
}

static void gather_part(struct watcher *w, const struct batch *batch, const struct part *p) {
        struct buf *b = &w->crowd->gathered;

        switch (w->form) {
        case FORM_FRAMES:
                ws_frame_add(b, WS_SERVER, WS_TEXT, part_text(batch, p), p->n);
                break;
        case FORM_CTFG:
                if (p->frame.reset)
                        send_reset(w, batch, p);
                else
                        gather_score(w, batch, p);
                break;
        case FORM_EVENTS:
                watcher_event(b, batch, p);
                break;
        }
}

/* A large one of which W is to see all goes out as it is, without a copy. */
static bool is_whole(const struct watcher *w, const struct batch *b, const struct sight *sight) {
        if (w->form != FORM_FRAMES || b->n == 0 || b->wire->n < CROWD_CHUNK_BYTES / 4 ||
            w->seq >= b->parts[0].frame.seq)
                return false;
        for (size_t i = 0; i < b->n; i++)
                if (!frame_shown(&b->parts[i].frame, w->staff, &sight->rules, sight->now_ms))
                        return false;
        return true;
}

/* B, which ends after W's place; false when W is over. */
static bool gather(struct watcher *w, const struct batch *b, const struct sight *sight) {
        if (is_whole(w, b, sight)) {
                if (!flush(w) || !ws_send(w->peer, b->wire))
                        return false;
        } else {
                for (size_t i = batch_find(b, w->seq); i < b->n; i++)
                        if (frame_shown(&b->parts[i].frame, w->staff, &sight->rules, sight->now_ms))
                                gather_part(w, b, &b->parts[i]);
        }
        w->seq = b->last;
        return w->crowd->gathered.len < CROWD_CHUNK_BYTES || flush(w);
}

/* --- pages of the log --- */

struct page {
        struct live_page page;
        struct watcher *watcher;
};

static void go_on(struct watcher *w, const struct batch *first);

static void on_page(void *arg) {
        struct page *p = arg;
        struct watcher *w = p->watcher;
        struct batch *b = p->page.ret;

        free(p);
        w->reading = false;
        if (w->over) {
                free(w);
        } else if (!b) {
                watcher_end(w, WS_LATER, "the log cannot be read at the moment");
        } else {
                go_on(w, b);
        }
        batch_unref(b);
}

/* On the reader's thread. */
static void on_read(struct live_page *page) {
        struct page *p = container_of(page, struct page, page);

        loop_post(p->watcher->crowd->lane->loop, on_page, p);
}

static void read_log(struct watcher *w, int64_t upto) {
        struct page *p = calloc(1, sizeof(*p));

        if (!p)
                abort();
        p->watcher = w;
        p->page.tenant = w->tenant;
        p->page.after = w->seq;
        p->page.upto = upto;
        p->page.done = on_read;
        w->reading = true;
        live_read(w->crowd->api->live, &p->page);
}

/* --- going on --- */

/* Where CTFG's clients begin: where the game did.  False: not known yet, or W is over. */
static bool find_begin(struct watcher *w) {
        struct live *l = w->crowd->api->live;
        struct batch *none = NULL;
        int64_t bound = 0, reset_seq;

        if (w->seq >= 0)
                return true;
        if (live_next(l, w->tenant, INT64_MAX, &none, &bound) == LIVE_WAIT)
                return false;
        reset_seq = live_reset_seq(l, w->tenant);
        if (reset_seq < 0) {
                watcher_end(w, WS_LATER, "the log cannot be read at the moment");
                return false;
        }
        w->seq = reset_seq;
        return true;
}

/* W has all there is: from now on it is given what comes. */
static void arrive(struct watcher *w) {
        if (w->form == FORM_CTFG && !w->begun && w->crowd->gathered.len == 0)
                buf_char(&w->crowd->gathered, '['); /* nothing has happened yet */
        if (flush(w))
                w->live = true;
}

/* From FIRST on, if there is one. */
static void go_on(struct watcher *w, const struct batch *first) {
        struct live *l = w->crowd->api->live;
        struct batch *b = NULL;
        struct sight sight;
        int64_t bound = 0;
        bool ok = true;

        buf_clear(&w->crowd->gathered);
        look(w, &sight);
        if (first)
                ok = gather(w, first, &sight);
        while (ok && pending(w) < CROWD_ROOM_BYTES) {
                switch (live_next(l, w->tenant, w->seq, &b, &bound)) {
                case LIVE_BATCH:
                        ok = gather(w, b, &sight);
                        batch_unref(b);
                        break;
                case LIVE_END:
                        arrive(w);
                        return;
                case LIVE_OLDER:
                        if (flush(w))
                                read_log(w, bound);
                        return;
                case LIVE_WAIT:
                        flush(w);
                        return;
                }
        }
        if (ok)
                flush(w);
}

void watcher_pump(struct watcher *w) {
        if (!w->live && !w->reading && find_begin(w))
                go_on(w, NULL);
}

void watcher_give(struct watcher *w, const struct batch *b, struct rendered *ctfg,
                  struct rendered *events) {
        struct ws_message *m = w->staff ? b->wire : b->open;

        if (b->n && w->seq >= b->parts[0].frame.seq) { /* in the middle of it */
                w->live = false;
                watcher_pump(w);
                return;
        }
        w->seq = b->last;
        if (w->form == FORM_CTFG)
                m = ctfg->message;
        if (w->form == FORM_EVENTS) {
                if (events->text.len)
                        watcher_write(w, events->text.data, events->text.len);
        } else if (m) {
                ws_send(w->peer, m);
        }
}

bool watcher_tell_reset(struct watcher *w, const struct batch *b) {
        if (w->live || w->seq >= b->last)
                return true;
        w->seq = b->last;
        buf_clear(&w->crowd->gathered);
        for (size_t i = b->n; i > 0; i--)
                if (b->parts[i - 1].frame.reset)
                        return send_reset(w, b, &b->parts[i - 1]);
        return true;
}

/* --- credentials, and the end --- */

static bool is_banned(const struct read_model *m, struct account who) {
        const struct team *team = who.kind == ACCOUNT_TEAM ? read_model_team(m, who.id) : NULL;

        return team && team->standing == STANDING_BANNED;
}

/* Anybody may watch as long as the board is public. */
static bool is_public(const struct watcher *w, const struct read_model *m) {
        const struct tenant_game *game = read_model_game(m, w->tenant);

        return game && game->rules.public_board;
}

bool watcher_check(struct watcher *w, const struct read_model *m, int64_t now_ms) {
        const struct token *token;
        const struct user *user;
        const struct tenant *tenant;

        if (!w->user)
                return is_public(w, m);
        token = read_model_token_by_id(m, w->token);
        user = token ? read_model_token_user(m, token) : NULL;
        tenant = user ? read_model_tenant(m, user->tenant) : NULL;
        if (!tenant || token->revoked_ms || (token->expires_ms && now_ms >= token->expires_ms) ||
            user->standing == STANDING_BANNED)
                return false;
        w->staff = user->role >= ROLE_ORGANISER;
        w->account = user_account(user, tenant);
        return !is_banned(m, w->account);
}

void watcher_end(struct watcher *w, enum ws_code code, const char *reason) {
        struct http_stream *s = w->stream;

        if (w->peer) {
                ws_close(w->peer, code, reason);
                return;
        }
        w->stream = NULL;
        watcher_free(w);
        http_stream_close(s);
}

void watcher_free(struct watcher *w) {
        crowd_take_out(w);
        w->over = true;
        if (!w->reading)
                free(w);
}
