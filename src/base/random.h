/* Chance: the kernel's generator for what must not be guessed, and jitter.  Thread-safe. */
#pragma once

#include <stddef.h>
#include <stdint.h>

void random_bytes(void *ret, size_t n);
uint64_t random_below(uint64_t n); /* uniform in 0..n-1, n > 0 */
/* MS with jitter: uniform in [MS/2, MS]. */
int64_t random_jitter(int64_t ms);
