/* What a WebSocket peer sends, as both roles read it: whatever the pieces that it comes in, the
 * same is told. */
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "net/ws_frame.h"

#define MOST 1000

struct told {
        struct buf b;
        unsigned frames;
};

static bool on_frame(void *arg) { return ++((struct told *)arg)->frames < 100; }

static void on_text(void *arg, const char *text, size_t n) {
        struct told *t = arg;

        assert(n <= MOST);
        buf_char(&t->b, 't');
        buf_int(&t->b, (int64_t)n);
        buf_add(&t->b, text, n);
}

static void on_control(void *arg, enum ws_op op, const uint8_t *data, size_t n) {
        struct told *t = arg;

        assert(n <= WS_CONTROL_MAX && op >= WS_CLOSE && op <= WS_PONG);
        buf_char(&t->b, (char)('a' + op));
        buf_int(&t->b, op == WS_CLOSE ? ws_close_code(data, n) : (int64_t)n);
        buf_add(&t->b, data, n);
}

static int read_in(const struct ws_rules *rules, const uint8_t *data, size_t n, size_t step,
                   struct told *told) {
        struct ws_readers pool = { 0 };
        struct ws_incoming in = { 0 };
        int code = 0;

        for (size_t at = 0; at < n && !code; at += step)
                code = ws_read(&pool, &in, rules, data + at, n - at < step ? n - at : step, told);
        ws_incoming_done(&in, &pool);
        assert(pool.n_used == 0);
        ws_readers_done(&pool);
        return code;
}

static void read_as(enum ws_role role, bool deaf, const uint8_t *data, size_t n) {
        static const size_t steps[] = { 1, 3, 64 };
        const struct ws_rules rules = { role, MOST, on_frame, deaf ? NULL : on_text, on_control };
        struct told whole = { 0 };
        int code = read_in(&rules, data, n, n ? n : 1, &whole);

        for (size_t i = 0; i < ARRAY_SIZE(steps); i++) {
                struct told bits = { 0 };

                assert(read_in(&rules, data, n, steps[i], &bits) == code);
                assert(bits.b.len == whole.b.len && bits.frames == whole.frames);
                assert(!bits.b.len || memcmp(bits.b.data, whole.b.data, bits.b.len) == 0);
                buf_done(&bits.b);
        }
        buf_done(&whole.b);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
        if (size > 8192)
                return 0;
        read_as(WS_SERVER, false, data, size);
        read_as(WS_SERVER, true, data, size);
        read_as(WS_CLIENT, false, data, size);
        return 0;
}
