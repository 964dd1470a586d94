/* test_npy.c -- what NumPy writes is read, what is written NumPy reads; of bad files, each gets a sentence. */
#include "data.h"
#include "hostile.h"
#include "scratch.h"
#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

TestSuite(npy, .init = scratch_begin, .fini = scratch_end, .timeout = 60);

/* By NumPy 2.4: save(f, asfortranarray(array([[1.5, -2, .25], [3, 4, -.5]], "<f4"))),
 * save(f, array([1, -2, 300], ">i4")) */
static const char FORTRAN[] =
    "\223NUMPY\001\000v\000{'descr': '<f4', 'fortran_order': True, 'shape': (2, 3), }                               "
    "                            \n\000\000\300?\000\000@@\000\000\000\300\000\000\200@\000\000\200>\000\000\000\277";
static const char SWAPPED[] =
    "\223NUMPY\001\000v\000{'descr': '>i4', 'fortran_order': False, 'shape': (3,), }                                "
    "                            \n\000\000\000\001\377\377\377\376\000\000\001,";

static const char *reader(Arena *a, const char *path)
{
    Tensor *t;
    return npy_read(a, path, &t);
}

static Tensor *accept(Arena *a, const char *path)
{
    Tensor *t = NULL;
    cr_assert(scratch_fine(npy_read(a, path, &t)));
    return t;
}

static void refuse(const char *path, const char *what) { hostile_refused(reader, path, what); }

/* A file of this version with this dictionary, and n bytes of values counting from 0; its path. */
static const char *made_up(int version, const char *dictionary, size_t n)
{
    uint8_t b[4096] = "\x93NUMPY";
    size_t length = strlen(dictionary), at = version == 1 ? 10 : 12;
    b[6] = (uint8_t)version, b[8] = (uint8_t)length, b[9] = (uint8_t)(length >> 8);
    memcpy(b + at, dictionary, length);
    for (size_t i = 0; i < n; i++) b[at + length + i] = (uint8_t)i;
    return scratch_write("x.npy", b, at + length + n);
}

Test(npy, what_numpy_writes)
{
    static const double F[] = { 1.5, -2, .25, 3, 4, -.5 }, S[] = { 1, -2, 300 };
    Arena *a = arena_new("test");
    Tensor *f = accept(a, scratch_write("f.npy", FORTRAN, sizeof FORTRAN - 1));
    cr_assert(f->dtype == F32 && f->ndim == 2 && f->shape[0] == 2 && f->shape[1] == 3 && tensor_contiguous(f));
    for (int i = 0; i < 6; i++) cr_assert_eq(tensor_get(f, i), F[i]);
    Tensor *s = accept(a, scratch_write("s.npy", SWAPPED, sizeof SWAPPED - 1));
    cr_assert(s->dtype == I32 && s->ndim == 1 && s->shape[0] == 3);
    for (int i = 0; i < 3; i++) cr_assert_eq(tensor_get(s, i), S[i]);
    arena_free(a);
}

/* Every dtype, any number of dimensions, 0 in one of them: the same bytes come back. */
Test(npy, there_and_back)
{
    static const struct { int ndim; int64_t shape[MAX_DIMS]; } CASE[] = {
        { 0, { 0 } }, { 1, { 1 } }, { 1, { 7 } }, { 2, { 3, 5 } }, { 3, { 2, 0, 3 } }, { 6, { 2, 1, 3, 1, 2, 2 } },
        { 1, { 0 } },
    };
    Arena *a = arena_new("test");
    for (Dtype d = 0; d < DTYPE_COUNT; d++)
        for (size_t c = 0; c < sizeof CASE / sizeof *CASE; c++) {
            Tensor *x = tensor_new(a, DEV_CPU, d, CASE[c].ndim, CASE[c].shape);
            for (size_t i = 0; i < tensor_bytes(x); i++) ((uint8_t *)x->data)[i] = (uint8_t)(37 * i + 11);
            cr_assert(scratch_fine(npy_write(scratch("x.npy"), x)));
            Tensor *y = accept(a, scratch("x.npy"));
            cr_assert(y->dtype == d && tensor_same_shape(x, y));
            cr_assert(!memcmp(x->data, y->data, tensor_bytes(x)), "%s", tensor_text(x).s);
            char head[1024];
            size_t n = scratch_read("x.npy", head, sizeof head) - tensor_bytes(x);
            cr_assert(n % 64 == 0 && head[n - 1] == '\n', "values begin at byte %zu", n);
        }
    arena_free(a);
}

