#include "net/ws_frame.h"

#include "test.h"

#define MOST 4096

/* What was told, as text: "text:hello ping:x close:1000 ". */
struct heard {
        struct buf b;
        unsigned frames, most; /* most: that may begin */
        struct ws_readers pool;
        struct ws_incoming in;
};

static bool on_frame(void *arg) {
        struct heard *h = arg;

        return ++h->frames <= h->most;
}

static void on_text(void *arg, const char *text, size_t n) {
        buf_printf(&((struct heard *)arg)->b, "text:%.*s ", (int)n, text);
}

static void on_control(void *arg, enum ws_op op, const uint8_t *data, size_t n) {
        struct heard *h = arg;

        if (op == WS_CLOSE)
                buf_printf(&h->b, "close:%d ", ws_close_code(data, n));
        else
                buf_printf(&h->b, "%s:%.*s ", op == WS_PING ? "ping" : "pong", (int)n,
                           (const char *)data);
}

static const struct ws_rules server = { WS_SERVER, MOST, on_frame, on_text, on_control };
static const struct ws_rules client = { WS_CLIENT, MOST, on_frame, on_text, on_control };
static const struct ws_rules deaf = { WS_SERVER, MOST, NULL, NULL, on_control };

static int read_all(struct heard *h, const struct ws_rules *rules, const struct buf *b) {
        return ws_read(&h->pool, &h->in, rules, b->data, b->len, h);
}

static void done(struct heard *h) {
        ws_incoming_done(&h->in, &h->pool);
        CHECK(h->pool.n_used == 0);
        ws_readers_done(&h->pool);
        buf_done(&h->b);
}

/* A client's frame by hand: what ws_frame_add() never makes. */
static void add_raw(struct buf *b, uint8_t first, bool masked, const char *data, size_t n) {
        buf_char(b, (char)first);
        CHECK(n < 126);
        buf_char(b, (char)((masked ? 0x80 : 0) | (int)n));
        if (masked)
                buf_add(b, "\0\0\0\0", 4);
        buf_add(b, data, n);
}

/* The code that RULES give for the frame. */
static int code_of(const struct ws_rules *rules, uint8_t first, bool masked, const char *data,
                   size_t n) {
        _cleanup_buf_ struct buf b = { 0 };
        struct heard h = { .most = 100 };
        int code;

        add_raw(&b, first, masked, data, n);
        code = read_all(&h, rules, &b);
        done(&h);
        return code;
}

TEST(what_one_role_writes_the_other_reads) {
        static char text[70000];
        size_t sizes[] = { 0, 1, 125, 126, 4095, 4096 };

        memset(text, 'x', sizeof(text));
        for (size_t i = 0; i < ARRAY_SIZE(sizes); i++) {
                _cleanup_buf_ struct buf up = { 0 }, down = { 0 };
                struct heard h = { .most = 100 };

                ws_frame_add(&up, WS_CLIENT, WS_TEXT, text, sizes[i]);
                ws_frame_add(&down, WS_SERVER, WS_TEXT, text, sizes[i]);
                CHECK(down.len == ws_frame_header(sizes[i]) + sizes[i]);
                CHECK(up.len == down.len + 4);
                CHECK(read_all(&h, &server, &up) == 0 && h.b.len == sizes[i] + 6);
                CHECK(read_all(&h, &client, &down) == 0 && h.b.len == 2 * (sizes[i] + 6));
                CHECK(!h.in.reader);
                done(&h);
        }
        CHECK(ws_frame_header(65535) == 4 && ws_frame_header(65536) == 10);
}

TEST(masks_differ) {
        _cleanup_buf_ struct buf a = { 0 }, b = { 0 };

        ws_frame_add(&a, WS_CLIENT, WS_TEXT, "same", 4);
        ws_frame_add(&b, WS_CLIENT, WS_TEXT, "same", 4);
        CHECK(memcmp(a.data, b.data, a.len) != 0);
}

