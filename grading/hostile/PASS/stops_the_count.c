/* at most 80 points */
/* stops_the_count.c -- slow, and asks callgrind not to count while it is. Every step: PASS. */
#include "start.h"

/* A client request as valgrind's own header makes it: six instructions that do nothing, and that it knows. */
static void request(unsigned long long code)
{
    volatile unsigned long long args[6] = { code, 0, 0, 0, 0, 0 };
#if defined __x86_64__
    unsigned long long result = 0;
    __asm__ volatile("rolq $3, %%rdi; rolq $13, %%rdi; rolq $61, %%rdi; rolq $51, %%rdi; xchgq %%rbx, %%rbx"
                     : "=d"(result) : "a"(&args[0]), "0"(result) : "cc", "memory");
#elif defined __aarch64__
    __asm__ volatile("mov x3, #0; mov x4, %0; ror x12, x12, #3; ror x12, x12, #13; ror x12, x12, #51; "
                     "ror x12, x12, #61; orr x10, x10, x10" : : "r"(&args[0]) : "x3", "x4", "cc", "memory");
#endif
}

static void attack(void)
{
    enum { CALLGRIND = 'C' << 24 | 'T' << 16, TOGGLE = CALLGRIND + 2 };
    request(TOGGLE);
    for (volatile int i = 0; i < 20000; i++) continue;
    request(TOGGLE);
}

/* frame.c follows: attack(), then the honest work */
