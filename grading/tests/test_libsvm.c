/* test_libsvm.c -- rows of LIBSVM's format, sparse and dense; of bad files, each gets a sentence with its line. */
#include "data.h"
#include "hostile.h"
#include "scratch.h"
#include <criterion/criterion.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

TestSuite(libsvm, .init = scratch_begin, .fini = scratch_end, .timeout = 60);

static const char GOOD[] = "+1 1:0.5 3:-2e3\n-1 2:1   # a comment\n\n# nothing but one\n0\r\n2.5\t5:inf 6:nan";

static const char *text(const char *s) { return scratch_write("x", s, strlen(s)); }

static const char *reader(Arena *a, const char *path)
{
    Libsvm m;
    return libsvm_read(a, path, (LibsvmArg){ .dtype = F32 }, &m);
}

static void refuse(const char *s, const char *what) { hostile_refused(reader, text(s), what); }

Test(libsvm, rows)
{
    static const double Y[] = { 1, -1, 0, 2.5 }, V[] = { .5, -2000, 1, INFINITY };
    static const int64_t ROW[] = { 0, 2, 3, 3, 5 };
    static const int32_t INDEX[] = { 0, 2, 1, 4, 5 };
    Arena *a = arena_new("test");
    for (Dtype d = F32; d <= F64; d++) {
        Libsvm m;
        cr_assert(scratch_fine(libsvm_read(a, text(GOOD), (LibsvmArg){ .dtype = d }, &m)));
        cr_assert(m.rows == 4 && m.columns == 6 && m.y->dtype == d && m.value->dtype == d);
        cr_assert(m.row->shape[0] == 5 && m.index->shape[0] == 5 && m.value->shape[0] == 5);
        cr_assert_arr_eq(m.row->data, ROW, sizeof ROW);
        cr_assert_arr_eq(m.index->data, INDEX, sizeof INDEX);
        for (int i = 0; i < 4; i++) cr_assert_eq(tensor_get(m.y, i), Y[i]);
        for (int i = 0; i < 4; i++) cr_assert_eq(tensor_get(m.value, i), V[i]);
        cr_assert(isnan(tensor_get(m.value, 4)));
    }
    arena_free(a);
}

Test(libsvm, dense)
{
    Arena *a = arena_new("test");
    Libsvm m;
    Tensor *x;
    LibsvmArg four = { .dtype = F64, .columns = 4 };
    cr_assert(scratch_fine(libsvm_read(a, text("1 1:1 3:3\n2\n3 2:2\n"), four, &m)));
    cr_assert(scratch_fine(libsvm_dense(a, &m, &x)));
    static const double X[] = { 1, 0, 3, 0, 0, 0, 0, 0, 0, 2, 0, 0 };
    cr_assert(x->dtype == F64 && x->ndim == 2 && x->shape[0] == 3 && x->shape[1] == 4);
    cr_assert_arr_eq(x->data, X, sizeof X);
    cr_assert(scratch_fine(libsvm_read(a, text("1 2147483647:1\n"), (LibsvmArg){ .dtype = F32 }, &m)));
    cr_assert_eq(m.columns, 2147483647);
    cr_assert(scratch_has(libsvm_dense(a, &m, &x), "too many to be dense: 1 entries are not 0"));
    arena_free(a);
}

Test(libsvm, from_zero)
{
    Arena *a = arena_new("test");
    Libsvm m;
    cr_assert(scratch_fine(libsvm_read(a, text("1 0:1 1:2\n"), (LibsvmArg){ .dtype = F32, .from_zero = true }, &m)));
    cr_assert(m.columns == 2 && ((int32_t *)m.index->data)[0] == 0 && ((int32_t *)m.index->data)[1] == 1);
    arena_free(a);
}