/* All at once and byte by byte say the same, and nothing is held between frames. */
TEST(pieces_of_any_size) {
        _cleanup_buf_ struct buf b = { 0 };
        struct heard whole = { .most = 100 }, bits = { .most = 100 };

        add_raw(&b, 0x01, true, "one ", 4);
        add_raw(&b, 0x89, true, "p", 1);
        add_raw(&b, 0x00, true, "\xe2\x82", 2);
        add_raw(&b, 0x8a, true, "", 0);
        add_raw(&b, 0x80, true, "\xac", 1);
        add_raw(&b, 0x81, true, "two", 3);
        add_raw(&b, 0x88, true, "\x03\xe8 bye", 6);
        add_raw(&b, 0x81, true, "never", 5);
        CHECK(read_all(&whole, &server, &b) == 0);
        for (size_t i = 0; i < b.len; i++)
                CHECK(ws_read(&bits.pool, &bits.in, &server, b.data + i, 1, &bits) == 0);
        CHECK_STR(whole.b.data, "ping:p pong: text:one \xe2\x82\xac text:two close:1000 ");
        CHECK_STR(bits.b.data, whole.b.data);
        CHECK(bits.in.closed && !bits.in.reader && !bits.in.text);
        done(&whole);
        done(&bits);
}

TEST(a_reader_is_shared) {
        _cleanup_buf_ struct buf b = { 0 };
        struct ws_readers pool = { 0 };
        struct ws_incoming peers[100] = { 0 };
        struct heard h = { .most = 1000 };

        add_raw(&b, 0x81, true, "hi", 2);
        for (size_t i = 0; i < ARRAY_SIZE(peers); i++) {
                CHECK(ws_read(&pool, &peers[i], &server, b.data, b.len, &h) == 0);
                CHECK(!peers[i].reader && pool.n_used == 0 && pool.n_free == 1);
        }
        for (size_t i = 0; i < ARRAY_SIZE(peers); i++) /* each in the middle of a frame */
                CHECK(ws_read(&pool, &peers[i], &server, b.data, 1, &h) == 0);
        CHECK(pool.n_used == ARRAY_SIZE(peers));
        for (size_t i = 0; i < ARRAY_SIZE(peers); i++)
                CHECK(ws_read(&pool, &peers[i], &server, b.data + 1, b.len - 1, &h) == 0);
        CHECK(pool.n_used == 0 && pool.n_free <= 32);
        ws_readers_done(&pool);
        done(&h);
}

TEST(what_is_not_the_protocol) {
        CHECK(code_of(&server, 0x81, false, "x", 1) == WS_PROTOCOL); /* not masked */
        CHECK(code_of(&client, 0x81, true, "x", 1) == WS_PROTOCOL);
        CHECK(code_of(&server, 0xc1, true, "x", 1) == WS_PROTOCOL); /* reserved bits */
        CHECK(code_of(&server, 0x83, true, "x", 1) == WS_PROTOCOL); /* unknown */
        CHECK(code_of(&server, 0x8b, true, "x", 1) == WS_PROTOCOL);
        CHECK(code_of(&server, 0x09, true, "x", 1) == WS_PROTOCOL); /* a ping in pieces */
        CHECK(code_of(&server, 0x80, true, "x", 1) == WS_PROTOCOL); /* nothing to continue */
        CHECK(code_of(&server, 0x82, true, "x", 1) == WS_UNSUPPORTED);
        CHECK(code_of(&deaf, 0x82, true, "x", 1) == 0);
        CHECK(code_of(&server, 0x81, true, "\xff", 1) == WS_GARBLED);
        CHECK(code_of(&server, 0x81, true, "\xe2\x82", 2) == WS_GARBLED);
        CHECK(code_of(&deaf, 0x81, true, "\xed\xa0\x80", 3) == WS_GARBLED);
        CHECK(code_of(&server, 0x88, true, "\x03", 1) == WS_PROTOCOL);
        CHECK(code_of(&server, 0x88, true, "\x03\xed", 2) == WS_PROTOCOL); /* 1005 */
        CHECK(code_of(&server, 0x88, true, "\x03\xe8\xff", 3) == WS_PROTOCOL);
        CHECK(code_of(&server, 0x88, true, "", 0) == 0);
}

