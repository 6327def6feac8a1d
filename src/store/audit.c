#include <stdio.h>
#include <string.h>

#include "base/json.h"
#include "store/event_rows.h"
#include "store/events.h"

#define LINE_MAX_BYTES 8192 /* of an export */

/* Verifying: rows and checkpoints come in order of seq, each checkpoint after its row. */

struct verifier {
        const uint8_t *key;
        struct chain at;     /* the last row seen */
        int64_t signed_seq;  /* the row of the last checkpoint seen */
        int64_t missing_seq; /* a checkpoint signs this row, which is not there; 0: none */
        struct audit_report report;
};

static void verifier_init(struct verifier *v, const uint8_t *key) {
        *v = (struct verifier){ .key = key, .report = { .good = true, .keys_unknown = !key } };
}

/* Only what is found first counts: all that follows may come from it. */
static void _printf_(3, 4) found(struct verifier *v, int64_t seq, const char *fmt, ...) {
        va_list ap;

        if (!v->report.good)
                return;
        v->report.good = false;
        v->report.first_bad_seq = seq;
        va_start(ap, fmt);
        vsnprintf(v->report.what, sizeof(v->report.what), fmt, ap);
        va_end(ap);
}

static void found_missing(struct verifier *v, int64_t first, int64_t last) {
        if (first == last)
                found(v, first, "row %lld is missing", (long long)first);
        else
                found(v, first, "rows %lld to %lld are missing", (long long)first, (long long)last);
}

static void check_signed(struct verifier *v) {
        int64_t rows = v->at.seq - v->signed_seq;

        if (rows > CHECKPOINT_ROWS_MAX)
                found(v, v->signed_seq + 1,
                      "the %lld rows from %lld have no checkpoint: those there were are missing",
                      (long long)rows, (long long)v->signed_seq + 1);
}

/* A row; E is NULL when it cannot be read. */
static void verify_event(struct verifier *v, int64_t seq, const struct event *e) {
        struct event sealed;

        v->report.rows++;
        if (seq <= v->at.seq)
                found(v, seq, "row %lld is not in its place", (long long)seq);
        else if (seq > v->at.seq + 1)
                found_missing(v, v->at.seq + 1, seq - 1);
        if (!e) {
                found(v, seq, "row %lld was changed: it cannot be read", (long long)seq);
                v->at.seq = seq;
                return;
        }
        sealed = *e;
        event_seal(&sealed, v->at.hash);
        if (memcmp(sealed.hash, e->hash, sizeof(e->hash)) != 0)
                found(v, seq,
                      "row %lld was changed (or the one before it, together with its digest)",
                      (long long)seq);
        v->at.seq = seq;
        memcpy(v->at.hash, e->hash, sizeof(e->hash));
        check_signed(v);
}

static void verify_checkpoint(struct verifier *v, const struct checkpoint *c) {
        v->report.checkpoints++;
        if (!checkpoint_valid(c, v->key ? v->key : c->public_key))
                found(v, c->seq, "the checkpoint of row %lld was forged", (long long)c->seq);
        else if (c->seq > v->at.seq)
                v->missing_seq = c->seq;
        else if (memcmp(c->hash, v->at.hash, sizeof(c->hash)) != 0)
                found(v, v->signed_seq + 1,
                      "rows %lld to %lld were forged: the checkpoint of row %lld was signed over "
                      "others",
                      (long long)v->signed_seq + 1, (long long)c->seq, (long long)c->seq);
        v->signed_seq = c->seq;
}

static void verify_end(struct verifier *v, const struct chain *head) {
        int64_t last = head->seq > v->missing_seq ? head->seq : v->missing_seq;

        if (last > v->at.seq)
                found_missing(v, v->at.seq + 1, last);
        else if (head->seq < v->at.seq)
                found(v, head->seq + 1, "row %lld was added past the end of the chain",
                      (long long)head->seq + 1);
        else if (memcmp(head->hash, v->at.hash, sizeof(head->hash)) != 0)
                found(v, v->at.seq, "row %lld was forged: the head of the chain follows another",
                      (long long)v->at.seq);
        v->report.unsigned_rows = v->at.seq > v->signed_seq ? v->at.seq - v->signed_seq : 0;
}

