#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <sys/random.h>

#include "base/random.h"

void random_bytes(void *ret, size_t n) {
        char *p = ret;

        while (n > 0) {
                ssize_t got = getrandom(p, n, 0);

                if (got < 0 && errno != EINTR)
                        abort();
                if (got > 0) {
                        p += got;
                        n -= (size_t)got;
                }
        }
}

uint64_t random_below(uint64_t n) {
        uint64_t v, skewed;

        assert(n > 0);
        skewed = -n % n; /* 2^64 mod n: that many values have one chance too many */
        do
                random_bytes(&v, sizeof(v));
        while (v < skewed);
        return v % n;
}

int64_t random_jitter(int64_t ms) {
        if (ms <= 0)
                return ms;
        return ms / 2 + (int64_t)random_below((uint64_t)(ms - ms / 2) + 1);
}
