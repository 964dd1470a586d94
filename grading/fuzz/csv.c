/* csv.c -- any bytes as a table. */
#include "data.h"
#include "fuzz.h"

void fuzz_target(const char *path)
{
    Table t;
    const char *wrong = csv_read(fuzz_arena(), path, (CsvArg){ 0 }, &t);
    fuzz_expect(wrong, NULL, 0);
    for (int k = 0; k < t.columns; k++) {
        const Column *c = &t.column[k];
        fuzz_expect(NULL, (const Tensor *[]){ c->number ? c->number : c->code }, 1);
    }
}