/* Walking the store */

struct sink {
        int (*event)(void *arg, int64_t seq, const struct event *e, struct err *err);
        int (*checkpoint)(void *arg, const struct checkpoint *c, struct err *err);
        void *arg;
};

/* The checkpoints, one by one beside the rows. */
struct cursor {
        struct arena arena;
        struct rows rows;
        size_t at;
        int64_t seq; /* the last one read */
        bool end;
        struct checkpoint next;
};

static int cursor_next(struct tx *tx, struct cursor *c, struct err *err) {
        struct err ignored;

        if (c->at == c->rows.n) {
                arena_reset(&c->arena);
                c->at = 0;
                if (tx_exec(tx, SQL_CHECKPOINT_LIST, ARGS(V(c->seq), V(EVENT_PAGE)), &c->arena,
                            &c->rows, err) < 0)
                        return -1;
                if (c->rows.n == 0) {
                        c->end = true;
                        return 0;
                }
        }
        c->seq = rows_get(&c->rows, c->at, 0).i;
        /* One that cannot be read has no valid signature either. */
        if (checkpoint_of_row(&c->rows, c->at, &c->next, &ignored) < 0)
                c->next = (struct checkpoint){ .seq = c->seq };
        c->at++;
        return 0;
}

/* Gives the checkpoints up to that of row SEQ. */
static int give_checkpoints(struct tx *tx, struct cursor *c, int64_t seq, const struct sink *sink,
                            struct err *err) {
        while (!c->end && c->next.seq <= seq)
                if (sink->checkpoint(sink->arg, &c->next, err) < 0 || cursor_next(tx, c, err) < 0)
                        return -1;
        return 0;
}

static void cursor_done(struct cursor *c) { arena_done(&c->arena); }

static int walk(struct tx *tx, const struct sink *sink, struct err *err) {
        _cleanup_(cursor_done) struct cursor checkpoints = { 0 };
        _cleanup_arena_ struct arena arena = { 0 };
        int64_t seq = 0;
        struct rows rows;
        struct event e;
        struct err ignored;

        if (cursor_next(tx, &checkpoints, err) < 0)
                return -1;
        do {
                arena_reset(&arena);
                if (event_page(tx, seq, &arena, &rows, err) < 0)
                        return -1;
                for (size_t i = 0; i < rows.n; i++) {
                        bool readable = event_of_row(&rows, i, &e, &ignored) == 0;

                        seq = rows_get(&rows, i, 0).i;
                        if (sink->event(sink->arg, seq, readable ? &e : NULL, err) < 0 ||
                            give_checkpoints(tx, &checkpoints, seq, sink, err) < 0)
                                return -1;
                }
        } while (rows.n == EVENT_PAGE);
        return give_checkpoints(tx, &checkpoints, INT64_MAX, sink, err);
}

static int sink_event(void *arg, int64_t seq, const struct event *e, _unused_ struct err *err) {
        verify_event(arg, seq, e);
        return 0;
}

static int sink_checkpoint(void *arg, const struct checkpoint *c, _unused_ struct err *err) {
        verify_checkpoint(arg, c);
        return 0;
}

int audit_verify(struct tx *tx, const uint8_t *public_key, struct audit_report *ret,
                 struct err *err) {
        struct verifier v;
        struct sink sink = { sink_event, sink_checkpoint, &v };
        struct chain head;

        verifier_init(&v, public_key);
        if (chain_read(tx, &head, err) < 0 || walk(tx, &sink, err) < 0)
                return -1;
        verify_end(&v, &head);
        *ret = v.report;
        return 0;
}

/* Exports */

struct writer {
        int (*write)(void *arg, const char *line, size_t n);
        void *arg;
        struct buf line;
};

