/* deepwalk.h -- vectors for the nodes of a network: random walks as sentences, skip-gram, two cheap softmaxes. */
/* kind: kernel; needs: nothing */
#pragma once
#include "todo.h"

/*
 * An undirected network of N >= 1 nodes, as rows: the neighbours of node n are to[first[n]] .. to[first[n+1] - 1], in
 * growing order, each once, never n itself. Every edge stands twice, once at either end. Outputs are written, whatever
 * was in them; what is marked in/out starts as the caller left it. Nothing overlaps.
 *
 * Chance comes from outside: u are numbers from 0 to below 1, so that the same u give the same walk.
 */
typedef struct DeepwalkGraph {
    int        N;
    const int *first, *to;                              /* (N+1), (2 E) */
} DeepwalkGraph;

/* The rows from E >= 0 edges a[e] -- b[e], in any order, each once, a[e] != b[e]. work: 2 E + N numbers. */
void deepwalk_graph(int *first, int *to, int *work,     /* (N+1), (2 E) */
                    const int *a, const int *b,         /* (E), (E) */
                    int E, int N);

int deepwalk_linked(const DeepwalkGraph *, int a, int b);       /* 1: a and b are neighbours. Given. */

/* ---- Sentences: walks, and who stands near whom ------------------------------------------------------------------ */

/*
 * walk[0] = start; each next node is one of the last one's neighbours, all equally likely: number u[i] times their
 * count, rounded down, is step i's. Ends after length >= 1 nodes, or at a node without neighbours; returns how many
 * nodes there are. Perozzi, Al-Rfou, Skiena: DeepWalk, KDD 2014, algorithm 1.
 */
int deepwalk_walk(int *walk,                            /* (length); behind the end nothing is written */
                  const DeepwalkGraph *, int start, int length,
                  const double *u);                     /* (length - 1) */

/*
 * The first step as above. Then, having come from t to v, a neighbour x of v weighs
 *     1/p if x is t         1 if x is a neighbour of t         1/q elsewhere
 * and the step goes to the first x, in the order of the rows, up to which the weights add up to more than u[i] times
 * their sum. p, q > 0; both 1: as above. Grover, Leskovec: node2vec, KDD 2016, section 3.2.
 */
int deepwalk_biased(int *walk, const DeepwalkGraph *, int start, int length, double p, double q, const double *u);

/*
 * Every two places i, j of the walk, 1 <= |i - j| <= window, as source walk[i] and context walk[j]: i growing, within
 * it j growing. The same node at two places is a pair too. Returns how many pairs; length, window >= 1.
 */
int deepwalk_pairs(int *source, int *context,           /* (2 window length) each: room enough */
                   const int *walk, int length, int window);

/* ---- Skip-gram: the source's vector shall tell the context ------------------------------------------------------- */

/*
 * Two tables of vectors: `in` (N,D), which is what one wants in the end, for nodes as sources; `out` for what is to be
 * told. Both are in/out; dv (D) is working memory; rate >= 0, D >= 1. A loss is what it was before anything moved.
 */

/* -log sigmoid(z) if label is 1, -log sigmoid(-z) if 0, for any z: nothing overflows. *slope = sigmoid(z) - label, its
 * derivative. Given: the exercise logistic_regression writes it. */
double deepwalk_loss(double *slope, double z, int label);

/*
 * upto[n] = sum over m <= n of count[m]^(3/4), divided by the sum over all: deepwalk_draw then takes node n as often as
 * count[n]^(3/4) says. count >= 0, not all 0; upto[N-1] is exactly 1.
 * Mikolov, Sutskever, Chen, Corrado, Dean: Distributed Representations of Words and Phrases, NIPS 2013, section 2.2.
 */
void deepwalk_noise(double *upto, const int *count, int N);     /* (N), (N) */
int  deepwalk_draw(const double *upto, double u, int N);        /* the first n with upto[n] > u. Given. */

/*
 * One question about v, yes (label 1) or no (0), answered by sigmoid(u . v): its loss is returned, and
 *     dv += slope u, u as it was          u -= rate slope v          slope = sigmoid(u . v) - label
 * so that u learns at once, and v later, from all questions about it together.
 */
double deepwalk_ask(float *u, float *dv, const float *v,        /* (D) in/out, (D) in/out, (D) */
                    int label, float rate, int D);

/*
 * Negative sampling. The source is asked for the context, label 1, then for each of K >= 0 others, label 0, in their
 * order; one that is the context itself is left out. With v = in[source]:
 *     L = -log sigmoid(out[c] . v) - sum over others n of log sigmoid(-out[n] . v)
 * Rows of out move at once (one that occurs twice meets itself moved), v at the end, by -rate dv. Returns L as met.
 */
double deepwalk_negative(float *in, float *out, float *dv,      /* (N,D), (N,D), (D) */
                         int source, int context, const int *others, int K, float rate, int D);

/*
 * A binary tree with the N nodes as leaves, often visited ones near its root. While more than one is left without a
 * parent: join the two of least count, of equal ones those with the smaller number; the first of them is side 0, the
 * second side 1; the new one has number N, N+1, .. 2N-2 and their counts' sum, which stays below 2^31. parent of the
 * last, the root, is -1, its side 0. sum: working memory. Huffman: A Method for the Construction of
 * Minimum-Redundancy Codes, Proceedings of the IRE 1952. Given.
 */
void deepwalk_huffman(int *parent, int *side, int *sum,         /* (2 N - 1) each */
                      const int *count, int N);                 /* (N) >= 0 */

/*
 * Hierarchical softmax, DeepWalk's own: to tell c is to turn right at every inner node on the way from c to the root.
 *     p(c | v) = product over the way of sigmoid(out[m - N] . v) where the way comes from side 0 of inner node m,
 *                and of 1 - sigmoid where it comes from side 1;                    L = -log p
 * out (N - 1, D): a row for each inner node. Moves as above: rows of out at once, v at the end. N = 1: L is 0.
 * Morin, Bengio: Hierarchical Probabilistic Neural Network Language Model, AISTATS 2005.
 */
double deepwalk_hierarchical(float *in, float *out, float *dv,              /* (N,D), (N - 1,D), (D) */
                             const int *parent, const int *side,            /* (2 N - 1) each */
                             int source, int context, float rate, int N, int D);
