#include <pthread.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>

#include "base/password.h"

#define OPSLIMIT 2
#define MEMLIMIT (19u << 20)

_Static_assert(PASSWORD_SIZE == crypto_pwhash_argon2id_STRBYTES, "libsodium's form");

static char decoy[PASSWORD_SIZE]; /* has no password that anybody knows */
static pthread_once_t decoy_once = PTHREAD_ONCE_INIT;

int password_check(const char *text, struct err *err) {
        size_t n = strlen(text);

        if (n < PASSWORD_MIN || n > PASSWORD_MAX)
                return err_set(err, ERR_INVALID, "a password has %d to %d bytes", PASSWORD_MIN,
                               PASSWORD_MAX);
        return 0;
}

static void hash(const char *text, size_t n, char ret[PASSWORD_SIZE]) {
        /* It fails for want of memory only. */
        if (crypto_pwhash_argon2id_str(ret, text, n, OPSLIMIT, MEMLIMIT) != 0)
                abort();
}

void password_hash(const char *text, char ret[PASSWORD_SIZE]) { hash(text, strlen(text), ret); }

static void make_decoy(void) {
        char text[32];

        randombytes_buf(text, sizeof(text));
        hash(text, sizeof(text), decoy);
}

bool password_verify(const char *stored, const char *text) {
        size_t n = strlen(text);

        if (stored[0] != '\0')
                return crypto_pwhash_argon2id_str_verify(stored, text, n) == 0;
        pthread_once(&decoy_once, make_decoy);
        (void)!crypto_pwhash_argon2id_str_verify(decoy, text, n); /* even a hit means nothing */
        return false;
}