static int write_line(struct writer *w, struct err *err) {
        json_close(&w->line, '}');
        buf_char(&w->line, '\n');
        if (w->write(w->arg, w->line.data, w->line.len) < 0)
                return err_set(err, ERR_INTERNAL, "the export cannot be written");
        return 0;
}

static void begin_line(struct writer *w, const char *type) {
        buf_clear(&w->line);
        json_open(&w->line, '{');
        json_key(&w->line, "type");
        json_text(&w->line, type);
}

static void put_int(struct writer *w, const char *key, int64_t v) {
        json_key(&w->line, key);
        json_int(&w->line, v);
}

static void put_text(struct writer *w, const char *key, const char *v) {
        json_key(&w->line, key);
        json_text(&w->line, v);
}

static void put_hex(struct writer *w, const char *key, const uint8_t *data, size_t n) {
        char text[2 * SIGNATURE + 1];

        hex_encode(data, n, text);
        put_text(w, key, text);
}

static int write_event(void *arg, int64_t seq, const struct event *e, struct err *err) {
        struct writer *w = arg;

        begin_line(w, "event");
        put_int(w, "seq", seq);
        if (!e)
                return write_line(w, err); /* the export shows it as damaged, too */
        put_int(w, "at_ms", e->at_ms);
        put_int(w, "tenant", e->tenant);
        put_text(w, "action", action_name(e->action));
        put_text(w, "actor_kind", actor_kind_name(e->actor_kind));
        put_int(w, "actor", e->actor);
        put_text(w, "account_kind", account_kind_name(e->account.kind));
        put_int(w, "account", e->account.id);
        put_int(w, "challenge", e->challenge);
        put_text(w, "lease", e->lease);
        put_text(w, "request_id", e->request_id);
        put_text(w, "detail", e->detail); /* as text: the digest is over its bytes */
        put_hex(w, "hash", e->hash, sizeof(e->hash));
        return write_line(w, err);
}

static int write_checkpoint(void *arg, const struct checkpoint *c, struct err *err) {
        struct writer *w = arg;

        begin_line(w, "checkpoint");
        put_int(w, "seq", c->seq);
        put_int(w, "at_ms", c->at_ms);
        put_hex(w, "hash", c->hash, sizeof(c->hash));
        put_hex(w, "public_key", c->public_key, sizeof(c->public_key));
        put_hex(w, "signature", c->signature, sizeof(c->signature));
        return write_line(w, err);
}

static void writer_done(struct writer *w) { buf_done(&w->line); }

int audit_export(struct tx *tx, int (*write)(void *arg, const char *line, size_t n), void *arg,
                 struct err *err) {
        _cleanup_(writer_done) struct writer w = { .write = write, .arg = arg };
        struct sink sink = { write_event, write_checkpoint, &w };
        struct chain head;

        if (chain_read(tx, &head, err) < 0 || walk(tx, &sink, err) < 0)
                return -1;
        begin_line(&w, "head");
        put_int(&w, "seq", head.seq);
        put_hex(&w, "hash", head.hash, sizeof(head.hash));
        return write_line(&w, err);
}

/* Reading an export: a line becomes a row of values, in the order of the statement's columns. */

struct column {
        const char *key;
        enum val_type type;
};

static const struct column event_columns[] = {
        { "seq", VAL_INT },           { "at_ms", VAL_INT },       { "tenant", VAL_INT },
        { "action", VAL_TEXT },       { "actor_kind", VAL_TEXT }, { "actor", VAL_INT },
        { "account_kind", VAL_TEXT }, { "account", VAL_INT },     { "challenge", VAL_INT },
        { "lease", VAL_TEXT },        { "request_id", VAL_TEXT }, { "detail", VAL_TEXT },
        { "hash", VAL_TEXT },
};
static const struct column checkpoint_columns[] = {
        { "seq", VAL_INT },         { "at_ms", VAL_INT },      { "hash", VAL_TEXT },
        { "public_key", VAL_TEXT }, { "signature", VAL_TEXT },
};

