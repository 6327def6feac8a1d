/* /scorestream, /api/v2/stream and the tickets for the first. */
#include "api/stream.h"

#include <string.h>

#include "api/crowd.h"
#include "api/origin.h"
#include "api/problem.h"
#include "api/query.h"
#include "base/clock.h"
#include "base/json.h"
#include "net/ws_handshake.h"

void stream_pass(struct call *c, char ret[PASS_TEXT]) {
        tickets_pass(c->api->tickets, c->token, ret);
}

void stream_ticket(struct call *c) {
        int64_t now_ms = clock_now_ms();
        struct buf *b = call_buf(c);
        char text[TICKET_TEXT];

        tickets_issue(c->api->tickets, c->token, c->origin.user, now_ms, text);
        json_open(b, '{');
        json_key(b, "ticket");
        json_text(b, text);
        json_key(b, "expires_at");
        json_time(b, now_ms + TICKET_MS);
        json_close(b, '}');
        call_reply_json(c, 200);
}

/* --- where it begins --- */

/* NAME says the last seq that the client has; TEXT may be NULL: none, and it begins with the board.
 * None is beyond the end of the log. */
static int parse_since(struct call *c, const char *name, const char *text, struct stream_start *ret,
                       struct err *err) {
        int64_t head;

        *ret = (struct stream_start){ .snapshot = !text };
        if (query_int(name, text, 0, INT64_MAX, 0, &ret->since, err) < 0)
                return -1;
        read_model_lock(c->api->model);
        head = read_model_seq(c->api->model);
        read_model_unlock(c->api->model);
        if (ret->since > head)
                return err_set(err, ERR_INVALID, "%s: nothing has come so far", name);
        return 0;
}

/* --- /scorestream --- */

static bool check_offer(struct call *c) {
        struct ws_offer offer = { .get = http_method(c->req) == HTTP_GET,
                                  .upgrade = http_header(c->req, "Upgrade"),
                                  .connection = http_header(c->req, "Connection"),
                                  .version = http_header(c->req, "Sec-WebSocket-Version"),
                                  .key = http_header(c->req, "Sec-WebSocket-Key") };

        switch (ws_handshake_check(&offer)) {
        case 101:
                return true;
        case 400:
                problem_replyf(c, ERR_INVALID, "Sec-WebSocket-Key: must be 16 bytes in base64");
                break;
        default:
                http_add_header(c->req, "Sec-WebSocket-Version", "13");
                problem_replyf(c, ERR_UPGRADE, "This is a WebSocket, version 13");
                break;
        }
        return false;
}

static bool check_origin(struct call *c) {
        const struct api_config *config = &c->api->config;

        if (origin_allowed(http_header(c->req, "Origin"), http_header(c->req, "Host"),
                           http_secure(c->req), config->origins, !config->origin_required))
                return true;
        problem_replyf(c, ERR_FORBIDDEN, "Pages of this origin may not open the stream");
        return false;
}

/* Whose TOKEN is, as the origin of C; false when it is good no more. */
static bool take_token(struct call *c, int64_t id) {
        struct read_model *m = c->api->model;
        const struct token *token;
        int64_t user = 0;

        read_model_lock(m);
        token = read_model_token_by_id(m, id);
        if (token && !token->revoked_ms &&
            (!token->expires_ms || clock_now_ms() < token->expires_ms))
                user = token->user;
        read_model_unlock(m);
        if (user)
                call_take_user(c, user);
        c->token = id;
        return user && c->origin.user == user;
}

static bool authenticate(struct call *c, struct stream_start *start) {
        const char *ticket = http_query(c->req, "ticket"), *pass = http_query(c->req, "token");
        int64_t token = 0;

        if (ticket)
                token = tickets_use(c->api->tickets, ticket, clock_now_ms());
        else if (pass)
                token = tickets_of_pass(c->api->tickets, pass);
        start->ctfg = !ticket && pass;
        if (start->ctfg)
                start->snapshot = false;
        if (token && take_token(c, token))
                return true;
        return guard_refuse(c, "The ticket is unknown, used or expired");
}

void scorestream(struct call *c) {
        struct stream_start start;
        struct err err;

        if (!check_offer(c) || !check_origin(c))
                return;
        if (parse_since(c, "since", http_query(c->req, "since"), &start, &err) < 0) {
                problem_reply(c, &err);
                return;
        }
        if (authenticate(c, &start) && crowd_reserve(c))
                crowd_join_socket(c, &start);
}

/* --- /api/v2/stream --- */

void stream_events(struct call *c) {
        /* What the client has is the newer word: its address stays as it was when it reconnects. */
        const char *last = http_header(c->req, "Last-Event-ID");
        struct stream_start start;
        struct err err;

        if (parse_since(c, last ? "Last-Event-ID" : "since",
                        last ? last : http_query(c->req, "since"), &start, &err) < 0) {
                problem_reply(c, &err);
                return;
        }
        if (http_method(c->req) == HTTP_HEAD)
                call_reply(c, 200, "text/event-stream", call_buf(c));
        else if (crowd_reserve(c))
                crowd_join_events(c, &start);
}