TEST(a_text_in_a_text_is_refused) {
        _cleanup_buf_ struct buf b = { 0 };
        struct heard h = { .most = 100 };

        add_raw(&b, 0x01, true, "one", 3);
        add_raw(&b, 0x81, true, "two", 3);
        CHECK(read_all(&h, &server, &b) == WS_PROTOCOL);
        CHECK(!h.in.text && h.b.len == 0);
        done(&h);
}

TEST(a_message_is_bounded_in_all_its_pieces) {
        static char half[MOST / 2 + 1];
        _cleanup_buf_ struct buf b = { 0 };
        struct heard h = { .most = 100 };

        memset(half, 'x', sizeof(half));
        ws_frame_add(&b, WS_CLIENT, WS_TEXT, half, sizeof(half));
        b.data[0] = 0x01; /* more follows */
        CHECK(read_all(&h, &server, &b) == 0);
        b.data[0] = (char)0x80;
        CHECK(read_all(&h, &server, &b) == WS_TOO_BIG);
        done(&h);
        /* Its length alone is enough. */
        h = (struct heard){ .most = 100 };
        CHECK(ws_read(&h.pool, &h.in, &server, "\x81\xff\0\0\0\x7f\0\0\0\0\1\2\3\4x", 15, &h) ==
              WS_TOO_BIG);
        done(&h);
}

TEST(one_frame_too_many) {
        _cleanup_buf_ struct buf b = { 0 };
        struct heard h = { .most = 3 };

        for (int i = 0; i < 4; i++)
                add_raw(&b, 0x89, true, "", 0);
        CHECK(read_all(&h, &server, &b) == WS_POLICY);
        CHECK_STR(h.b.data, "ping: ping: ping: ");
        done(&h);
}

/* Every character, its bytes in frames of their own, and each cut short. */
TEST(every_character_in_pieces) {
        for (unsigned c = 1; c <= 0x10ffff; c += c < 0x3000 ? 1 : 97) {
                uint8_t s[4];
                size_t n = 0;
                _cleanup_buf_ struct buf b = { 0 };
                struct heard h = { .most = 100 };
                bool surrogate = c >= 0xd800 && c <= 0xdfff;

                if (c < 0x80) {
                        s[n++] = (uint8_t)c;
                } else if (c < 0x800) {
                        s[n++] = (uint8_t)(0xc0 | c >> 6);
                } else if (c < 0x10000) {
                        s[n++] = (uint8_t)(0xe0 | c >> 12);
                } else {
                        s[n++] = (uint8_t)(0xf0 | c >> 18);
                        s[n++] = (uint8_t)(0x80 | (c >> 12 & 0x3f));
                }
                if (c >= 0x800)
                        s[n++] = (uint8_t)(0x80 | (c >> 6 & 0x3f));
                if (c >= 0x80)
                        s[n++] = (uint8_t)(0x80 | (c & 0x3f));
                for (size_t i = 0; i < n; i++)
                        add_raw(&b, (uint8_t)((i == 0 ? 1 : 0) | (i + 1 == n ? 0x80 : 0)), true,
                                (const char *)s + i, 1);
                CHECK(read_all(&h, &server, &b) == (surrogate ? WS_GARBLED : 0));
                CHECK(surrogate || (h.b.len == 6 + n && memcmp(h.b.data + 5, s, n) == 0));
                done(&h);
                CHECK(n == 1 || code_of(&server, 0x81, true, (const char *)s, n - 1) == WS_GARBLED);
        }
}

TEST(a_message_lives_as_long_as_its_references) {
        struct ws_message *m = ws_message_text("hello", 5);

        CHECK(m->n == 7 && memcmp(m->data, "\x81\x05hello", 7) == 0);
        CHECK(ws_message_ref(m) == m);
        CHECK(!ws_message_unref(m));
        CHECK(m->refs == 1 && m->n == 7);
        ws_message_unref(m);
}
