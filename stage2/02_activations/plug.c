/* plug.c -- lets the tape run on this folder's functions. */
#include "activations.h"
#include "plug.h"

/* Shapes, and which op computes whose gradient, are the library's: a slot left NULL keeps the row's own. */

void plug_activations(Tape *);

static int count(const Tensor *x) { return (int)tensor_count(x); }
static float alpha(const Node *n) { return n->arg ? (float)((const NumbersArg *)n->arg)->a : 0; }

/* x -> y, and y or x, dy -> dx: a pair of functions for each kind, told apart by the compiler. */
#define SQUASH(name, kind)                                                                              \
    static void name(Tape *t, Node *n)                                                                  \
    {                                                                                                   \
        (void)t, activations_squash(n->out[0]->data, n->in[0]->data, kind, count(n->in[0]));            \
    }                                                                                                   \
    static void name##_backward(Tape *t, Node *n)                                                       \
    {                                                                                                   \
        (void)t;                                                                                        \
        activations_squash_backward(n->out[0]->data, n->in[0]->data, n->in[1]->data, kind, count(n->in[0])); \
    }
#define RECTIFY(name, kind)                                                                             \
    static void name(Tape *t, Node *n)                                                                  \
    {                                                                                                   \
        (void)t, activations_rectify(n->out[0]->data, n->in[0]->data, kind, alpha(n), count(n->in[0])); \
    }                                                                                                   \
    static void name##_backward(Tape *t, Node *n)                                                       \
    {                                                                                                   \
        (void)t;                                                                                        \
        activations_rectify_backward(n->out[0]->data, n->in[0]->data, n->in[1]->data, kind, alpha(n),   \
                                     count(n->in[0]));                                                  \
    }
#define GATE(name, kind)                                                                                \
    static void name(Tape *t, Node *n)                                                                  \
    {                                                                                                   \
        (void)t, activations_gate(n->out[0]->data, n->in[0]->data, kind, count(n->in[0]));              \
    }                                                                                                   \
    static void name##_backward(Tape *t, Node *n)                                                       \
    {                                                                                                   \
        (void)t;                                                                                        \
        activations_gate_backward(n->out[0]->data, n->in[0]->data, n->in[1]->data, kind, count(n->in[0])); \
    }

SQUASH(sigmoid, ACTIVATIONS_SIGMOID)
SQUASH(hyperbolic, ACTIVATIONS_TANH)
RECTIFY(relu, ACTIVATIONS_RELU)
RECTIFY(leaky, ACTIVATIONS_LEAKY_RELU)
RECTIFY(elu, ACTIVATIONS_ELU)
RECTIFY(softplus, ACTIVATIONS_SOFTPLUS)
GATE(silu, ACTIVATIONS_SILU)
GATE(gelu, ACTIVATIONS_GELU)
GATE(gelu_tanh, ACTIVATIONS_GELU_TANH)

#define PAIR(op, function)                                                                              \
    { .name = op, .dtypes = 1u << F32, .forward = { [DEV_CPU] = function } },                           \
    { .name = op "_backward", .dtypes = 1u << F32, .forward = { [DEV_CPU] = function##_backward } }

static const Op row[] = {
    PAIR("sigmoid", sigmoid), PAIR("tanh", hyperbolic), PAIR("relu", relu),
    PAIR("leaky_relu", leaky), PAIR("elu", elu), PAIR("softplus", softplus),
    PAIR("silu", silu), PAIR("gelu", gelu), PAIR("gelu_tanh", gelu_tanh),
};

void plug_activations(Tape *tape)
{
    for (size_t i = 0; i < sizeof row / sizeof row[0]; i++) tape_replace(tape, row[i].name, &row[i]);
}
