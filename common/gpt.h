/* gpt.h -- GPT-2 out of the library's modules: learns from whole texts, goes on with one from a cache. */
#pragma once
#include "nn.h"

/* Radford et al. 2019: blocks that normalise before they transform, GELU by tanh, and a head that is the embedding. */
typedef struct GptSize { int V, T, C, layers, heads; } GptSize;         /* tokens there are, longest text, width */
extern const GptSize gpt2_small;                                        /* 124 million numbers */

typedef struct GptBlock {
    LayerNorm ln_1, ln_2;
    Attention attn;
    Linear    fc, proj;                                 /* (4C,C), (C,4C) */
    Dropout   drop[2];                                  /* after attn and proj */
} GptBlock;
typedef struct Gpt {
    GptSize   size;
    Embedding wte, wpe;                                 /* tokens (V,C), places (T,C) */
    GptBlock *block;
    LayerNorm ln_f;
    Dropout   drop;
} Gpt;

/* Weights ~ N(0, .02), those that end a block's branch over sqrt(2 layers), biases 0. Dropout where GPT-2 has it, but
 * not on attention's weights, which are never in memory. rng NULL: nothing is drawn, a file will be read. */
Gpt    *gpt_new(Arena *, const Rng *, GptSize, double dropout);
Tensor *gpt_scores(Tape *, Gpt *, Tensor *tokens);                      /* i32 (B,T) -> (B,T,V): of what comes next */
Tensor *gpt_loss(Tape *, Gpt *, Tensor *tokens, Tensor *targets);       /* i32 (B,T) twice -> (1) */
/* The names of the published files: "wte.weight", "h.0.attn.c_attn.weight", ... There attn.c_attn, attn.c_proj,
 * mlp.c_fc and mlp.c_proj are stored as (IN,OUT): to be transposed. Biases of the mask ("attn.bias") are no weights. */
void    gpt_visit(Gpt *, const char *prefix, NnVisit *, void *ctx);

/* ---- Generation: what earlier tokens' keys and values were is kept, so that a token costs one pass ---- */

typedef struct GptCache { Tensor **k, **v; int64_t n, room; } GptCache; /* of each layer, (B,H,room,D); n are filled */
GptCache *gpt_cache(Arena *, const Gpt *, int64_t B, int64_t room);
/* The next tokens of each text, i32 (B,T) -> (B,V): scores of what follows the last. To start again, set n to 0. */
Tensor   *gpt_continue(Tape *, Gpt *, GptCache *, Tensor *tokens);

/* temperature 0: the best token. Else drawn from softmax(score / temperature) over the `top` best; 0: over all. */
typedef struct GptPick { double temperature; int top; } GptPick;
int32_t gpt_pick(const Tensor *scores, int64_t row, GptPick, Rng *);
/* token[0 .. n-1] are given, token[n .. end-1] written. Cache for one text; resets the tape for every token. */
void    gpt_generate(Tape *, Gpt *, GptCache *, int32_t *token, int64_t n, int64_t end, GptPick, Rng *);
