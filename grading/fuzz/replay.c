/* replay.c FILE... -- the kept corpus again, each file whole and cut at every 16th byte: no libFuzzer needed. */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* In memory of exactly that size, so that a sanitizer sees a byte beyond. */
static void play(const uint8_t *data, size_t size)
{
    uint8_t *copy = malloc(size ? size : 1);
    if (!copy) abort();
    memcpy(copy, data, size);
    LLVMFuzzerTestOneInput(copy, size);
    free(copy);
}

int main(int argc, char **argv)
{
    static uint8_t data[1 << 20];
    for (int i = 1; i < argc; i++) {
        FILE *f = fopen(argv[i], "rb");
        if (!f) return perror(argv[i]), 1;
        size_t n = fread(data, 1, sizeof data, f);
        fclose(f);
        for (size_t cut = 0; cut < n; cut += 16) play(data, cut);
        play(data, n);
    }
    printf("%d passed, 0 failed\n", argc - 1);
    return argc == 1;
}