/* The same bytes as numpy.save's, of the first array above in C order. */
Test(npy, writes_as_numpy_does)
{
    Arena *a = arena_new("test");
    Tensor *x = tensor_new(a, DEV_CPU, F32, SHAPE(2, 3));
    static const double F[] = { 1.5, 3, -2, 4, .25, -.5 };
    for (int i = 0; i < 6; i++) tensor_set(x, i, F[i]);
    cr_assert(scratch_fine(npy_write(scratch("x.npy"), x)));
    char got[256], want[256];
    memcpy(want, FORTRAN, sizeof FORTRAN);
    char *order = strstr(want + 10, "True, ");
    memmove(order + 7, order + 6, (size_t)(want + 127 - (order + 7)));
    memcpy(order, "False, ", 7);
    cr_assert_eq(scratch_read("x.npy", got, sizeof got), sizeof FORTRAN - 1);
    cr_assert_arr_eq(got, want, sizeof FORTRAN - 1);
    arena_free(a);
}

Test(npy, a_view_is_written_in_its_own_order)
{
    Arena *a = arena_new("test");
    Tensor *x = tensor_new(a, DEV_CPU, I32, SHAPE(3, 2)), view = *x;
    for (int i = 0; i < 6; i++) tensor_set(x, i, i);
    view.shape[0] = 2, view.shape[1] = 3, view.stride[0] = 1, view.stride[1] = 2;
    cr_assert(scratch_fine(npy_write(scratch("x.npy"), &view)));
    Tensor *y = accept(a, scratch("x.npy"));
    for (int i = 0; i < 6; i++) cr_assert_eq(tensor_get(y, i), tensor_get(&view, i));
    arena_free(a);
}

Test(npy, fortran_order_in_three_dimensions)
{
    Arena *a = arena_new("test");
    Tensor *x = accept(a, made_up(1, "{'descr':'|u1','fortran_order':True,'shape':(2,3,4)}", 24));
    for (int i = 0; i < 2; i++)
        for (int j = 0; j < 3; j++)
            for (int k = 0; k < 4; k++) cr_assert_eq(tensor_get(x, (i * 3 + j) * 4 + k), i + 2 * j + 6 * k);
    arena_free(a);
}

Test(npy, headers_of_other_hands)
{
    static const struct { int version; const char *text; int ndim; size_t bytes; } CASE[] = {
        { 1, "{\"shape\": (2,), \"descr\": \"<f4\", \"fortran_order\": False}", 1, 8 },
        { 2, "{'descr': '<f4', 'fortran_order': False, 'shape': (2, 1), }   \n", 2, 8 },
        { 3, "{ 'descr' : '=f4' , 'fortran_order' : False , 'shape' : ( 2L , ) , }\n", 1, 8 },
        { 1, "{'descr': '|b1', 'fortran_order': False, 'shape': ()}", 0, 1 },
        { 1, "{'descr': '>u1', 'fortran_order': False, 'shape': (3)}", 1, 3 },
    };
    Arena *a = arena_new("test");
    for (int i = 0; i < 5; i++) {
        Tensor *t = accept(a, made_up(CASE[i].version, CASE[i].text, CASE[i].bytes));
        cr_assert(t->ndim == CASE[i].ndim && tensor_bytes(t) == CASE[i].bytes, "case %d", i);
    }
    arena_free(a);
}

