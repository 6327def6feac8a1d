#include "net/ws_frame.h"

#include <assert.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <wslay/wslay.h>

#include "base/random.h"
#include "base/str.h"

#define READERS_KEPT 32 /* in a pool */

/* --- writing --- */

size_t ws_frame_header(size_t n) { return n < 126 ? 2 : n <= UINT16_MAX ? 4 : 10; }

static void add_length(struct buf *b, uint8_t masked, size_t n) {
        size_t bytes = ws_frame_header(n) - 2;

        buf_char(b, (char)(masked | (bytes == 0 ? n : bytes == 2 ? 126u : 127u)));
        while (bytes--)
                buf_char(b, (char)((uint64_t)n >> 8 * bytes & 0xff));
}

void ws_frame_add(struct buf *b, enum ws_role role, enum ws_op op, const void *data, size_t n) {
        uint8_t key[4];
        char *at;

        assert(op < WS_CLOSE || n <= WS_CONTROL_MAX);
        buf_reserve(b, n + 14);
        buf_char(b, (char)(0x80 | op));
        add_length(b, role == WS_CLIENT ? 0x80 : 0, n);
        if (role == WS_SERVER) {
                buf_add(b, data, n);
                return;
        }
        random_bytes(key, sizeof(key));
        buf_add(b, key, sizeof(key));
        buf_add(b, data, n);
        at = b->data + b->len - n;
        for (size_t i = 0; i < n; i++)
                at[i] = (char)((uint8_t)at[i] ^ key[i % 4]);
}

size_t ws_close_payload(enum ws_code code, const char *reason, uint8_t ret[WS_CONTROL_MAX]) {
        size_t n = strnlen(reason, 101);

        assert(n <= 100);
        ret[0] = (uint8_t)(code >> 8);
        ret[1] = (uint8_t)(code & 0xff);
        memcpy(ret + 2, reason, n);
        return n + 2;
}

struct ws_message *ws_message_new(const void *frames, size_t n) {
        struct ws_message *m = malloc(sizeof(*m) + n);

        if (!m)
                abort();
        m->refs = 1;
        m->n = n;
        if (n)
                memcpy(m->data, frames, n);
        return m;
}

struct ws_message *ws_message_text(const char *text, size_t n) {
        _cleanup_buf_ struct buf b = { 0 };

        ws_frame_add(&b, WS_SERVER, WS_TEXT, text, n);
        return ws_message_new(b.data, b.len);
}

struct ws_message *ws_message_ref(struct ws_message *m) {
        atomic_fetch_add_explicit(&m->refs, 1, memory_order_relaxed);
        return m;
}

struct ws_message *ws_message_unref(struct ws_message *m) {
        if (m && atomic_fetch_sub_explicit(&m->refs, 1, memory_order_acq_rel) == 1)
                free(m);
        return NULL;
}

/* --- readers --- */

struct ws_reader {
        struct ws_reader *next;
        wslay_frame_context_ptr wslay;
        const uint8_t *at, *end; /* what it was given and has not taken */
        uint64_t fed, used;      /* bytes given; those of whole frames */
        uint64_t got;            /* of the frame under way */
        bool inside;             /* one is */
        uint8_t control[WS_CONTROL_MAX];
        size_t n_control;
};

static ssize_t on_want(uint8_t *to, size_t n, int flags _unused_, void *arg) {
        struct ws_reader *r = arg;
        size_t left = (size_t)(r->end - r->at);

        n = n < left ? n : left;
        if (!n)
                return -1;
        memcpy(to, r->at, n);
        r->at += n;
        return (ssize_t)n;
}

static struct ws_reader *reader_new(void) {
        static const struct wslay_frame_callbacks callbacks = { .recv_callback = on_want };
        struct ws_reader *r = calloc(1, sizeof(*r));

        if (!r || wslay_frame_context_init(&r->wslay, &callbacks, r) != 0)
                abort();
        return r;
}

static void reader_free(struct ws_reader *r) {
        wslay_frame_context_free(r->wslay);
        free(r);
}

static struct ws_reader *take(struct ws_readers *pool) {
        struct ws_reader *r = pool->free;

        pool->n_used++;
        if (!r)
                return reader_new();
        pool->free = r->next;
        pool->n_free--;
        return r;
}

/* One that is between two frames. */
static void give_back(struct ws_readers *pool, struct ws_reader *r) {
        pool->n_used--;
        if (pool->n_free == READERS_KEPT) {
                reader_free(r);
                return;
        }
        r->fed = r->used = 0;
        r->next = pool->free;
        pool->free = r;
        pool->n_free++;
}

void ws_readers_done(struct ws_readers *pool) {
        struct ws_reader *next;

        for (struct ws_reader *r = pool->free; r; r = next) {
                next = r->next;
                reader_free(r);
        }
        pool->free = NULL;
        pool->n_free = 0;
}

static void drop_text(struct ws_incoming *in) {
        if (in->text)
                buf_done(in->text);
        free(in->text);
        in->text = NULL;
}

void ws_incoming_done(struct ws_incoming *in, struct ws_readers *pool) {
        drop_text(in);
        if (!in->reader)
                return;
        pool->n_used--;
        reader_free(in->reader);
        in->reader = NULL;
}

/* --- text --- */

/* The first byte of a character: which ones may follow (the Unicode standard, table 3-7). */
static bool utf8_begin(struct ws_utf8 *u, uint8_t c) {
        *u = (struct ws_utf8){ 0, 0x80, 0xbf };
        if (c < 0x80)
                return true;
        if (c < 0xc2 || c > 0xf4)
                return false;
        u->left = c < 0xe0 ? 1 : c < 0xf0 ? 2 : 3;
        if (c == 0xe0)
                u->low = 0xa0;
        else if (c == 0xed)
                u->high = 0x9f;
        else if (c == 0xf0)
                u->low = 0x90;
        else if (c == 0xf4)
                u->high = 0x8f;
        return true;
}

