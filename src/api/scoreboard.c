/*
 * /api/v2/scoreboard and its timeline.
 *
 * Made from an immutable board.  A page is made once a board, audience and
 * loop, and kept: watchers ask for the same one.
 */
#include "api/scoreboard.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "api/kept.h"
#include "api/page.h"
#include "api/problem.h"
#include "api/query.h"
#include "api/view.h"
#include "base/clock.h"

#define TOP_MAX 50

typedef void write_fn(const struct view *v, struct buf *b, const void *arg);

/* What an answer hangs on, beside its bracket. */
struct key {
        int64_t what, version, challenges, due, tenant, staff, frozen, phase, page[3];
};

static struct key key_of(const struct view *v, int64_t what) {
        return (struct key){
                .what = what,
                .version = (int64_t)v->board->version,
                .challenges = (int64_t)read_model_challenges_version(v->access.model),
                .due = view_set(v)->due,
                .tenant = v->access.tenant,
                .staff = v->access.staff,
                .frozen = v->frozen,
                .phase = game_phase(&v->access.game->rules, v->access.now_ms),
        };
}

/* Answers with what WRITE makes of the board, from what is kept where that is there. */
static void reply_kept(struct call *c, const struct view *v, const struct key *key,
                       const char *bracket, write_fn *write, const void *arg) {
        char text[sizeof(*key) + BRACKET_SIZE], etag[ETAG_SIZE];
        size_t n = bracket ? strlen(bracket) + 1 : 0;
        struct http_blob *body;

        memcpy(text, key, sizeof(*key));
        if (n)
                memcpy(text + sizeof(*key), bracket, n);
        kept_tag(c->lane->kept, text, sizeof(*key) + n, etag);
        body = kept_get(c->lane->kept, etag);
        if (!body) {
                write(v, call_buf(c), arg);
                body = kept_put(c->lane->kept, etag, &c->lane->scratch);
        }
        read_model_unlock(c->api->model);
        call_reply_kept(c, body, etag);
}

static void write_frozen(const struct view *v, struct buf *b) {
        json_key(b, "frozen_at");
        json_time(b, v->frozen ? v->access.game->rules.freeze_ms : 0);
}

/* --- the board --- */

struct board_page {
        const char *bracket; /* NULL: all */
        struct page page;
        bool solved; /* each row with what it solved */
};

static void write_solved(const struct view *v, struct buf *b, struct account who) {
        const struct progress *list;
        size_t n = game_progress_all(v->access.game->game, who, &list);

        json_key(b, "solved");
        json_open(b, '[');
        for (size_t i = 0; i < n; i++) {
                const struct challenge *ch;

                if (!list[i].solved_ms || list[i].solved_ms >= v->board->cutoff_ms)
                        continue;
                ch = read_model_challenge(v->access.model, list[i].challenge);
                json_open(b, '{');
                json_key(b, "challenge_id");
                json_int(b, list[i].challenge);
                json_key(b, "challenge");
                json_text(b, ch ? ch->slug : NULL);
                json_key(b, "at");
                json_time(b, list[i].solved_ms);
                json_close(b, '}');
        }
        json_close(b, ']');
}

static void write_row(const struct view *v, struct buf *b, const struct board_row *row,
                      int64_t rank, bool solved) {
        json_open(b, '{');
        json_key(b, "rank");
        json_int(b, rank);
        view_account(v, b, row->who);
        view_row(b, row);
        if (solved)
                write_solved(v, b, row->who);
        json_close(b, '}');
}

bool scoreboard_shows(const struct view *v, const struct challenge *c) {
        return v->access.staff ||
               (c->state != CHALLENGE_HIDDEN && v->access.now_ms >= c->scheduled_ms &&
                game_phase(&v->access.game->rules, v->access.now_ms) != GAME_NOT_STARTED);
}

static void write_challenges(const struct view *v, struct buf *b) {
        const struct challenge *ch;
        int64_t at = 0;

        json_key(b, "challenges");
        json_open(b, '[');
        while ((ch = read_model_next_challenge(v->access.model, v->access.tenant, &at))) {
                struct worth w = view_worth(v, ch->id);

                if (!scoreboard_shows(v, ch))
                        continue;
                json_open(b, '{');
                json_key(b, "id");
                json_int(b, ch->id);
                json_key(b, "slug");
                json_text(b, ch->slug);
                json_key(b, "title");
                json_text(b, ch->title);
                json_key(b, "value");
                json_int(b, w.value);
                json_key(b, "solves");
                json_int(b, w.solves);
                view_bloods(v, b, &w);
                json_close(b, '}');
        }
        json_close(b, ']');
}

