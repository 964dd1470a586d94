/* test_tensor.c -- shapes, strides, views, and elements of every dtype. */
#include <criterion/criterion.h>
#include <math.h>
#include <string.h>
#include "gradcheck.h"

TestSuite(tensor, .init = gradcheck_begin, .fini = gradcheck_end);

Test(tensor, is_row_major)
{
    Tensor *x = tensor_new(model, DEV_CPU, F32, SHAPE(2, 3, 4));
    const int64_t stride[] = { 12, 4, 1 };
    cr_assert_arr_eq(x->stride, stride, sizeof stride);
    cr_assert_eq(tensor_count(x), 24);
    cr_assert_eq(tensor_bytes(x), 96);
    cr_assert_str_eq(tensor_text(x).s, "f32(2,3,4)");
    cr_assert(tensor_contiguous(x) && !x->base && !x->grad && !x->needs_grad && tensor_root(x) == x);
    Tensor *number = tensor_new(model, DEV_CPU, I64, 0, NULL), *none = tensor_new(model, DEV_CPU, U8, SHAPE(3, 0));
    cr_assert_eq(tensor_count(number), 1);
    cr_assert_str_eq(tensor_text(number).s, "i64()");
    cr_assert(tensor_count(none) == 0 && none->data);
}

Test(tensor, at_follows_strides)
{
    Tensor *x = tensor_new(model, DEV_CPU, F32, SHAPE(2, 3, 4)), *y = op_transpose(tape, x, 0, 2);
    for (int64_t i = 0; i < 24; i++) {
        cr_assert_eq(tensor_at(x, i), i);
        cr_assert_eq(tensor_at(y, i), i % 2 * 12 + i / 2 % 3 * 4 + i / 6);
    }
    cr_assert_not(tensor_contiguous(y));
    cr_assert(tensor_contiguous(op_transpose(tape, tensor_new(model, DEV_CPU, F32, SHAPE(1, 5)), 0, 1)), "(5,1) is");
}

Test(tensor, expanded_has_strides_of_0)
{
    Tensor *x = tensor_new(model, DEV_CPU, F32, SHAPE(3, 1)), y = tensor_expanded(x, SHAPE(2, 3, 4));
    const int64_t stride[] = { 0, 1, 0 };
    cr_assert_arr_eq(y.stride, stride, sizeof stride);
    for (int64_t i = 0; i < 24; i++) cr_assert_eq(tensor_at(&y, i), i / 4 % 3);
}

Test(tensor, same_shape)
{
    Tensor *a = tensor_new(model, DEV_CPU, F32, SHAPE(2, 3)), *b = tensor_new(model, DEV_CPU, U8, SHAPE(2, 3));
    cr_assert(tensor_same_shape(a, b));
    cr_assert_not(tensor_same_shape(a, tensor_new(model, DEV_CPU, F32, SHAPE(3, 2))));
    cr_assert_not(tensor_same_shape(a, tensor_new(model, DEV_CPU, F32, SHAPE(2, 3, 1))));
}

Test(tensor, get_and_set_every_dtype)
{
    for (Dtype d = 0; d < DTYPE_COUNT; d++) {
        Tensor *x = tensor_new(model, DEV_CPU, d, SHAPE(4, 3)), *y = op_transpose(tape, x, 0, 1);
        for (int i = 0; i < 12; i++) tensor_set(y, i, i);
        for (int i = 0; i < 12; i++) cr_assert_eq(tensor_get(x, i), i % 3 * 4 + i / 3, "%s", tensor_dtype_name(d));
        if (d == U8) continue;
        tensor_set(x, 0, -100);
        cr_assert_eq(tensor_get(x, 0), -100);
    }
    const size_t size[] = { [F32] = 4, [F64] = 8, [F16] = 2, [BF16] = 2, [I64] = 8, [I32] = 4, [I8] = 1, [U8] = 1 };
    for (Dtype d = 0; d < DTYPE_COUNT; d++) cr_assert_eq(tensor_size(d), size[d]);
}

