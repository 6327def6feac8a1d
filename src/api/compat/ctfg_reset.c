/* CTFG's page for beginning anew, with what it posts.  Here the token is that of an administrator.
 */
#include <string.h>
#include <strings.h>

#include "api/body.h"
#include "api/problem.h"
#include "core/game_verbs.h"

static const char head[] =
        "<!DOCTYPE html><html lang=\"en\"><head><meta charset=\"utf-8\"><title>Reset</title>"
        "<meta name=\"viewport\" content=\"width=device-width\"></head><body><h1>Reset</h1>";
static const char form[] =
        "<p>All submissions, solves, hints, awards and chosen names are forgotten, and everybody "
        "is "
        "signed out.</p><form method=\"post\" action=\"/admin/reset\">"
        "<p><label>Token of an administrator<br><input type=\"password\" name=\"token\" "
        "autocomplete=\"off\" required></label></p><p><label><input type=\"checkbox\" "
        "name=\"confirm\" value=\"yes\" required> Yes, forget it all</label></p>"
        "<p><button>Reset the game</button></p></form>";

static void reply_page(struct call *c, int status, const char *text, bool with_form) {
        struct buf *b = call_buf(c);

        buf_str(b, head);
        if (text) {
                buf_str(b, "<p><strong>");
                buf_str(b, text); /* a literal, or made of numbers */
                buf_str(b, "</strong></p>");
        }
        if (with_form)
                buf_str(b, form);
        buf_str(b, "</body></html>");
        http_add_header(c->req, "Content-Security-Policy",
                        "default-src 'none'; form-action 'self'; frame-ancestors 'none'");
        http_add_header(c->req, "X-Frame-Options", "DENY");
        call_reply(c, status, TYPE_HTML, b);
}

void ctfg_reset_page(struct call *c) { reply_page(c, 200, NULL, true); }

static bool is_form(const struct call *c) {
        const char *type = http_header(c->req, "Content-Type");

        return type && strncasecmp(type, "application/x-www-form-urlencoded", 33) == 0;
}

static void reply(struct call *c, int status, const char *text) {
        struct buf *b;

        if (is_form(c)) {
                reply_page(c, status, text, status != 200);
                return;
        }
        b = call_buf(c);
        json_open(b, '{');
        json_key(b, status == 200 ? "result" : "error");
        json_text(b, text);
        json_close(b, '}');
        call_reply_json(c, status);
}

static void on_reset(struct call *c, struct command *cmd) {
        if (cmd->result < 0)
                reply(c, err_http(cmd->err.kind), err_title(cmd->err.kind));
        else
                reply(c, 200, "Reset complete. All that was played is forgotten.");
}

void ctfg_reset(struct call *c) {
        struct game_reset *r = arena_new(http_arena(c->req), struct game_reset);
        const char *token, *confirm;
        struct err err;

        *r = (struct game_reset){ 0 };
        if (body_text_or(c->body, "token", TOKEN_TEXT, &token, &err) < 0 ||
            body_text_or(c->body, "confirm", 16, &confirm, &err) < 0) {
                problem_reply(c, &err);
                return;
        }
        if (!guard_token(c, token) || !call_may(c, PERMISSION_RESET)) {
                reply(c, 401, "Invalid admin token.");
                return;
        }
        if (is_form(c) && strcmp(confirm, "yes") != 0) {
                reply(c, 400, "Please confirm that all is to be forgotten.");
                return;
        }
        game_reset_command(r);
        call_submit(c, &r->command, on_reset);
}