static void write_board(const struct view *v, struct buf *b, const void *arg) {
        const struct board_page *p = arg;
        int64_t rank = 0, written = 0;
        size_t i;

        page_begin(b);
        for (i = 0; i < v->board->n; i++) {
                const struct board_row *row = &v->board->rows[i];

                if (p->bracket && strcmp(row->bracket, p->bracket) != 0)
                        continue;
                if (written == p->page.max)
                        break;
                if (++rank > p->page.after) {
                        write_row(v, b, row, rank, p->solved);
                        written++;
                }
        }
        page_end_open(b, i < v->board->n ? rank : 0);
        write_frozen(v, b);
        write_challenges(v, b);
        json_close(b, '}');
}

/* The view, with the read model locked; replies and returns false, unlocked, without one. */
static bool open_view(struct call *c, struct view *v) {
        read_model_lock(c->api->model);
        if (view_open(c, v))
                return true;
        read_model_unlock(c->api->model);
        problem_replyf(c, ERR_NOT_FOUND, "There is no such event");
        return false;
}

static int check_bracket(struct call *c, const char **ret, struct err *err) {
        *ret = http_query(c->req, "bracket");
        if (*ret && strlen(*ret) >= BRACKET_SIZE)
                return err_set(err, ERR_INVALID, "bracket: there is none of this name");
        return 0;
}

void scoreboard(struct call *c) {
        struct board_page p = { 0 };
        struct key key;
        struct view v;
        struct err err;

        if (page_parse(c, true, &p.page, &err) < 0 || check_bracket(c, &p.bracket, &err) < 0 ||
            query_bool("solved", http_query(c->req, "solved"), &p.solved, &err) < 0) {
                problem_reply(c, &err);
                return;
        }
        if (!open_view(c, &v))
                return;
        key = key_of(&v, 'b');
        key.page[0] = p.page.after;
        key.page[1] = p.page.max;
        key.page[2] = p.solved;
        reply_kept(c, &v, &key, p.bracket, write_board, &p);
}

/* --- over time --- */

struct timeline_page {
        const char *bracket;
        int64_t top;
};

static void write_way(const struct view *v, struct buf *b, const struct board_row *row) {
        struct step *steps;
        size_t n = game_timeline(v->access.game->game, v->board, row->who, &steps);

        json_open(b, '{');
        view_account(v, b, row->who);
        json_key(b, "score");
        json_int(b, row->score);
        json_key(b, "steps");
        json_open(b, '[');
        for (size_t i = 0; i < n; i++) {
                json_open(b, '{');
                json_key(b, "at");
                json_time(b, steps[i].at_ms);
                json_key(b, "total");
                json_int(b, steps[i].total);
                json_close(b, '}');
        }
        json_close(b, ']');
        json_close(b, '}');
        free(steps);
}

static void write_timeline(const struct view *v, struct buf *b, const void *arg) {
        const struct timeline_page *p = arg;
        int64_t written = 0;

        page_begin(b);
        for (size_t i = 0; i < v->board->n && written < p->top; i++) {
                const struct board_row *row = &v->board->rows[i];

                if (p->bracket && strcmp(row->bracket, p->bracket) != 0)
                        continue;
                write_way(v, b, row);
                written++;
        }
        page_end_open(b, 0);
        write_frozen(v, b);
        json_close(b, '}');
}

void scoreboard_timeline(struct call *c) {
        struct timeline_page p;
        struct key key;
        struct view v;
        struct err err;

        if (query_int("top", http_query(c->req, "top"), 1, TOP_MAX, 10, &p.top, &err) < 0 ||
            check_bracket(c, &p.bracket, &err) < 0) {
                problem_reply(c, &err);
                return;
        }
        if (!open_view(c, &v))
                return;
        key = key_of(&v, 't');
        key.page[0] = p.top;
        reply_kept(c, &v, &key, p.bracket, write_timeline, &p);
}
