#include "model/seal.h"

#include <inttypes.h>
#include <sodium.h>
#include <stdio.h>
#include <string.h>

_Static_assert(KEY_SIZE == crypto_secretbox_KEYBYTES, "a key fits");

#define NONCE    crypto_secretbox_NONCEBYTES
#define OVERHEAD (NONCE + crypto_secretbox_MACBYTES)
#define VARIANT  sodium_base64_VARIANT_ORIGINAL

void seal_key(const uint8_t master[KEY_SIZE], int64_t tenant, uint8_t ret[KEY_SIZE]) {
        char text[64];
        int n = snprintf(text, sizeof(text), "berth seal key/%" PRId64, tenant);

        hmac_sha256(master, text, (size_t)n, ret);
}

static void derive_nonce(const uint8_t key[KEY_SIZE], const char *place, const char *text,
                         uint8_t ret[NONCE]) {
        crypto_generichash_state state;

        crypto_generichash_init(&state, key, KEY_SIZE, NONCE);
        crypto_generichash_update(&state, (const uint8_t *)place, strlen(place) + 1);
        crypto_generichash_update(&state, (const uint8_t *)text, strlen(text));
        crypto_generichash_final(&state, ret, NONCE);
}

const char *seal(const uint8_t key[KEY_SIZE], const char *place, const char *text,
                 struct arena *arena) {
        size_t n = strlen(text), room = sodium_base64_ENCODED_LEN(n + OVERHEAD, VARIANT);
        uint8_t *box = arena_alloc(arena, n + OVERHEAD);
        char *ret = arena_alloc(arena, room);

        derive_nonce(key, place, text, box);
        crypto_secretbox_easy(box + NONCE, (const uint8_t *)text, n, box, key);
        sodium_bin2base64(ret, room, box, n + OVERHEAD, VARIANT);
        return ret;
}

int unseal(const uint8_t key[KEY_SIZE], const char *box, struct arena *arena, const char **ret,
           struct err *err) {
        size_t room = strlen(box), n = 0;
        uint8_t *bytes = arena_alloc(arena, room + 1);
        char *text = arena_alloc(arena, room + 1);

        if (sodium_base642bin(bytes, room, box, room, NULL, &n, NULL, VARIANT) < 0 ||
            n < OVERHEAD ||
            crypto_secretbox_open_easy((uint8_t *)text, bytes + NONCE, n - NONCE, bytes, key) < 0)
                return err_set(err, ERR_INVALID,
                               "a sealed text does not open with this master.key");
        *ret = text;
        return 0;
}
