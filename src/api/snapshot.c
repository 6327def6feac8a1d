#include "api/snapshot.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "api/frames.h"
#include "api/scoreboard.h"

#define KEPT      8
#define KEY_BYTES 160

struct snapshots {
        struct {
                char key[KEY_BYTES]; /* what it is of; "": none */
                struct ws_message *message;
        } list[KEPT];
        size_t next; /* to be given up */
        struct buf text;
};

struct snapshots *snapshots_new(void) {
        struct snapshots *s = calloc(1, sizeof(*s));

        if (!s)
                abort();
        return s;
}

struct snapshots *snapshots_free(struct snapshots *s) {
        if (!s)
                return NULL;
        for (size_t i = 0; i < KEPT; i++)
                ws_message_unref(s->list[i].message);
        buf_done(&s->text);
        free(s);
        return NULL;
}

static void write_account(struct buf *b, const struct view *v, const struct board_row *row) {
        char name[DISPLAY_NAME_SIZE];

        read_model_account_name(v->access.model, row->who, name);
        json_open(b, '{');
        json_key(b, "account_id");
        json_int(b, row->who.id);
        json_key(b, "account_kind");
        json_text(b, account_kind_name(row->who.kind));
        json_key(b, "name");
        json_text(b, name);
        view_row(b, row);
        json_close(b, '}');
}

static void write_challenge(struct buf *b, const struct view *v, const struct challenge *ch) {
        struct worth w = view_worth(v, ch->id);

        json_open(b, '{');
        json_key(b, "slug");
        json_text(b, ch->slug);
        json_key(b, "title");
        json_text(b, ch->title);
        json_key(b, "value");
        json_int(b, w.value);
        json_key(b, "solves");
        json_int(b, w.solves);
        json_close(b, '}');
}

static void write_snapshot(struct buf *b, const struct view *v, int64_t seq) {
        const struct challenge *ch;
        int64_t at = 0;

        json_open(b, '{');
        json_key(b, "seq");
        json_int(b, seq);
        json_key(b, "type");
        json_text(b, frame_type_name(FRAME_SNAPSHOT));
        json_key(b, "ts");
        json_int(b, v->access.now_ms);
        json_key(b, "frozen_at");
        json_time(b, v->frozen ? v->access.game->rules.freeze_ms : 0);
        json_key(b, "accounts");
        json_open(b, '[');
        for (size_t i = 0; i < v->board->n; i++)
                write_account(b, v, &v->board->rows[i]);
        json_close(b, ']');
        json_key(b, "challenges");
        json_open(b, '[');
        while ((ch = read_model_next_challenge(v->access.model, v->access.tenant, &at)))
                if (scoreboard_shows(v, ch))
                        write_challenge(b, v, ch);
        json_close(b, ']');
        json_close(b, '}');
}

/* What the text hangs on; what time changes in the list of challenges is part of it. */
static void make_key(const struct view *v, char ret[KEY_BYTES]) {
        snprintf(ret, KEY_BYTES, "%" PRId64 " %d %d %d %" PRIu64 " %" PRId64 " %" PRIu64,
                 v->access.tenant, v->access.staff, v->frozen,
                 (int)game_phase(&v->access.game->rules, v->access.now_ms),
                 read_model_challenges_version(v->access.model), view_set(v)->due,
                 v->access.game->live->version);
}

struct ws_message *snapshot_of(struct snapshots *s, const struct view *v, int64_t *seq) {
        char key[KEY_BYTES];
        size_t i;

        *seq = v->access.game->live->seq; /* the frozen board goes as far: none changed it since */
        make_key(v, key);
        for (i = 0; i < KEPT; i++)
                if (strcmp(s->list[i].key, key) == 0)
                        return ws_message_ref(s->list[i].message);
        i = s->next++ % KEPT;
        memcpy(s->list[i].key, key, sizeof(key));
        ws_message_unref(s->list[i].message);
        buf_clear(&s->text);
        write_snapshot(&s->text, v, *seq);
        s->list[i].message = ws_message_text(s->text.data, s->text.len);
        return ws_message_ref(s->list[i].message);
}

const char *snapshot_text(const struct ws_message *m, size_t *n) {
        uint8_t length = (uint8_t)m->data[1] & 0x7f;
        size_t header = length < 126 ? 2 : length == 126 ? 4 : 10;

        *n = m->n - header;
        return m->data + header;
}
