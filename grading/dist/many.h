/* many.h -- what scripts/dist.sh writes tables of: the programs in one, and the variants of an exercise's functions. */
#pragma once

typedef struct Program { const char *name; int (*main)(int, char **); } Program;
extern const Program programs[];        /* the last has no name */

/* A known mistake, "softmax.no_max", or "deleted", the skeleton without its TODOs: what a function is replaced by. */
typedef struct Variant { const char *name; void (**slot)(void); void (*function)(void); } Variant;
extern const Variant variants[];        /* the last has no name; "deleted" stands there once a function */

/* FUNCTION(f): all calls of f go through slot_f, at first to the reference. What f takes and gives back is not known
 * here, so the way through is one jump, which touches nothing. */
#if defined __x86_64__
#define JUMP(slot) "    jmp *" slot "(%rip)\n"
#elif defined __aarch64__
#define JUMP(slot) "    adrp x16, " slot "\n    ldr x16, [x16, :lo12:" slot "]\n    br x16\n"
#endif
#define FUNCTION(f)                                                                             \
    void f##__reference(void);                                                                  \
    extern void (*slot_##f)(void);                                                              \
    void (*slot_##f)(void) = f##__reference;                                                    \
    __asm__(".text\n.globl " #f "\n.type " #f ", %function\n" #f ":\n" JUMP("slot_" #f))
