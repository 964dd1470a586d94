/* main.c -- one picture in ten ways without moving a number, a hundred of them on one sheet, and digits recognised. */
#include <stdio.h>
#include <string.h>
#include "check.h"
#include "data.h"
#include "ndarray.h"
#include "program.h"

typedef struct Options { int show; } Options;

static const Flag flags[] = {
    { "show", FLAG_INT, offsetof(Options, show), "6", NULL, NULL, "which picture to turn about" },
    { 0 },
};

#define DIMS(...) (int)(sizeof((int[]){ __VA_ARGS__ }) / sizeof(int)), (int[]){ __VA_ARGS__ }

static float first(float a, float b) { return (void)b, a; }
static float minus(float a, float b) { return a - b; }
static float product(float a, float b) { return a * b; }
static float quotient(float a, float b) { return a / b; }
static double plus(double sum, double x) { return sum + x; }

/* ---- Arrays with memory of their own, and steps that must not fail here ------------------------------------------ */

static Ndarray new_array(Arena *a, int ndim, const int *shape)
{
    int64_t n = 1;
    Ndarray v;
    for (int d = 0; d < ndim; d++) n *= shape[d];
    ndarray_of(&v, arena_alloc(a, DEV_CPU, (size_t)(n ? n : 1) * sizeof(float), "array"), ndim, shape);
    return v;
}

static Ndarray copy(Arena *a, const Ndarray *x)
{
    Ndarray y = new_array(a, x->ndim, x->shape);
    ndarray_apply(&y, x, x, first);
    return y;
}

static Ndarray slice(Ndarray a, int axis, int start, int stop, int step)
{
    CHECK(ndarray_slice(&a, &a, axis, start, stop, step), "a slice is refused");
    return a;
}

static Ndarray transpose(Ndarray a, const int *axes)
{
    CHECK(ndarray_transpose(&a, &a, axes), "a transpose is refused");
    return a;
}

/* A view, or, where that cannot be, a copy; *copies counts those. */
static Ndarray reshape(Arena *arena, Ndarray a, int *copies, int ndim, const int *shape)
{
    Ndarray v;
    if (ndarray_reshape(&v, &a, ndim, shape)) return v;
    ++*copies;
    a = copy(arena, &a);
    CHECK(ndarray_reshape(&v, &a, ndim, shape), "a copy is refused another shape");
    return v;
}

/* f of a and b, broadcast. */
static Ndarray both(Arena *arena, const Ndarray *a, const Ndarray *b, NdarrayBinary *f)
{
    Ndarray v, w;
    CHECK(ndarray_broadcast(&v, &w, a, b), "two shapes that should fit do not");
    Ndarray y = new_array(arena, v.ndim, v.shape);
    ndarray_apply(&y, &v, &w, f);
    return y;
}

static Ndarray sum(Arena *arena, const Ndarray *a, int axis)
{
    int shape[NDARRAY_DIMS];
    for (int d = 0; d < a->ndim; d++)
        if (d != axis) shape[d - (d > axis)] = a->shape[d];
    Ndarray y = new_array(arena, a->ndim - 1, shape);
    ndarray_reduce(&y, a, axis, plus, 0);
    return y;
}

static Ndarray matmul(Arena *arena, const Ndarray *A, const Ndarray *B)
{
    Ndarray C = new_array(arena, DIMS(A->shape[0], B->shape[1]));
    ndarray_matmul(&C, A, B);
    return C;
}

/* ---- One picture in ten ways ------------------------------------------------------------------------------------- */

static void tell(const char *what, const Ndarray *v, const float *of, bool copied)
{
    char shape[64] = "(", stride[64] = "(";
    for (int d = 0; d < v->ndim; d++) {
        snprintf(shape + strlen(shape), sizeof shape - strlen(shape), "%s%d", d ? "," : "", v->shape[d]);
        snprintf(stride + strlen(stride), sizeof stride - strlen(stride), "%s%d", d ? "," : "", v->stride[d]);
    }
    printf("  %-35s%9s)   strides %9s)   ", what, shape, stride);
    if (copied) printf("copied\n");
    else printf("begins at %d\n", (int)(v->data - of));
}

/* All H x W windows of a matrix: every pixel is in many of them, and stored once. */
static Ndarray windows(Ndarray a, int H, int W)
{
    return (Ndarray){ .data = a.data, .ndim = 4, .shape = { a.shape[0] - H + 1, a.shape[1] - W + 1, H, W },
                      .stride = { a.stride[0], a.stride[1], a.stride[0], a.stride[1] } };
}

