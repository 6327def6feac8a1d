/* /api/v2/challenges: as players see them. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "api/instances.h"
#include "api/page.h"
#include "api/problem.h"
#include "api/view.h"

/* Of a list: what it hangs on, instead of what is in it.  Whatever an account does makes a board
 * anew. */
static void tag_list(const struct view *v, const struct page *page, char ret[ETAG_SIZE]) {
        _cleanup_buf_ struct buf b = { 0 };
        const int64_t on[] = {
                (int64_t)v->board->version,
                (int64_t)read_model_challenges_version(v->access.model),
                account_key(v->access.who),
                v->user ? v->user->id : 0,
                v->access.staff,
                v->frozen,
                game_phase(&v->access.game->rules, v->access.now_ms),
                view_due(v),
                page->after,
                page->max,
        };

        buf_str(&b, v->call->api->id_prefix);
        buf_add(&b, on, sizeof(on));
        call_etag(&b, ret);
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
        struct buf *b = call_buf(c);
        char etag[ETAG_SIZE] = "";
        struct page page;
        struct view v;
        struct err err;

        if (page_parse(c, true, &page, &err) < 0) {
                problem_reply(c, &err);
                return;
        }
        read_model_lock(c->api->model);
        if (view_open(c, &v)) {
                tag_list(&v, &page, etag);
                if (!call_has(c, etag))
                        write_list(&v, &page, b);
        }
        read_model_unlock(c->api->model);
        if (!*etag) {
                page_begin(b);
                page_end_id(b, 0);
                call_etag(b, etag);
        }
        call_reply_etag(c, b, etag);
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
