#include "model/event.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/json.h"
#include "base/str.h"

static const char *const actions[] = {
#define ACTION(id, name, what) [ACTION_##id] = name,
#include "model/actions.def"
};

static const char *const actor_kinds[] = {
        [ACTOR_SYSTEM] = "system", [ACTOR_USER] = "user", [ACTOR_OPERATOR] = "operator"
};

const char *action_name(enum action a) { return actions[a]; }

int action_parse(const char *name) {
        for (int a = 0; a < _ACTION_N; a++)
                if (strcmp(actions[a], name) == 0)
                        return a;
        return -1;
}

const char *actor_kind_name(enum actor_kind k) { return actor_kinds[k]; }

/* Puts the N bytes of MEMBER before the closing brace, or leaves the detail as it is. */
static void detail_add(struct event *e, const char *member, size_t n) {
        size_t len = strlen(e->detail);
        bool first = len <= 2; /* nothing yet, or "{}" */
        size_t at = first ? 1 : len - 1;

        if (at + !first + n + sizeof("}") > sizeof(e->detail))
                return;
        e->detail[0] = '{';
        if (!first)
                e->detail[at++] = ',';
        memcpy(e->detail + at, member, n);
        memcpy(e->detail + at + n, "}", sizeof("}"));
}

void event_text(struct event *e, const char *key, const char *value) {
        _cleanup_buf_ struct buf member = { 0 };

        json_text(&member, key);
        buf_char(&member, ':');
        json_text(&member, value);
        detail_add(e, member.data, member.len);
}

void event_int(struct event *e, const char *key, int64_t value) {
        char digits[STR_INT], member[96];
        int n = snprintf(member, sizeof(member), "\"%s\":%s", key, str_int(value, digits));

        assert(n > 0 && (size_t)n < sizeof(member));
        detail_add(e, member, (size_t)n);
}

const char *event_member(const struct event *e, const char *key, size_t *n) {
        return json_member(e->detail, key, n);
}

int64_t event_number(const struct event *e, const char *key, int64_t def) {
        size_t n;
        const char *value = event_member(e, key, &n);

        return value && *value != '"' ? strtoll(value, NULL, 10) : def;
}

static void netstring(struct buf *b, const void *data, size_t n) {
        buf_int(b, (int64_t)n);
        buf_char(b, ':');
        buf_add(b, data, n);
        buf_char(b, ',');
}

static void net_text(struct buf *b, const char *s) { netstring(b, s, strlen(s)); }

static void net_int(struct buf *b, int64_t v) {
        char digits[STR_INT];
        const char *text = str_int(v, digits);

        net_text(b, text);
}

static void net_digest(struct buf *b, const uint8_t digest[SHA256_SIZE]) {
        char text[2 * SHA256_SIZE + 1];

        hex_encode(digest, SHA256_SIZE, text);
        net_text(b, text);
}

void event_seal(struct event *e, const uint8_t previous[SHA256_SIZE]) {
        _cleanup_buf_ struct buf b = { 0 };

        buf_reserve(&b, 512);
        net_digest(&b, previous);
        net_int(&b, e->seq);
        net_int(&b, e->at_ms);
        net_int(&b, e->tenant);
        net_text(&b, action_name(e->action));
        net_text(&b, actor_kind_name(e->actor_kind));
        net_int(&b, e->actor);
        net_text(&b, account_kind_name(e->account.kind));
        net_int(&b, e->account.id);
        net_int(&b, e->challenge);
        net_text(&b, e->lease);
        net_text(&b, e->request_id);
        net_text(&b, e->detail);
        sha256(b.data, b.len, e->hash);
}

/* The text is tied to its purpose, so that the key's signature of anything else is no checkpoint.
 */
static void checkpoint_text(const struct checkpoint *c, struct buf *ret) {
        net_text(ret, "berth checkpoint");
        net_int(ret, c->seq);
        net_int(ret, c->at_ms);
        net_digest(ret, c->hash);
}

void checkpoint_sign(struct checkpoint *c, const uint8_t secret[SIGN_SECRET]) {
        _cleanup_buf_ struct buf text = { 0 };

        checkpoint_text(c, &text);
        sign(secret, text.data, text.len, c->signature);
        /* An Ed25519 secret is the seed with the public key after it. */
        memcpy(c->public_key, secret + SIGN_SECRET - SIGN_PUBLIC, SIGN_PUBLIC);
}

bool checkpoint_valid(const struct checkpoint *c, const uint8_t public_key[SIGN_PUBLIC]) {
        _cleanup_buf_ struct buf text = { 0 };

        if (!crypto_equal(c->public_key, public_key, SIGN_PUBLIC))
                return false;
        checkpoint_text(c, &text);
        return sign_verify(public_key, text.data, text.len, c->signature);
}