static Ndarray blurred(Arena *arena, Ndarray a)
{
    Ndarray w = windows(a, 3, 3), rows = sum(arena, &w, 3), all = sum(arena, &rows, 2);
    float   nine = 9;
    Ndarray divisor;
    ndarray_of(&divisor, &nine, 0, NULL);
    return both(arena, &all, &divisor, quotient);
}

/* Returns how many of the ten had to be copied. */
static int ten_ways(Program *program, Arena *arena, Ndarray a)
{
    enum { WAYS = 10, ROWS = 2 };
    const int turn[] = { 1, 0 };
    int       copies = 0, before, H = a.shape[0], W = a.shape[1];
    Ndarray   t = transpose(a, turn), three, other, way[WAYS] = {
        slice(a, 0, NDARRAY_OPEN, NDARRAY_OPEN, -1),
        slice(a, 1, NDARRAY_OPEN, NDARRAY_OPEN, -1),
        t,
        slice(t, 1, NDARRAY_OPEN, NDARRAY_OPEN, -1),
        slice(slice(a, 0, 2, -2, 1), 1, 2, -2, 1),
        slice(slice(a, 0, NDARRAY_OPEN, NDARRAY_OPEN, 2), 1, NDARRAY_OPEN, NDARRAY_OPEN, 2),
        windows(a, 3, 3),
    };
    static const char *const NAME[WAYS] = { "upside down: [::-1]", "mirrored: [:, ::-1]", "transposed: .T",
        "a quarter turn: .T[:, ::-1]", "cropped: [2:-2, 2:-2]", "thinned out: [::2, ::2]", "all 3 x 3 windows",
        "as one row: reshape", "transposed, as one row", "three side by side, as one picture" };
    printf("a picture of %d x %d, in ten ways\n", H, W);
    for (int i = 0; i < WAYS; i++) {
        before = copies;
        if (i == 7) way[i] = reshape(arena, a, &copies, DIMS(H * W));
        if (i == 8) way[i] = reshape(arena, t, &copies, DIMS(H * W));
        if (i == 9) {                                   /* (8,1,8) beside (3,1): the middle axis is repeated */
            Ndarray one = new_array(arena, DIMS(3, 1));
            three = reshape(arena, a, &copies, DIMS(H, 1, W));
            CHECK(ndarray_broadcast(&three, &other, &three, &one), "no three");
            way[i] = reshape(arena, three, &copies, DIMS(H, 3 * W));
        }
        tell(NAME[i], &way[i], a.data, copies > before);
    }
    printf("%d of 10 had to be copied; the windows show %d numbers, %d are stored\n\n", copies,
           (H - 2) * (W - 2) * 9, H * W);

    Ndarray shown[] = { a, way[0], way[1], way[2], way[3], way[4], way[5], blurred(arena, a) };
    Plot   *plot = program_plot(program, "views",
                                (PlotArg){ .title = "one picture, seven ways to read it, and a blur",
                                           .kind = PLOT_IMAGE, .grey = true, .x = "column", .y = "row",
                                           .caption = "As it is, upside down, mirrored, transposed; turned, cropped, "
                                                      "thinned out: the same 64 numbers. Blurred: means of windows." });
    for (int row = 0; row < ROWS * (H + 1) - 1; row++)
        for (int column = 0; column < 4 * (W + 1) - 1; column++) {
            const Ndarray *v = &shown[row / (H + 1) * 4 + column / (W + 1)];
            int            i = row % (H + 1), j = column % (W + 1);
            if (i < v->shape[0] && j < v->shape[1])
                plot_cell(plot, row, column, v->data[i * v->stride[0] + j * v->stride[1]]);
        }
    program_try(program, plot_done(plot));
    return copies;
}

/* ---- A hundred pictures on one sheet ----------------------------------------------------------------------------- */