static bool utf8_go_on(struct ws_utf8 *u, const uint8_t *data, size_t n) {
        for (size_t i = 0; i < n; i++) {
                if (u->left == 0) {
                        if (!utf8_begin(u, data[i]))
                                return false;
                        continue;
                }
                if (data[i] < u->low || data[i] > u->high)
                        return false;
                *u = (struct ws_utf8){ (uint8_t)(u->left - 1), 0x80, 0xbf };
        }
        return true;
}

/* --- frames --- */

int ws_close_code(const uint8_t *data, size_t n) {
        struct ws_utf8 u = { 0 };
        int code;

        if (n == 0)
                return WS_NO_CODE;
        if (n == 1 || !utf8_go_on(&u, data + 2, n - 2) || u.left)
                return 0;
        code = data[0] << 8 | data[1];
        if (code >= 3000 && code <= 4999)
                return code;
        return code < 1000 || code > 1014 || (code >= 1004 && code <= 1006) ? 0 : code;
}

static bool is_known(uint8_t op) { return op <= WS_BINARY || (op >= WS_CLOSE && op <= WS_PONG); }

/* A frame's header came. */
static int begin_frame(struct ws_incoming *in, const struct ws_rules *rules,
                       const struct wslay_frame_iocb *f, void *arg) {
        if (f->rsv || !is_known(f->opcode) || f->mask != (rules->role == WS_SERVER))
                return WS_PROTOCOL;
        if (rules->frame && !rules->frame(arg))
                return WS_POLICY;
        if (f->opcode >= WS_CLOSE)
                return 0;
        if ((f->opcode == WS_MORE) != (in->op != 0))
                return WS_PROTOCOL;
        if (f->opcode == WS_BINARY && rules->text)
                return WS_UNSUPPORTED;
        if (f->opcode != WS_MORE)
                in->op = f->opcode;
        return f->payload_length > rules->max_bytes - in->bytes ? WS_TOO_BIG : 0;
}

static int end_control(struct ws_incoming *in, const struct ws_rules *rules, enum ws_op op,
                       struct ws_reader *r, void *arg) {
        size_t n = r->n_control;

        r->n_control = 0;
        if (op == WS_CLOSE && !ws_close_code(r->control, n))
                return WS_PROTOCOL;
        in->closed = op == WS_CLOSE;
        rules->control(arg, op, r->control, n);
        return 0;
}

static void end_message(struct ws_incoming *in, const struct ws_rules *rules, void *arg) {
        if (in->text && rules->text)
                rules->text(arg, in->text->data, in->text->len);
        drop_text(in);
        in->op = 0;
        in->bytes = 0;
}

static void keep_text(struct ws_incoming *in, const struct wslay_frame_iocb *f) {
        if (!in->text)
                in->text = calloc(1, sizeof(*in->text));
        if (!in->text)
                abort();
        buf_add(in->text, f->data, f->data_length);
}

/* A piece of a text or of what is dropped. */
static int on_data(struct ws_incoming *in, const struct ws_rules *rules,
                   const struct wslay_frame_iocb *f, bool last, void *arg) {
        in->bytes += f->data_length;
        if (in->op == WS_TEXT && !utf8_go_on(&in->utf8, f->data, f->data_length))
                return WS_GARBLED;
        if (rules->text)
                keep_text(in, f);
        if (!last || !f->fin)
                return 0;
        if (in->op == WS_TEXT && in->utf8.left)
                return WS_GARBLED;
        end_message(in, rules, arg);
        return 0;
}

static int on_piece(struct ws_incoming *in, const struct ws_rules *rules, struct ws_reader *r,
                    const struct wslay_frame_iocb *f, void *arg) {
        int code = r->inside ? 0 : begin_frame(in, rules, f, arg);
        bool last;

        if (code)
                return code;
        r->got = (r->inside ? r->got : 0) + f->data_length;
        last = r->got == f->payload_length;
        r->inside = !last;
        if (last)
                r->used += ws_frame_header(f->payload_length) + (f->mask ? 4u : 0) + r->got;
        if (f->opcode < WS_CLOSE)
                return on_data(in, rules, f, last, arg);
        memcpy(r->control + r->n_control, f->data, f->data_length); /* wslay lets none be longer */
        r->n_control += f->data_length;
        return last ? end_control(in, rules, f->opcode, r, arg) : 0;
}

int ws_read(struct ws_readers *pool, struct ws_incoming *in, const struct ws_rules *rules,
            const void *data, size_t n, void *arg) {
        struct ws_reader *r = in->reader;
        struct wslay_frame_iocb f = { 0 };
        ssize_t got = 0;
        int code = 0;

        if (in->closed || n == 0)
                return 0;
        if (!r)
                r = in->reader = take(pool);
        r->at = data;
        r->end = r->at + n;
        r->fed += n;
        while (!code && !in->closed && (got = wslay_frame_recv(r->wslay, &f)) >= 0)
                code = on_piece(in, rules, r, &f, arg);
        if (!code && got < 0 && got != WSLAY_ERR_WANT_READ)
                code = WS_PROTOCOL;
        if (code || in->closed) {
                ws_incoming_done(in, pool);
        } else if (!r->inside && r->fed == r->used) {
                in->reader = NULL;
                give_back(pool, r);
        }
        return code;
}
