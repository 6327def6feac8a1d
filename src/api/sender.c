#include "api/sender.h"

#include <arpa/inet.h>
#include <string.h>

#include "api/agent.h"
#include "base/str.h"

#define HASH_BYTES ((sizeof(((struct sender *)0)->address) - 1) / 2)

_Static_assert(AGENT_SIZE == sizeof(((struct sender *)0)->agent), "a text of agent.h fits");

/* The bytes that are the same for all addresses of one customer, with their family before. */
static size_t place_of(const char *address, uint8_t ret[9]) {
        struct in6_addr v6;
        struct in_addr v4;

        if (inet_pton(AF_INET6, address, &v6) == 1 && !IN6_IS_ADDR_V4MAPPED(&v6)) {
                ret[0] = 6;
                memcpy(ret + 1, v6.s6_addr, 8);
                return 9;
        }
        if (inet_pton(AF_INET6, address, &v6) == 1)
                memcpy(&v4, v6.s6_addr + 12, sizeof(v4));
        else if (inet_pton(AF_INET, address, &v4) != 1)
                return 0;
        ret[0] = 4;
        memcpy(ret + 1, &v4, sizeof(v4));
        return 1 + sizeof(v4);
}

void sender_hash(const uint8_t key[KEY_SIZE], const char *address,
                 char ret[sizeof(((struct sender *)0)->address)]) {
        uint8_t place[9], digest[SHA256_SIZE];
        size_t n = place_of(address, place);

        ret[0] = '\0';
        if (n == 0)
                return;
        hmac_sha256(key, place, n, digest);
        hex_encode(digest, HASH_BYTES, ret);
}

void sender_of(const struct call *c, struct sender *ret) {
        uint8_t key[KEY_SIZE];

        engine_address_key(c->api->config.engine, key);
        sender_hash(key, http_peer(c->req), ret->address);
        agent_text(http_header(c->req, "User-Agent"), ret->agent);
}
