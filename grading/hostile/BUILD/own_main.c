/* own_main.c -- brings a main() and an allocator of its own, and nothing that was asked for. Both are made local; every
 * step: BUILD, because its function is missing. */
#include <stddef.h>

int main(void) { return 0; }
void *malloc(size_t n) { return n ? NULL : NULL; }
