/* The feed that ctftime.org reads (ctftime.org/json-scoreboard-feed). */
#include <stdio.h>
#include <string.h>

#include "api/problem.h"
#include "api/scoreboard.h"
#include "base/str.h"

/* As the feed wants it: what is not ASCII is escaped. */
static void put_ascii(struct buf *b, const char *text) {
        _cleanup_buf_ struct buf json = { 0 };
        char escape[16];

        json_text(&json, text); /* valid UTF-8 now */
        for (size_t i = 0, n; i < json.len; i += n) {
                const uint8_t *s = (const uint8_t *)json.data + i;
                uint32_t point;

                n = str_utf8(json.data + i, json.len - i);
                if (n <= 1) {
                        buf_char(b, json.data[i]);
                        n = 1;
                        continue;
                }
                point = n == 2 ? s[0] & 0x1f : n == 3 ? s[0] & 0xf : s[0] & 7;
                for (size_t k = 1; k < n; k++)
                        point = point << 6 | (s[k] & 0x3f);
                if (point < 0x10000)
                        snprintf(escape, sizeof(escape), "\\u%04x", point);
                else
                        snprintf(escape, sizeof(escape), "\\u%04x\\u%04x",
                                 0xd800 + ((point - 0x10000) >> 10),
                                 0xdc00 + ((point - 0x10000) & 0x3ff));
                buf_str(b, escape);
        }
}

static void key_ascii(struct buf *b, const char *key) {
        if (b->data[b->len - 1] != '{')
                buf_char(b, ',');
        put_ascii(b, key);
        buf_char(b, ':');
}

static void write_tasks(const struct view *v, struct buf *b) {
        const struct challenge *ch;
        bool first = true;
        int64_t at = 0;

        json_key(b, "tasks");
        json_open(b, '[');
        while ((ch = read_model_next_challenge(v->access.model, v->access.tenant, &at))) {
                if (!scoreboard_shows(v, ch))
                        continue;
                if (!first)
                        buf_char(b, ',');
                first = false;
                put_ascii(b, ch->title);
        }
        json_close(b, ']');
}

static void write_stats(const struct view *v, struct buf *b, struct account who) {
        const struct progress *list;
        size_t n = game_progress_all(v->access.game->game, who, &list);

        json_key(b, "taskStats");
        json_open(b, '{');
        for (size_t i = 0; i < n; i++) {
                const struct challenge *ch =
                        read_model_challenge(v->access.model, list[i].challenge);

                if (!list[i].solved_ms || list[i].solved_ms >= v->board->cutoff_ms || !ch ||
                    !scoreboard_shows(v, ch))
                        continue;
                key_ascii(b, ch->title);
                json_open(b, '{');
                json_key(b, "points");
                json_int(b, game_points_by(v->access.game->game, v->board, who, ch->id));
                json_key(b, "time");
                json_int(b, list[i].solved_ms / 1000);
                json_close(b, '}');
        }
        json_close(b, '}');
}

static void write_standing(const struct view *v, struct buf *b, const struct board_row *row,
                           size_t pos) {
        char name[DISPLAY_NAME_SIZE];

        read_model_account_name(v->access.model, row->who, name);
        json_open(b, '{');
        json_key(b, "pos");
        json_int(b, (int64_t)pos);
        json_key(b, "team");
        put_ascii(b, name);
        json_key(b, "score");
        json_int(b, row->score);
        write_stats(v, b, row->who);
        if (row->last_ms) {
                json_key(b, "lastAccept");
                json_int(b, row->last_ms / 1000);
        }
        json_close(b, '}');
}

void ctftime(struct call *c) {
        struct buf *b = call_buf(c);
        char etag[ETAG_SIZE];
        struct view v;
        bool open;

        read_model_lock(c->api->model);
        open = view_open(c, &v);
        if (open) {
                json_open(b, '{');
                write_tasks(&v, b);
                json_key(b, "standings");
                json_open(b, '[');
                for (size_t i = 0; i < v.board->n; i++)
                        write_standing(&v, b, &v.board->rows[i], i + 1);
                json_close(b, ']');
                json_close(b, '}');
        }
        read_model_unlock(c->api->model);
        if (!open) {
                problem_replyf(c, ERR_NOT_FOUND, "There is no such event");
                return;
        }
        call_etag(b, etag);
        call_reply_etag(c, b, etag);
}
