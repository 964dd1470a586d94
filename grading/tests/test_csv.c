/* test_csv.c -- tables as they come, and as they should not. */
#include "data.h"
#include "scratch.h"
#include <criterion/criterion.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

TestSuite(csv, .init = scratch_begin, .fini = scratch_end, .timeout = 60);

static Table accept(Arena *a, const char *text, CsvArg arg)
{
    Table t;
    const char *wrong = csv_read(a, scratch_write("t.csv", text, strlen(text)), arg, &t);
    cr_assert(scratch_fine(wrong));
    return t;
}

static void refuse_bytes(const char *text, size_t n, CsvArg arg, const char *what)
{
    Arena *a = arena_new("test");
    size_t before = arena_in_use(a);
    Table t;
    const char *wrong = csv_read(a, scratch_write("t.csv", text, n), arg, &t);
    cr_assert(scratch_has(wrong, what));
    cr_assert(scratch_has(wrong, "t.csv"));
    cr_assert_eq(arena_in_use(a), before);
    cr_assert(!t.column && !t.rows);
    arena_free(a);
}

static void refuse(const char *text, const char *what) { refuse_bytes(text, strlen(text), (CsvArg){ 0 }, what); }

static double number(const Table *t, int column, int64_t row) { return tensor_get(t->column[column].number, row); }

static const char *text(const Table *t, int column, int64_t row)
{
    int code = (int)tensor_get(t->column[column].code, row);
    return code < 0 ? NULL : t->column[column].value[code];
}

Test(csv, types_are_inferred)
{
    Arena *a = arena_new("test");
    Table t = accept(a, "size,kind,price\n1,red,2.5\n-3e2,,NA\n?,blue, 7 \n+.5,red,inf\n", (CsvArg){ 0 });
    cr_assert(t.columns == 3 && t.rows == 4);
    cr_assert_str_eq(t.column[2].name, "price");
    cr_assert(number(&t, 0, 0) == 1 && number(&t, 0, 1) == -300 && isnan(number(&t, 0, 2)) && number(&t, 0, 3) == .5);
    cr_assert(number(&t, 2, 0) == 2.5 && isnan(number(&t, 2, 1)) && number(&t, 2, 2) == 7 && isinf(number(&t, 2, 3)));
    cr_assert(!t.column[1].number && t.column[1].values == 2);
    cr_assert_str_eq(t.column[1].value[0], "blue", "values are sorted");
    cr_assert_str_eq(text(&t, 1, 0), "red");
    cr_assert_null(text(&t, 1, 1));
    cr_assert_str_eq(text(&t, 1, 3), "red");
    cr_assert(!t.column[0].code && t.column[0].values == 0);
    arena_free(a);
}

Test(csv, what_is_text)
{
    static const char *const TEXT[] = { "0x12", "1e",    "--1",   "1 2", "1,5", "nan(7)",
                                        "N A",  "12-03", "1.2.3", "e5",  "+",   "." };
    Arena *a = arena_new("test");
    for (size_t i = 0; i < sizeof TEXT / sizeof *TEXT; i++) {
        char all[64];
        snprintf(all, sizeof all, "1\n\"%s\"\n", TEXT[i]);
        cr_assert_null(accept(a, all, (CsvArg){ .no_header = true }).column[0].number, "%s became a number", TEXT[i]);
    }
    arena_free(a);
}

Test(csv, quotes)
{
    Arena *a = arena_new("test");
    Table t =
        accept(a, "\"a,b\",\"say \"\"x\"\"\"\r\n\"line 1\r\nline 2\",\"\"\"\"\r\n\"12\",plain \"quote\"\r\n\"\",z",
               (CsvArg){ 0 });
    cr_assert(t.columns == 2 && t.rows == 3);
    cr_assert_str_eq(t.column[0].name, "a,b");
    cr_assert_str_eq(t.column[1].name, "say \"x\"");
    cr_assert_str_eq(text(&t, 0, 0), "line 1\r\nline 2");
    cr_assert_str_eq(text(&t, 1, 0), "\"");
    cr_assert_str_eq(text(&t, 1, 1), "plain \"quote\"");
    cr_assert_null(text(&t, 0, 2));
    arena_free(a);
}

/* The same table in every dress. */
Test(csv, line_ends_and_marks)
{
    static const struct { const char *text; CsvArg arg; } CASE[] = {
        { "a,b\n1,x\n2,y\n", { 0 } },
        { "a,b\r\n1,x\r\n2,y\r\n", { 0 } },
        { "a,b\n1,x\r\n2,y", { 0 } },
        { "\xEF\xBB\xBF" "a,b\n1,x\n2,y", { 0 } },
        { "a;b\n1;x\n2;y\n", { .separator = ';' } },
        { "a\tb\n1\tx\n2\ty\n", { .separator = '\t' } },
        { "\n\na,b\n\n1,x\n\r\n2,y\n\n\n", { 0 } },
        { "# a comment, \"of the file\na,b\n1,x\n2,y\n", { .skip_lines = 1 } },
        { "\xEF\xBB\xBF" "3,rows\r\n\r\na,b\r\n1,x\r\n2,y\r\n", { .skip_lines = 2 } },
        { "1,x\n2,y\n", { .no_header = true } },
    };
    Arena *a = arena_new("test");
    for (size_t i = 0; i < sizeof CASE / sizeof *CASE; i++) {
        Table t = accept(a, CASE[i].text, CASE[i].arg);
        cr_assert(t.columns == 2 && t.rows == 2, "case %zu: %d columns, %ld rows", i, t.columns, (long)t.rows);
        cr_assert_str_eq(t.column[0].name, CASE[i].arg.no_header ? "column1" : "a", "case %zu", i);
        cr_assert(number(&t, 0, 1) == 2 && !strcmp(text(&t, 1, 1), "y"), "case %zu", i);
    }
    arena_free(a);
}