/* Every 16-bit pattern is read and written back as it was; NaN stays some NaN. */
Test(tensor, half_floats_come_back)
{
    for (Dtype d = F16; d <= BF16; d++) {
        Tensor *x = tensor_new(model, DEV_CPU, d, SHAPE(1));
        uint16_t *bits = x->data;
        for (int b = 0; b < 1 << 16; b++) {
            *bits = (uint16_t)b;
            double v = tensor_get(x, 0);
            tensor_set(x, 0, v);
            bool same = v != v ? tensor_get(x, 0) != tensor_get(x, 0) : *bits == b;
            cr_assert(same, "%s %04x came back as %04x", tensor_dtype_name(d), (unsigned)b, *bits);
        }
    }
}

Test(tensor, half_floats_round_to_nearest_even)
{
    const struct { Dtype d; double value, want; } row[] = {
        { F16, 1 + 0x1p-11, 1 },           { F16, 1 + 0x3p-11, 1 + 0x1p-9 },   { F16, 65519, 65504 },
        { F16, 65520, INFINITY },          { F16, -1e9, -INFINITY },           { F16, 0x1p-24, 0x1p-24 },
        { F16, 0x1p-25, 0 },               { F16, 0x1.8p-24, 0x1p-23 },        { F16, 0x1.ffep-15, 0x1p-14 },
        { F16, 2047.5 / 2048, 1 },         { BF16, 1 + 0x1p-8, 1 },            { BF16, 1 + 0x3p-8, 1 + 0x1p-6 },
        { BF16, 3.4e38, INFINITY },        { BF16, -INFINITY, -INFINITY },
    };
    Tensor *x[DTYPE_COUNT];
    for (Dtype d = F16; d <= BF16; d++) x[d] = tensor_new(model, DEV_CPU, d, SHAPE(1));
    for (size_t i = 0; i < sizeof row / sizeof *row; i++) {
        tensor_set(x[row[i].d], 0, row[i].value);
        expect(tensor_dtype_name(row[i].d), (int64_t)i, tensor_get(x[row[i].d], 0), row[i].want, 0);
    }
}

Test(tensor, sizes_that_cannot_be)
{
    cr_assert_null(tensor_try(model, DEV_CPU, F32, SHAPE(INT64_MAX, INT64_MAX)));
    cr_assert_null(tensor_try(model, DEV_CPU, F64, SHAPE(INT64_MAX / 4)));
    cr_assert_null(tensor_try(model, DEV_CPU, F64, SHAPE((int64_t)1 << 40, (int64_t)1 << 10)));
    cr_assert_null(tensor_try(model, DEV_CPU, F64, SHAPE(0, INT64_MAX, INT64_MAX)));
    cr_assert_null(tensor_try(model, DEV_CPU, F32, SHAPE(3, -1)));
    cr_assert_null(tensor_try(model, DEV_CPU, F32, SHAPE(1, 1, 1, 1, 1, 1, 1)));
    cr_assert_not_null(tensor_try(model, DEV_CPU, F32, SHAPE(3, 4)));
}

static void too_many_dimensions(void) { tensor_new(model, DEV_CPU, F32, SHAPE(1, 1, 1, 1, 1, 1, 1)); }
static void negative(void) { tensor_new(model, DEV_CPU, F32, SHAPE(2, -3)); }
static void uncountable(void) { tensor_new(model, DEV_CPU, F32, SHAPE((int64_t)1 << 40, (int64_t)1 << 40)); }

Test(tensor, refusals)
{
    expect_refusal(too_many_dimensions, "tensor: 7 dimensions, at most 6");
    expect_refusal(negative, "tensor: dimension 1 is -3 long");
    expect_refusal(uncountable, "tensor: more elements than can be counted: f32(1099511627776,1099511627776)");
}

Test(tensor, dropped_gradients_give_their_memory_back)
{
    Tensor *x = param(SHAPE(100, 100)), *row = op_slice(tape, x, 0, 1, 2);
    size_t before = arena_in_use(model);
    tape_backward(tape, op_sum(tape, row, 3));
    cr_assert(arena_in_use(model) > before && x->grad);
    tensor_drop_grad(row); /* a view's gradient is its base's */
    cr_assert(arena_in_use(model) == before && !x->grad);
    tensor_drop_grad(x);
}
