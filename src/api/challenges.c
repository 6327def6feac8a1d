/* /api/v2/challenges: as players see them. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "api/instances.h"
#include "api/kept.h"
#include "api/page.h"
#include "api/problem.h"
#include "api/view.h"

/* The tag of a list: of what it hangs on, instead of what is in it.  Those who have done the same
 * see the same. */
static void tag_list(const struct view *v, const struct page *page, char ret[ETAG_SIZE]) {
        _cleanup_buf_ struct buf key = { 0 };
        const struct progress *all;
        size_t n = game_progress_all(v->access.game->game, v->access.who, &all);
        const struct view_set *set = view_set(v);
        const int64_t on[] = {
                (int64_t)v->board->version,
                (int64_t)read_model_challenges_version(v->access.model),
                v->access.tenant,
                v->access.staff,
                v->frozen,
                game_phase(&v->access.game->rules, v->access.now_ms),
                set->due,
                set->personal && v->user ? v->user->id : 0,
                page->after,
                page->max,
        };

        buf_str(&key, "challenges ");
        buf_add(&key, on, sizeof(on));
        for (size_t i = 0; i < n; i++) {
                const int64_t done[] = { all[i].challenge, all[i].solved_ms != 0, all[i].hints };

                buf_add(&key, done, sizeof(done));
        }
        kept_tag(v->call->lane->kept, key.data, key.len, ret);
}

static void write_list(const struct view *v, const struct page *page, struct buf *b) {
        const struct challenge *ch;
        int64_t written = 0, last = 0, at = page->after;

        page_begin(b);
        while ((ch = read_model_next_challenge(v->access.model, v->access.tenant, &at))) {
                if (!access_listed(&v->access, ch))
                        continue;
                if (written == page->max)
                        break;
                view_challenge(v, b, ch, false);
                last = ch->id;
                written++;
        }
        page_end_id(b, ch ? last : 0);
}

void challenge_list(struct call *c) {
        char etag[ETAG_SIZE];
        struct http_blob *body;
        struct page page;
        struct view v;
        struct err err;

        if (page_parse(c, true, &page, &err) < 0) {
                problem_reply(c, &err);
                return;
        }
        read_model_lock(c->api->model);
        if (!view_open(c, &v)) {
                read_model_unlock(c->api->model);
                problem_replyf(c, ERR_NOT_FOUND, "There is no such event");
                return;
        }
        tag_list(&v, &page, etag);
        body = kept_get(c->lane->kept, etag);
        if (!body) {
                write_list(&v, &page, call_buf(c));
                body = kept_put(c->lane->kept, etag, &c->lane->scratch);
        }
        read_model_unlock(c->api->model);
        call_reply_kept(c, body, etag);
}

void challenge_get(struct call *c) {
        int64_t id = instance_challenge(c, c->param);
        const struct challenge *ch = NULL;
        struct buf *b = call_buf(c);
        char etag[ETAG_SIZE];
        struct view v;
        struct err err;
        int r = -1;

        err_set(&err, ERR_NOT_FOUND, "No such challenge");
        read_model_lock(c->api->model);
        if (id && view_open(c, &v)) {
                ch = read_model_challenge(c->api->model, id);
                r = ch && access_listed(&v.access, ch) ? 0 : access_challenge(&v.access, ch, &err);
        }
        if (r == 0)
                view_challenge(&v, b, ch, true);
        read_model_unlock(c->api->model);
        if (r < 0) {
                problem_reply(c, &err);
                return;
        }
        call_etag(b, etag);
        call_reply_etag(c, b, etag);
}