Test(csv, bad_tables)
{
    refuse("a,b,c\n1,2,3\n4,5\n", "t.csv:3: 2 cells, 3 expected");
    refuse("a,b\n1,2\n\"x\ny\",2\n1,2,3\n", "t.csv:5: 3 cells, 2 expected");
    refuse("a,b\n1,2\n3,\"open\n4,5\n", "t.csv:3: a quote is opened and never closed");
    refuse("a,b\n1,\"x\"y\n", "t.csv:2: text follows the closing quote of cell 2");
    refuse("a,b\r1,2\r", "t.csv:1: a carriage return without a line feed");
    refuse("a,b\n", "a header and no rows");
    refuse("", "nothing in it");
    refuse("\n\n\n", "nothing in it");
    refuse_bytes("a,b\n1,\0\n", 8, (CsvArg){ 0 }, "t.csv:2: a zero byte");
    refuse_bytes("a\n\"\0\"\n", 6, (CsvArg){ 0 }, "t.csv:2: a zero byte");
    refuse_bytes("a\n1\n", 4, (CsvArg){ .skip_lines = 9 }, "nothing in it");
}

Test(csv, not_a_file)
{
    Arena *a = arena_new("test");
    Table t;
    cr_assert(scratch_has(csv_read(a, scratch(""), (CsvArg){ 0 }, &t), "a folder"));
    cr_assert(scratch_has(csv_read(a, scratch("none.csv"), (CsvArg){ 0 }, &t), "No such file"));
    arena_free(a);
}

/* Whatever is cut off or flipped: a table or a sentence, nothing else. ASan watches the rest. */
Test(csv, cut_and_flipped)
{
    static const char GOOD[] = "\xEF\xBB\xBFname,\"the \"\"size\"\"\",n\r\nx,1.5,\"a,\nb\"\r\n\"y\",,?\r\nz,NA,q\r\n";
    Arena *a = arena_new("test");
    for (size_t n = 0; n < sizeof GOOD - 1; n++) {
        Table t;
        size_t before = arena_in_use(a);
        if (csv_read(a, scratch_write("t.csv", GOOD, n), (CsvArg){ 0 }, &t)) cr_assert_eq(arena_in_use(a), before);
        else cr_assert_leq(t.rows, 3);
    }
    for (size_t bit = 0; bit < 8 * (sizeof GOOD - 1); bit++) {
        char b[sizeof GOOD];
        Table t;
        memcpy(b, GOOD, sizeof GOOD);
        b[bit / 8] ^= (char)(1 << bit % 8);
        size_t before = arena_in_use(a);
        if (csv_read(a, scratch_write("t.csv", b, sizeof b - 1), (CsvArg){ 0 }, &t))
            cr_assert_eq(arena_in_use(a), before);
    }
    arena_free(a);
}

Test(csv, a_line_of_ten_megabytes)
{
    enum { N = 10 << 20 };
    Arena *a = arena_new("test");
    Table t;
    char *b = malloc(N + 16);
    memcpy(b, "a\n", 2);
    memset(b + 2, 'x', N);
    const char *wrong = csv_read(a, scratch_write("long.csv", b, N + 2), (CsvArg){ 0 }, &t);
    cr_assert(scratch_fine(wrong));
    cr_assert_eq(strlen(text(&t, 0, 0)), N);
    memset(b, ',', N);
    wrong = csv_read(a, scratch_write("wide.csv", b, N), (CsvArg){ 0 }, &t);
    cr_assert(scratch_has(wrong, "wide.csv:1: more than 65536 cells"));
    free(b);
    arena_free(a);
}

Test(csv, packed)
{
    Arena *a = arena_new("test");
    Table t;
    const char *wrong = csv_read(a, scratch_gzip("t.csv.gz", "a,b\n1,2\n", 8), (CsvArg){ 0 }, &t);
    cr_assert(scratch_fine(wrong));
    cr_assert(t.rows == 1 && number(&t, 1, 0) == 2);
    arena_free(a);
}

/* What printf writes with 17 digits comes back to the last bit. */
Test(csv, numbers_are_exact)
{
    static const double X[] = { .1, 1. / 3, 1e308, 5e-324, -0., 123456789012345678., 2.2250738585072014e-308 };
    char all[512] = "x\n";
    Arena *a = arena_new("test");
    for (int i = 0; i < 7; i++) snprintf(all + strlen(all), sizeof all - strlen(all), "%.17g\n", X[i]);
    Table t = accept(a, all, (CsvArg){ 0 });
    for (int i = 0; i < 7; i++)
        cr_assert(!memcmp(&X[i], (double *)t.column[0].number->data + i, sizeof *X), "%.17g", X[i]);
    arena_free(a);
}
