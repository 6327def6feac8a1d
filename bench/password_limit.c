/*
 * The limit that sign-ins are measured against: passwords verified as Berth does, and nothing else.
 *
 *         password_limit THREADS SECONDS
 *
 * Prints one JSON object.
 */
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/attr.h"
#include "base/clock.h"
#include "base/crypto.h"
#include "base/password.h"
#include "base/str.h"

#define THREADS_MAX 256

static char stored[PASSWORD_SIZE];
static int64_t end_us;
static atomic_long verified;

static void *verify(void *arg _unused_) {
        while (clock_mono_us() < end_us) {
                if (!password_verify(stored, "password"))
                        abort();
                atomic_fetch_add(&verified, 1);
        }
        return NULL;
}

int main(int argc, char **argv) {
        int64_t threads = 0;
        double seconds = argc == 3 ? strtod(argv[2], NULL) : 0;
        pthread_t t[THREADS_MAX];
        int64_t began_us, took_us;
        struct err err;

        if (argc != 3 || str_to_int(argv[1], 1, THREADS_MAX, &threads, &err) < 0 ||
            !(seconds > 0)) {
                fprintf(stderr, "usage: password_limit THREADS SECONDS\n");
                return 2;
        }
        crypto_init(); /* which takes what the processor does best */
        password_hash("password", stored);
        began_us = clock_mono_us();
        end_us = began_us + (int64_t)(seconds * 1e6);
        for (int i = 0; i < threads; i++)
                if (pthread_create(&t[i], NULL, verify, NULL) != 0)
                        abort();
        for (int i = 0; i < threads; i++)
                pthread_join(t[i], NULL);
        took_us = clock_mono_us() - began_us;
        printf("{\"threads\":%d,\"rate\":%.1f}\n", (int)threads,
               (double)atomic_load(&verified) * 1e6 / (double)took_us);
        return 0;
}
