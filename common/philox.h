/* philox.h -- Philox4x32-10: ten rounds that turn a counter and a key into four random words. Inlined into loops. */
#pragma once
#include <stdint.h>

enum { PHILOX_ROUNDS = 10 };

/* Salmon, Moraes, Dror, Shaw: Parallel Random Numbers: As Easy as 1, 2, 3, SC 2011.
 * One round: two products of 32 bits, whose halves change places. */
static inline void philox_round(uint32_t *c0, uint32_t *c1, uint32_t *c2, uint32_t *c3, uint32_t k0, uint32_t k1)
{
    uint64_t a = (uint64_t)0xD2511F53 * *c0, b = (uint64_t)0xCD9E8D57 * *c2;
    *c0 = (uint32_t)(b >> 32) ^ *c1 ^ k0;
    *c2 = (uint32_t)(a >> 32) ^ *c3 ^ k1;
    *c1 = (uint32_t)b;
    *c3 = (uint32_t)a;
}

/* The next round's key. Weyl sequences: the golden ratio, and the square root of 3 less 1. */
static inline void philox_next(uint32_t *k0, uint32_t *k1)
{
    *k0 += 0x9E3779B9;
    *k1 += 0xBB67AE85;
}

static inline void philox(uint32_t c[4], uint32_t k0, uint32_t k1)
{
    for (int i = 0; i < PHILOX_ROUNDS; i++) {
        philox_round(&c[0], &c[1], &c[2], &c[3], k0, k1);
        philox_next(&k0, &k1);
    }
}