/* A missing or ill-typed member gives a null, which makes the row a damaged one. */
static struct rows row_of_line(const json_t *o, const struct column *columns, size_t n,
                               struct val *vals) {
        for (size_t i = 0; i < n; i++) {
                const json_t *v = json_object_get(o, columns[i].key);

                vals[i] = (struct val){ .type = VAL_NULL };
                if (columns[i].type == VAL_INT && json_is_integer(v))
                        vals[i] = val_int(json_integer_value(v));
                else if (columns[i].type == VAL_TEXT && json_is_string(v))
                        vals[i] = val_text(json_string_value(v));
        }
        return (struct rows){ .n = 1, .columns = n, .vals = vals };
}

static void read_event(struct verifier *v, const json_t *o) {
        struct val vals[ARRAY_SIZE(event_columns)];
        struct rows rows = row_of_line(o, event_columns, ARRAY_SIZE(event_columns), vals);
        struct event e;
        struct err ignored;
        bool readable = event_of_row(&rows, 0, &e, &ignored) == 0;

        verify_event(v, vals[0].type == VAL_INT ? vals[0].i : v->at.seq + 1, readable ? &e : NULL);
}

static void read_checkpoint(struct verifier *v, const json_t *o) {
        struct val vals[ARRAY_SIZE(checkpoint_columns)];
        struct rows rows = row_of_line(o, checkpoint_columns, ARRAY_SIZE(checkpoint_columns), vals);
        struct checkpoint c;
        struct err ignored;

        if (checkpoint_of_row(&rows, 0, &c, &ignored) < 0)
                c = (struct checkpoint){ .seq = v->at.seq };
        verify_checkpoint(v, &c);
}

/* The last line.  False when O is none. */
static bool read_head(const json_t *o, struct chain *ret) {
        const json_t *seq = json_object_get(o, "seq");
        const char *hash = json_string_value(json_object_get(o, "hash"));
        struct err ignored;

        if (!json_is_integer(seq) || !hash ||
            hex_decode(hash, ret->hash, sizeof(ret->hash), &ignored) < 0)
                return false;
        ret->seq = json_integer_value(seq);
        return true;
}

/* One line; true when it was the head. */
static bool read_line(struct verifier *v, const char *line, size_t n, struct chain *head) {
        _cleanup_json_ json_t *o = NULL;
        const char *type = NULL;
        struct err ignored;

        if (n <= LINE_MAX_BYTES && json_parse(line, n, &o, &ignored) == 0)
                type = json_string_value(json_object_get(o, "type"));
        if (type && strcmp(type, "event") == 0)
                read_event(v, o);
        else if (type && strcmp(type, "checkpoint") == 0)
                read_checkpoint(v, o);
        else if (type && strcmp(type, "head") == 0 && read_head(o, head))
                return true;
        else
                found(v, v->at.seq + 1, "what follows row %lld cannot be read",
                      (long long)v->at.seq);
        return false;
}

int audit_verify_export(const char *text, size_t n, const uint8_t *public_key,
                        struct audit_report *ret, struct err *err) {
        const char *end = text + n;
        struct chain head = { 0 };
        bool complete = false;
        struct verifier v;

        if (n == 0)
                return err_set(err, ERR_INVALID, "the export is empty");
        verifier_init(&v, public_key);
        while (text < end && !complete) {
                const char *stop = memchr(text, '\n', (size_t)(end - text));
                size_t len = (size_t)((stop ? stop : end) - text);

                complete = read_line(&v, text, len, &head);
                text += len + (stop != NULL);
        }
        if (complete && text < end)
                found(&v, v.at.seq + 1, "something was added after the end");
        if (!complete) {
                found(&v, v.at.seq + 1, "the export was cut off after row %lld",
                      (long long)v.at.seq);
                head = v.at;
        }
        verify_end(&v, &head);
        *ret = v.report;
        return 0;
}
