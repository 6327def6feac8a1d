#include "net/ws_handshake.h"

#include "base/crypto.h"
#include "test.h"

#define KEY "dGhlIHNhbXBsZSBub25jZQ==" /* of RFC 6455, section 1.3 */

static int check(const char *upgrade, const char *connection, const char *version,
                 const char *key) {
        return ws_handshake_check(&(struct ws_offer){ true, upgrade, connection, version, key });
}

TEST(the_accept_of_the_standard) {
        char accept[WS_ACCEPT_TEXT];

        crypto_init();
        ws_handshake_accept(KEY, accept);
        CHECK_STR(accept, "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=");
}

TEST(offers_are_looked_at) {
        CHECK(check("websocket", "Upgrade", "13", KEY) == 101);
        CHECK(check("h2c, WebSocket", "keep-alive, upgrade", "13", KEY) == 101);
        CHECK(check(NULL, NULL, NULL, NULL) == 426);
        CHECK(check("websocket", NULL, "13", KEY) == 426);
        CHECK(check("websockets", "Upgrade", "13", KEY) == 426);
        CHECK(check("websocket", "upgraded", "13", KEY) == 426);
        CHECK(check("websocket", "Upgrade", "8", KEY) == 426);
        CHECK(check("websocket", "Upgrade", NULL, KEY) == 426);
        CHECK(check("websocket", "Upgrade", "13", NULL) == 400);
        CHECK(check("websocket", "Upgrade", "13", "") == 400);
        CHECK(check("websocket", "Upgrade", "13", "dGhlIHNhbXBsZSBub25jZQ") == 400);
        CHECK(check("websocket", "Upgrade", "13", "dGhlIHNhbXBsZSBub25jZSE=") == 400);
        CHECK(check("websocket", "Upgrade", "13", "dGhlIHNhbXBsZSBub25jZ*==") == 400);
        CHECK(ws_handshake_check(&(struct ws_offer){ false, "websocket", "Upgrade", "13", KEY }) ==
              405);
}

TEST(a_client_and_a_server_agree) {
        _cleanup_buf_ struct buf request = { 0 }, answer = { 0 };
        char key[WS_KEY_TEXT], other[WS_KEY_TEXT], accept[WS_ACCEPT_TEXT];
        size_t used = 0;

        crypto_init();
        ws_handshake_key(key);
        ws_handshake_key(other);
        CHECK(strcmp(key, other) != 0);
        CHECK(check("websocket", "Upgrade", "13", key) == 101);
        ws_handshake_request(&request, "a:1", "/s?x=1", "Origin: http://a:1\r\n", key);
        CHECK(strstr(request.data, "GET /s?x=1 HTTP/1.1\r\nHost: a:1\r\n"));
        CHECK(strstr(request.data, "\r\nOrigin: http://a:1\r\n\r\n"));
        ws_handshake_accept(key, accept);
        buf_printf(&answer,
                   "HTTP/1.1 101 Switching Protocols\r\nX: y\r\nsec-websocket-accept:  %s\r\n\r\n"
                   "early",
                   accept);
        for (size_t n = 0; n < answer.len - 5; n++)
                CHECK(ws_handshake_answer(answer.data, n, key, &used) == 0);
        CHECK(ws_handshake_answer(answer.data, answer.len, key, &used) == 101);
        CHECK_STR(answer.data + used, "early");
        CHECK(ws_handshake_answer(answer.data, answer.len, other, &used) == -1);
}

TEST(other_answers) {
        static const char refused[] = "HTTP/1.1 401 Unauthorized\r\nX: y\r\n\r\n{}";
        static const char bare[] = "HTTP/1.1 101 Switching Protocols\r\n\r\n";
        static const char noise[] = "SSH-2.0-x\r\n\r\n", cut[] = "HTTP/1.1 \r\n\r\n";
        static char endless[9000];
        size_t used;

        crypto_init();
        CHECK(ws_handshake_answer(refused, strlen(refused), KEY, &used) == 401);
        CHECK(ws_handshake_answer(bare, strlen(bare), KEY, &used) == -1);
        CHECK(ws_handshake_answer(noise, strlen(noise), KEY, &used) == -1);
        CHECK(ws_handshake_answer(cut, strlen(cut), KEY, &used) == -1);
        memset(endless, 'x', sizeof(endless));
        CHECK(ws_handshake_answer(endless, sizeof(endless), KEY, &used) == -1);
}
