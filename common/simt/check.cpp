/* check.cpp -- the hooks that compilers call in check mode. */
#include "inside.h"
namespace simt {
bool checked, counting;
void check_init() {}
void check_launch(const Launch &) {}
void check_block(Core &) {}
void check_barrier(Core &) {}
void check_warp(Core &, int, unsigned) {}
void check_fence(Core &, Fence) {}
void check_atomic(Core &, uintptr_t, size_t, Place) {}
void check_returned(Core &, const Thread &) {}
Shadow *shadow_new(size_t) { return nullptr; }
void shadow_free(Shadow *) {}
void shadow_wrote(Shadow *, size_t, size_t) {}
size_t shadow_unwritten(Shadow *, size_t, size_t n) { return n; }
double counter(const char *, const char *) { return -1; }
void counters_reset() {}
} // namespace simt
