#include "net/ws_handshake.h"

#include <ctype.h>
#include <sodium.h>
#include <string.h>
#include <strings.h>

#include "base/crypto.h"
#include "base/random.h"

#define VARIANT     sodium_base64_VARIANT_ORIGINAL
#define KEY_BYTES   16
#define HEADERS_MAX 8192

/* Is WORD one of the words of LIST, which commas separate? */
static bool has_word(const char *list, const char *word) {
        size_t n = strlen(word);

        while (list && *list) {
                list += strspn(list, ", \t");
                if (strncasecmp(list, word, n) == 0 && strchr(", \t", list[n]))
                        return true;
                list += strcspn(list, ",");
        }
        return false;
}

static bool is_key(const char *key) {
        uint8_t bytes[KEY_BYTES];
        size_t n;

        return key && strlen(key) == WS_KEY_TEXT - 1 &&
               sodium_base642bin(bytes, sizeof(bytes), key, WS_KEY_TEXT - 1, NULL, &n, NULL,
                                 VARIANT) == 0 &&
               n == KEY_BYTES;
}

int ws_handshake_check(const struct ws_offer *o) {
        if (!o->get)
                return 405;
        if (!has_word(o->upgrade, "websocket") || !has_word(o->connection, "upgrade"))
                return 426;
        if (!o->version || strcmp(o->version, "13") != 0)
                return 426;
        return is_key(o->key) ? 101 : 400;
}

void ws_handshake_accept(const char *key, char ret[WS_ACCEPT_TEXT]) {
        static const char guid[] = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"; /* of RFC 6455 */
        char text[WS_KEY_TEXT - 1 + sizeof(guid) - 1];
        uint8_t digest[SHA1_SIZE];

        memcpy(text, key, WS_KEY_TEXT - 1);
        memcpy(text + WS_KEY_TEXT - 1, guid, sizeof(guid) - 1);
        sha1(text, sizeof(text), digest);
        sodium_bin2base64(ret, WS_ACCEPT_TEXT, digest, sizeof(digest), VARIANT);
}

void ws_handshake_key(char ret[WS_KEY_TEXT]) {
        uint8_t bytes[KEY_BYTES];

        random_bytes(bytes, sizeof(bytes));
        sodium_bin2base64(ret, WS_KEY_TEXT, bytes, sizeof(bytes), VARIANT);
}

void ws_handshake_request(struct buf *b, const char *host, const char *path, const char *headers,
                          const char *key) {
        buf_printf(b,
                   "GET %s HTTP/1.1\r\nHost: %s\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                   "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: %s\r\n%s\r\n",
                   path, host, key, headers);
}

/* The value of header NAME (with its colon) between TEXT and END; *n: its length. */
static const char *find_header(const char *text, const char *end, const char *name, size_t *n) {
        size_t len = strlen(name);
        const char *line = text, *next;

        for (; (next = memmem(line, (size_t)(end - line), "\r\n", 2)); line = next + 2) {
                if ((size_t)(next - line) < len || strncasecmp(line, name, len) != 0)
                        continue;
                line += len;
                while (line < next && (*line == ' ' || *line == '\t'))
                        line++;
                *n = (size_t)(next - line);
                return line;
        }
        return NULL;
}

int ws_handshake_answer(const char *text, size_t n, const char *key, size_t *used) {
        static const char version[] = "HTTP/1.1 ";
        const char *end = memmem(text, n, "\r\n\r\n", 4), *accept;
        const char *digits = text + sizeof(version) - 1;
        char want[WS_ACCEPT_TEXT];
        size_t len;
        int status = 0;

        if (!end)
                return n < HEADERS_MAX ? 0 : -1;
        if (strncmp(text, version, sizeof(version) - 1) != 0)
                return -1;
        for (int i = 0; i < 3; i++) {
                if (!isdigit((unsigned char)digits[i]))
                        return -1;
                status = 10 * status + digits[i] - '0';
        }
        ws_handshake_accept(key, want);
        accept = find_header(text, end + 2, "Sec-WebSocket-Accept:", &len);
        if (status == 101 &&
            (!accept || len != WS_ACCEPT_TEXT - 1 || memcmp(accept, want, len) != 0))
                return -1;
        *used = (size_t)(end - text) + 4;
        return status < 100 ? -1 : status;
}
