/* fiber.cpp -- stacks that wait for each other on one core. */
#include "inside.h"
#include <atomic>
#include <cstdio>
#include <cstdlib>
#include <sys/mman.h>

namespace simt {
static char *stacks;                        /* a guard page, then a stack, and so on */
static size_t stack_step;
static std::atomic<size_t> n_stacks{0};
static constexpr size_t PAGE = 4096, MOST = 64 * 1100;

void fibers_init(size_t stack_size)
{
    stack_step = (stack_size + PAGE - 1) / PAGE * PAGE + PAGE;
    stacks = (char *)mmap(nullptr, stack_step * MOST, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (stacks == MAP_FAILED) {
        perror("simt: no room for the stacks of threads");
        exit(1);
    }
}

bool on_fiber_stack(uintptr_t address) { return address - (uintptr_t)stacks < stack_step * MOST; }

Fiber *fiber_new(void (*entry)())
{
    size_t number = n_stacks++;
    Fiber *f = new Fiber{nullptr, stacks + number * stack_step + PAGE};
    if (number >= MOST || mprotect(f->stack, stack_step - PAGE, PROT_READ | PROT_WRITE)) {
        fprintf(stderr, "simt: no room for another thread's stack\n");
        exit(1);
    }
    fiber_reset(f, entry);
    return f;
}

/* Tops that all lie at one distance from each other would fight for the same lines of the cache. */
static char *top_of(const Fiber *f)
{
    size_t number = (size_t)(f->stack - stacks) / stack_step;
    return f->stack + stack_step - PAGE - number % 61 * 64 - number % 2 * PAGE;
}

#if defined(__x86_64__) && !defined(SIMT_UCONTEXT)
extern "C" void simt_switch(void **save, void *load);
asm(R"(
    .text
    .globl simt_switch
    .type simt_switch, @function
simt_switch:
    pushq %rbp
    pushq %rbx
    pushq %r12
    pushq %r13
    pushq %r14
    pushq %r15
    movq %rsp, (%rdi)
    movq %rsi, %rsp
    popq %r15
    popq %r14
    popq %r13
    popq %r12
    popq %rbx
    popq %rbp
    ret
    .size simt_switch, .-simt_switch
)");

void fiber_reset(Fiber *f, void (*entry)())
{
    void **sp = (void **)((uintptr_t)top_of(f) & ~(uintptr_t)15);
    *--sp = nullptr;                        /* as if called: the stack is 16 n + 8 at the first instruction */
    *--sp = (void *)entry;
    for (int i = 0; i < 6; i++) *--sp = nullptr;
    f->sp = sp;
}

void fiber_switch(Fiber *from, Fiber *to) { simt_switch(&from->sp, to->sp); }
#else
} // namespace simt
#include <ucontext.h>
namespace simt {
void fiber_reset(Fiber *f, void (*entry)())
{
    if (!f->sp) f->sp = new ucontext_t;
    ucontext_t *c = (ucontext_t *)f->sp;
    getcontext(c);
    c->uc_stack.ss_sp = f->stack;
    c->uc_stack.ss_size = (size_t)(top_of(f) - f->stack);
    c->uc_link = nullptr;
    makecontext(c, entry, 0);
}

void fiber_switch(Fiber *from, Fiber *to)
{
    if (!from->sp) from->sp = new ucontext_t;
    swapcontext((ucontext_t *)from->sp, (ucontext_t *)to->sp);
}
#endif
} // namespace simt
