/* skipgram.h -- word2vec's skip-gram with negative sampling: a vector for each token from the company it keeps. */
#pragma once
#include <stdbool.h>
#include <stdint.h>

typedef struct SkipgramArg {
    int      D, window, negatives, epochs;
    double   rate, least;       /* falls in a line from the one to the other over all tokens */
    bool whole; /* every window is whole; else each place draws how wide, 1 .. window, as word2vec does */
    uint64_t seed;
} SkipgramArg;

/*
 * in, out (N,D): vectors of tokens as company, and as what is to be told from it; in is what one uses. Written: at the
 * start in is uniform within 1/(2 D), out is 0. token: lines of numbers from 0 to N-1, line i from first[i] to
 * first[i+1] - 1; windows end where lines do.
 *
 * The objective of Mikolov, Sutskever, Chen, Corrado, Dean, NIPS 2013: for each place, -log sigmoid(out[here] . in[c])
 * for every c in its window, and -log sigmoid(-out[n] . in[c]) for `negatives` tokens n, drawn by count^(3/4); an n
 * that is the token here is left out. All c of a window share one draw, and all gradients of a window are taken before
 * anything moves (Ji, Satish, Li, Dubey: Parallelizing Word2Vec in Shared and Distributed Memory, arXiv:1604.04661):
 * three small products instead of many dot products, equal in expectation.
 *
 * One thread. Same seed, same bits. NULL, or a sentence: a size out of range, a token out of range.
 */
const char *skipgram_train(float *in, float *out, const int32_t *token, const int64_t *first, int64_t lines, int64_t N,
                           SkipgramArg);