/* (100,H,W) to (10,10,H,W) to (10,H,10,W), all views; as (10 H, 10 W) it must be copied, once. */
static const char *sheet(Program *program, Arena *arena, Ndarray pictures, int H, int W)
{
    const int order[] = { 0, 2, 1, 3 };
    int       copies = 0;
    Ndarray   s = slice(pictures, 0, 0, 100, 1);
    s = transpose(reshape(arena, s, &copies, DIMS(10, 10, H, W)), order);
    s = reshape(arena, s, &copies, DIMS(10 * H, 10 * W));
    Tensor *image = tensor_new(arena, DEV_CPU, U8, SHAPE(10 * H, 10 * W, 1));
    for (int i = 0; i < 100 * H * W; i++) tensor_set(image, i, s.data[i] * 255);
    const char *path = sentence("%s/sheet.png", program->out);
    printf("a hundred pictures on one sheet of %d x %d: %s, %d cop%s\n\n", 10 * H, 10 * W, path, copies,
           copies == 1 ? "y" : "ies");
    return image_write(path, image);
}

/* ---- The nearest mean -------------------------------------------------------------------------------------------- */

/* One row a class, 1 where the picture is of it: sums are then a matrix product. */
static Ndarray one_hot(Arena *arena, const Dataset *d, int N)
{
    Ndarray y = new_array(arena, DIMS(d->classes, N));
    memset(y.data, 0, (size_t)d->classes * (size_t)N * sizeof(float));
    for (int i = 0; i < N; i++) y.data[((int32_t *)d->y->data)[i] * y.stride[0] + i] = 1;
    return y;
}

/* |x - m|^2 = |x|^2 - 2 x m + |m|^2, and |x|^2 is the same for every m. Returns how many are right. */
static int nearest_means(Arena *arena, const Dataset *d, Ndarray x)
{
    const int turn[] = { 1, 0 };
    int       N = (int)d->train, unseen = x.shape[0] - N, right = 0;
    Ndarray   seen = slice(x, 0, 0, N, 1), new = slice(x, 0, N, NDARRAY_OPEN, 1);
    Ndarray   member = one_hot(arena, d, N), total = matmul(arena, &member, &seen), many = sum(arena, &member, 1);
    int       copies = 0;
    Ndarray   column = reshape(arena, many, &copies, DIMS(d->classes, 1));
    Ndarray   mean = both(arena, &total, &column, quotient), square = both(arena, &mean, &mean, product);
    Ndarray   size = sum(arena, &square, 1), mt = transpose(mean, turn), xm = matmul(arena, &new, &mt);
    float     two = 2;
    Ndarray   doubled;
    ndarray_of(&doubled, &two, 0, NULL);
    Ndarray twice = both(arena, &xm, &doubled, product), distance = both(arena, &size, &twice, minus);
    for (int i = 0; i < unseen; i++) {
        const float *row = distance.data + i * distance.stride[0];
        int          best = 0;
        for (int k = 1; k < d->classes; k++)
            if (row[k] < row[best]) best = k;
        right += best == ((int32_t *)d->y->data)[N + i];
    }
    printf("%s\n%d pictures make a mean of each digit; the nearest mean is right for %d of %d unseen ones\n\n",
           d->from, N, right, unseen);
    return right;
}

static int recognise(Program *program, Arena *arena, const char *name, Dataset *d)
{
    Ndarray x;
    program_try(program, data_load(arena, name, F32, d));
    ndarray_of(&x, d->x->data, DIMS((int)d->x->shape[0], (int)d->x->shape[1]));
    return nearest_means(arena, d, x);
}

int main(int argc, char **argv)
{
    Options  o;
    Dataset  digits, mnist;
    Ndarray  pictures, one;
    Program *program = program_start(argc, argv, "ndarray", "pictures turned, cut and blurred by strides", flags, &o);
    Arena   *arena = arena_new("ndarray");
    int      right = recognise(program, arena, "digits", &digits), H = digits.height, W = digits.width;
    ndarray_of(&pictures, digits.x->data, DIMS((int)digits.x->shape[0], H, W));
    if (o.show < 0 || o.show >= pictures.shape[0])
        program_try(program, sentence("--show=%d: there are %d pictures, counted from 0", o.show, pictures.shape[0]));
    one = slice(pictures, 0, o.show, o.show + 1, 1);
    int copies = 0, copied = ten_ways(program, arena, reshape(arena, one, &copies, DIMS(H, W)));
    program_try(program, sheet(program, arena, pictures, H, W));
    program_promise(program, "ways that had to be copied", copied, "<=", 2);
    program_promise(program, "unseen digits recognised of 359", right, ">=", 320);
    if (program->full)
        program_promise(program, "unseen digits of MNIST recognised of 10000",
                        recognise(program, arena, "mnist", &mnist), ">=", 8203);
    arena_free(arena);
    return program_end(program);
}