Test(npy, headers_that_are_refused)
{
    static const struct { const char *text, *what; } CASE[] = {
        { "", "the header is not a dictionary" },
        { "[]", "byte 10: the header is not a dictionary" },
        { "{'descr': '<f4', 'fortran_order': False, 'shape': (1,)} x", "something follows the dictionary" },
        { "{'descr': '<f4', 'fortran_order': False}", "lacks descr, fortran_order or shape" },
        { "{'descr': '<f4' 'fortran_order': False, 'shape': (1,)}", "dictionary is damaged" },
        { "{'descr': '<f4', 'fortran_order': Fals, 'shape': (1,)}", "neither True nor False" },
        { "{'descr': '<f4', 'descr': '<f4'}", "'descr' is unknown, or there twice" },
        { "{'colour': 1}", "'colour' is unknown" },
        { "{'descr': [('a', '<f4')]}", "arrays of records are not read" },
        { "{'descr': '<c8'}", "dtype '<c8'" },
        { "{'descr': '<u2'}", "f2 f4 f8 i1 i4 i8 u1 b1 and V2 (bfloat16) are read" },
        { "{'descr': '|O'}", "dtype '|O'" },
        { "{'descr': ''}", "dtype ''" },
        { "{'shape': 3}", "the shape is not a tuple" },
        { "{'shape': (-1,)}", "dimension 0 is no count" },
        { "{'shape': (1 2)}", "dimension 1 is no count" },
        { "{'shape': (1,2,3,4,5,6,7)}", "more than 6 dimensions" },
        { "{'shape': (9223372036854775808,)}", "dimension 0 is no count" },
        { "{'descr': '<f8', 'fortran_order': False, 'shape': (9223372036854775807,)}", "more bytes than can be" },
        { "{'descr': '|i1', 'fortran_order': False, 'shape': (9223372036854775807,)}", "ends too early" },
        { "{'descr': '|i1', 'fortran_order': False, 'shape': (4294967296, 4294967296)}", "more bytes than can be" },
        { "{'descr': '|i1', 'fortran_order': False, 'shape': (0, 9223372036854775807, 3)}", "more bytes than can be" },
        { "{'descr': '<f4', 'fortran_order': False, 'shape': (1000000000000,)}", "needs 4000000000000 bytes" },
    };
    for (size_t i = 0; i < sizeof CASE / sizeof *CASE; i++)
        for (int version = 1; version <= 3; version++) {
            const char *what = strstr(CASE[i].what, "byte 10: ") && version > 1 ? "byte 12: " : CASE[i].what;
            refuse(made_up(version, CASE[i].text, 0), what);
        }
    refuse(made_up(1, "{'descr': '<f4', 'fortran_order': False, 'shape': (2,)}", 9), "byte 73: 1 bytes too many");
    refuse(made_up(1, "{'descr': '<f4', 'fortran_order': False, 'shape': (0,)}", 1), "byte 65: 1 bytes too many");
    refuse(made_up(1, "{'descr': '<f4', 'fortran_order': False, 'shape': (2,)}", 7), "byte 72: ends too early");
    refuse(made_up(4, "{}", 0), "version 4.0");
    refuse(scratch_write("x", "\x93NUMPY\1\0\xff\xff{}", 12), "byte 12: ends within its header of 65535 bytes");
    refuse(scratch_write("x", "\x93NUMPY\2\0\xff\xff\xff\xff{}", 14), "ends within its header of 4294967295 bytes");
    refuse(scratch_write("x", "\x93NUMPZ\1\0\2\0{}", 12), "not .npy");
}

Test(npy, whatever_is_in_the_file)
{
    hostile_files(reader, FORTRAN, sizeof FORTRAN - 1);
    hostile_cuts(reader, FORTRAN, sizeof FORTRAN - 1, 0);
    hostile_flips(reader, FORTRAN, sizeof FORTRAN - 1);
    hostile_cuts(reader, SWAPPED, sizeof SWAPPED - 1, 0);
}

Test(npy, writing_where_it_cannot_be)
{
    Arena *a = arena_new("test");
    Tensor *x = tensor_new(a, DEV_CPU, U8, SHAPE(1));
    *(uint8_t *)x->data = 1;
    cr_assert(scratch_has(npy_write(scratch("no/where"), x), "No such file"));
    cr_assert(scratch_has(npy_write("/dev/full", x), "not a file"));
    arena_free(a);
}