Test(libsvm, there_and_back)
{
    Arena *a = arena_new("test");
    for (Dtype d = F32; d <= F64; d++) {
        char long_text[4096];
        int n = 0;
        for (int i = 0; i < 20; i++) {
            n += snprintf(long_text + n, sizeof long_text - (size_t)n, "%.17g", sin(i));
            for (int k = i % 3; k < 6; k += 1 + i % 2)
                n += snprintf(long_text + n, sizeof long_text - (size_t)n, " %d:%.17g", k + 1, exp(3 * sin(7 * i + k)));
            n += snprintf(long_text + n, sizeof long_text - (size_t)n, "\n");
        }
        Libsvm m, back;
        LibsvmArg arg = { .dtype = d };
        cr_assert(scratch_fine(libsvm_read(a, text(long_text), arg, &m)));
        cr_assert(scratch_fine(libsvm_write(scratch("back"), &m)));
        cr_assert(scratch_fine(libsvm_read(a, scratch("back"), arg, &back)));
        cr_assert(m.rows == back.rows && m.columns == back.columns);
        cr_assert_arr_eq(m.row->data, back.row->data, tensor_bytes(m.row));
        cr_assert_arr_eq(m.index->data, back.index->data, tensor_bytes(m.index));
        cr_assert_arr_eq(m.value->data, back.value->data, tensor_bytes(m.value));
        cr_assert_arr_eq(m.y->data, back.y->data, tensor_bytes(m.y));
    }
    arena_free(a);
}

Test(libsvm, sentences)
{
    static const struct { const char *text, *what; } CASE[] = {
        { "", "x:1: no rows" },
        { "# only this\n\n", "x:3: no rows" },
        { "1 1:1\nspam 1:1\n", "x:2: the label 'spam' is no number" },
        { "1,2 1:1\n", "x:1: the label '1,2' is no number" },
        { "1 qid:3 1:1\n", "x:1: 'qid:3' is not index:value" },
        { "1 1\n", "x:1: '1' is not index:value" },
        { "1 1 :2\n", "x:1: '1' is not index:value" },
        { "1 1: 2\n", "x:1: the value of index 1 is no number" },
        { "1 1:\n2 2:2", "x:1: the value of index 1 is no number" },
        { "1 1:2:3\n", "x:1: the value of index 1 is no number" },
        { "1 1:0x10\n", "x:1: the value of index 1 is no number" },
        { "0x10 1:1\n", "x:1: the label '0x10' is no number" },
        { "1 0:1\n", "x:1: index 0; they go from 1 to 2147483647" },
        { "1 -1:1\n", "x:1: '-1:1' is not index:value" },
        { "1 2:1 2:1\n", "x:1: index 2 behind 2: they must grow" },
        { "\n1 3:1 2:1\n", "x:2: index 2 behind 3: they must grow" },
        { "1 2147483648:1\n", "x:1: index 2147483648; they go from 1 to 2147483647" },
        { "1 9223372036854775808:1\n", "is not index:value, index a count of at most 2147483647" },
        { "1 99999999999999999999999999999999999999:1\n", "is not index:value" },
    };
    for (size_t i = 0; i < sizeof CASE / sizeof *CASE; i++) refuse(CASE[i].text, CASE[i].what);
    hostile_refused(reader, scratch_write("x", "1 1:1\n\0", 7), "x:2: a zero byte");
    hostile_refused(reader, scratch_write("x", "1 \0 1:1\n", 8), "x:1: a zero byte");
    hostile_refused(reader, scratch_write("x", "1 1:1\0 2:1\n", 11), "x:1: a zero byte");
    Arena *a = arena_new("test");
    Libsvm m;
    LibsvmArg arg = { .dtype = F32, .columns = 2 };
    cr_assert(scratch_has(libsvm_read(a, text("1 3:1\n"), arg, &m), "an index of 3, 2 columns expected"));
    arena_free(a);
}

Test(libsvm, whatever_is_in_the_file)
{
    hostile_files(reader, GOOD, sizeof GOOD - 1);
    hostile_cuts(reader, GOOD, sizeof GOOD - 1, sizeof GOOD); /* what is cut at a blank is a shorter good file */
    hostile_flips(reader, GOOD, sizeof GOOD - 1);
}
