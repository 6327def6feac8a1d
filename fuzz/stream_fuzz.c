/* What opens a live stream: the handshake's headers, the origin, the cursor, tickets and passes;
 * and what becomes of a row of the log, whatever is in it.  One part a line. */
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "api/frames.h"
#include "api/origin.h"
#include "api/query.h"
#include "api/tickets.h"
#include "base/arena.h"
#include "base/json.h"
#include "net/ws_handshake.h"

#define LINES 6

static void open_it(const char *const *line) {
        static const char *const list[] = { "https://ctf.example", "http://a:81", NULL };
        struct ws_offer offer = { true, line[0], line[1], line[2], line[3] };
        char accept[WS_ACCEPT_TEXT];
        size_t used = 0, n = strlen(line[4]);
        int status = ws_handshake_check(&offer);

        assert(status == 101 || status == 400 || status == 426);
        if (status == 101) {
                ws_handshake_accept(line[3], accept);
                assert(strlen(accept) == WS_ACCEPT_TEXT - 1);
        }
        if (ws_handshake_answer(line[4], n, "dGhlIHNhbXBsZSBub25jZQ==", &used) > 0)
                assert(used <= n);
        if (origin_allowed(line[0], line[1], false, NULL, true))
                assert(strstr(line[0], "://"));
        if (origin_allowed(line[0], line[1], true, list, false))
                assert(strcasestr(line[0], "ctf.example") || strcasestr(line[0], "a:81"));
}

static void admit(const char *const *line) {
        static const uint8_t key[KEY_SIZE] = { 1 };
        _cleanup_(tickets_freep) struct tickets *t = tickets_new(key);
        char ticket[TICKET_TEXT], pass[PASS_TEXT];
        struct err err;
        int64_t since;

        tickets_issue(t, 7, 1, 1000, ticket);
        tickets_pass(t, 9, pass);
        for (int i = 0; i < LINES; i++) {
                assert(tickets_use(t, line[i], 1000) == 0);
                assert(tickets_of_pass(t, line[i]) == 0);
                if (query_int("since", line[i], 0, INT64_MAX, 0, &since, &err) == 0)
                        assert(since >= 0);
        }
        assert(tickets_use(t, ticket, 1000) == 7 && tickets_of_pass(t, pass) == 9);
}

static void check_json(const struct buf *b) {
        _cleanup_json_ json_t *o = NULL;
        struct err err;
        int r = json_parse(b->data, b->len, &o, &err);

        assert(r == 0 && json_is_object(o));
}

static void tell(const char *const *line) {
        static const char *const keys[] = {
                "name", "title", "reason", "text", "before", "challenge"
        };

        for (enum action a = 0; a < _ACTION_N; a++) {
                _cleanup_buf_ struct buf text = { 0 }, ctfg = { 0 };
                struct event e = { .seq = 1, .at_ms = 2, .action = a, .challenge = a % 2 };
                struct frame f;

                for (int i = 0; i < LINES; i++)
                        event_text(&e, keys[i], line[i]);
                event_int(&e, "points", (int64_t)strlen(line[0]) - 5);
                if (!frame_of(&e, &f, &text))
                        continue;
                check_json(&text);
                if (frame_ctfg(&f, text.data, a % 3 ? NULL : line[0], 15, &ctfg))
                        check_json(&ctfg);
        }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
        _cleanup_arena_ struct arena arena = { 0 };
        char *text = arena_printf(&arena, "%.*s", (int)size, (const char *)data), *end;
        const char *line[LINES];

        crypto_init();
        for (int i = 0; i < LINES; i++) {
                line[i] = text;
                end = strchr(text, '\n');
                text = end ? end + 1 : text + strlen(text);
                if (end)
                        *end = '\0';
        }
        open_it(line);
        admit(line);
        tell(line);
        return 0;
}
