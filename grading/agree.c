/* agree.c -- agree RECORDS OTHER: two workers' records of the same seed and trials. The first is the reference's; the
 * other's values must lie within a grading's tolerances. A line a failure; ends with "N passed, N failed". */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "compare.h"
#include "record.h"

enum { MAX_PROBES = 200 };

static int pieces(const char *path, Run *part)
{
    Run   all = { 0 };
    FILE *f = fopen(path, "rb");
    if (!f || fseek(f, 0, SEEK_END) || (long)(all.size = (size_t)ftell(f)) < 0 || fseek(f, 0, SEEK_SET)) return 0;
    all.data = malloc(all.size + 1);
    bool ok = all.data && fread(all.data, 1, all.size, f) == all.size;
    fclose(f);
    int n = ok ? run_split(&all, part, MAX_PROBES) : 0;
    free(all.data);
    return n;
}

int main(int argc, char **argv)
{
    static Run ref[MAX_PROBES], other[MAX_PROBES];
    if (argc != 3) return fprintf(stderr, "agree RECORDS OTHER\n"), 2;
    int n = pieces(argv[1], ref), m = pieces(argv[2], other), failed = n == 0 || n != m;
    if (failed) printf("FAIL %s has %d probes, %s has %d\n", argv[1], n, argv[2], m);
    for (int i = 0; i < n && !failed; i++) {
        Finding f;
        Record  first = { 0 };
        if (ref[i].size >= sizeof first) memcpy(&first, ref[i].data, sizeof first);
        compare_runs(&ref[i], &other[i], true, &f);
        if (!strcmp(f.verdict, "PASS")) continue;
        printf("FAIL %.31s, trial %d: %s %s %s expected %s got %s\n", first.name, f.trial, f.verdict, f.text, f.place,
               f.expected, f.got);
        failed++;
    }
    printf("%d passed, %d failed\n", n - failed > 0 ? n - failed : 0, failed);
    return failed > 0;
}
