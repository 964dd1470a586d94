/* data.c -- the data sets: where they lie, what their columns mean, which rows are unseen. */
#define _DEFAULT_SOURCE /* readlink */
#include "data.h"
#include "check.h"
#include "file.h"
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

typedef struct Set Set;
struct Set {
    const char *name, *file[4];         /* under the repository's folder */
    int         classes;                /* 0: regression */
    double      scale;                  /* of x: 1/16 for pixels up to 16 */
    int         height, width;
    bool        fetched;                /* by make data; the others ship with the repository */
    const char *(*read)(Arena *, const Set *, Dtype, Dataset *);
};

static const char *read_table(Arena *, const Set *, Dtype, Dataset *);
static const char *read_mnist(Arena *, const Set *, Dtype, Dataset *);
static const char *read_california(Arena *, const Set *, Dtype, Dataset *);
static const char *read_plane(Arena *, const Set *, Dtype, Dataset *);
static const char *read_signs(Arena *, const Set *, Dtype, Dataset *);

static const Set SET[] = {
    { .name = "digits", .file = { "common/data/digits.csv.gz" }, .classes = 10, .scale = 1. / 16,
      .height = 8, .width = 8, .read = read_table },
    { .name = "iris", .file = { "common/data/iris.csv" }, .classes = 3, .scale = 1, .read = read_table },
    { .name = "wine", .file = { "common/data/wine.csv" }, .classes = 3, .scale = 1, .read = read_table },
    { .name = "breast_cancer", .file = { "common/data/breast_cancer.csv.gz" }, .classes = 2, .scale = 1,
      .read = read_table },
    { .name = "diabetes", .file = { "common/data/diabetes.csv.gz" }, .scale = 1, .read = read_table },
    { .name = "norris", .file = { "common/data/norris.csv" }, .scale = 1, .read = read_table },
    { .name = "longley", .file = { "common/data/longley.csv" }, .scale = 1, .read = read_table },
    { .name = "filip", .file = { "common/data/filip.csv" }, .scale = 1, .read = read_table },
    { .name = "mnist", .classes = 10, .scale = 1. / 255, .height = 28, .width = 28, .fetched = true, .read = read_mnist,
      .file = { "data/mnist/train-images-idx3-ubyte.gz", "data/mnist/train-labels-idx1-ubyte.gz",
                "data/mnist/t10k-images-idx3-ubyte.gz", "data/mnist/t10k-labels-idx1-ubyte.gz" } },
    { .name = "california", .file = { "data/california-housing/housing.csv.gz" }, .scale = 1, .fetched = true,
      .read = read_california },
    { .name = "chameleon_t4", .classes = 7, .scale = 1, .fetched = true, .read = read_plane,
      .file = { "data/clustering/other/chameleon_t4_8k.data.gz", "data/clustering/other/chameleon_t4_8k.labels0.gz" } },
    { .name = "chameleon_t5", .classes = 7, .scale = 1, .fetched = true, .read = read_plane,
      .file = { "data/clustering/other/chameleon_t5_8k.data.gz", "data/clustering/other/chameleon_t5_8k.labels0.gz" } },
    { .name = "chameleon_t7", .classes = 10, .scale = 1, .fetched = true, .read = read_plane,
      .file = { "data/clustering/other/chameleon_t7_10k.data.gz",
                "data/clustering/other/chameleon_t7_10k.labels0.gz" } },
    { .name = "a9a", .file = { "data/libsvm/a9a.gz", "data/libsvm/a9a.t.gz" }, .classes = 2, .scale = 1,
      .fetched = true, .read = read_signs },
    { .name = "heart_scale", .file = { "data/libsvm/heart_scale" }, .classes = 2, .scale = 1, .fetched = true,
      .read = read_signs },
};
enum { SETS = sizeof SET / sizeof *SET };

/* ---- Where ---- */

/* Shortens path, a folder or a file in one, until it holds common/data. */
static bool climb(char *path)
{
    for (;;) {
        char probe[PATH_MAX + 16], *slash = strrchr(path, '/');
        struct stat s;
        snprintf(probe, sizeof probe, "%s/common/data", path);
        if (!stat(probe, &s) && S_ISDIR(s.st_mode)) return true;
        if (!slash || slash == path) return false;
        *slash = 0;
    }
}

static char root[PATH_MAX];

/* A program in build/ finds the repository it was built in, wherever it is started from. */
const char *data_root(void)
{
    if (*root) return root;
    ssize_t n = readlink("/proc/self/exe", root, sizeof root - 1);
    root[n < 0 ? 0 : n] = 0;
    if (climb(root)) return root;
    if (getcwd(root, sizeof root) && climb(root)) return root;
    return strcpy(root, ".");
}

static void path_of(char path[static PATH_MAX], const char *file)
{
    snprintf(path, PATH_MAX, "%s/%s", data_root(), file);
}

static const Set *find(const char *name)
{
    for (int i = 0; i < SETS; i++)
        if (!strcmp(SET[i].name, name)) return &SET[i];
    return NULL;
}

static bool here(const Set *s)
{
    for (int i = 0; i < 4 && s->file[i]; i++) {
        char path[PATH_MAX];
        path_of(path, s->file[i]);
        if (access(path, R_OK)) return false;
    }
    return true;
}

static const struct { const char *name, *file; } TEXTS[] = {
    { "lessons", "common/data/lessons.txt.gz" },
    { "tinyshakespeare", "data/tinyshakespeare/input.txt" },
};

/* The path of a text, or NULL: no text has this name. */
static const char *text_of(char path[static PATH_MAX], const char *name)
{
    for (size_t i = 0; i < sizeof TEXTS / sizeof TEXTS[0]; i++)
        if (!strcmp(TEXTS[i].name, name)) return path_of(path, TEXTS[i].file), path;
    return NULL;
}

bool data_here(const char *name)
{
    char path[PATH_MAX];
    const Set *s = find(name);
    return s ? here(s) : text_of(path, name) && access(path, R_OK) == 0;
}

const char *data_text(Arena *a, const char *name, Tensor **out)
{
    char path[PATH_MAX];
    if (!text_of(path, name)) return sentence("no text is called %s; there are: lessons, tinyshakespeare", name);
    if (!data_here(name)) return sentence("%s is not here: run make data (or make data MIRROR=folder)", name);
    return text_read(a, path, TEXT_UTF8, out);
}

/* ---- Tables ---- */

/* Row r of the file, i % 5 == 4 unseen: those go to the end, each part in the file's order. */
static int64_t train_rows(int64_t rows) { return rows - rows / 5; }
static int64_t row_to(int64_t r, int64_t train) { return r % 5 == 4 ? train + r / 5 : r - r / 5; }

static void put(Tensor *t, int64_t i, double value)
{
    if (t->dtype == F64) ((double *)t->data)[i] = value;
    else if (t->dtype == F32) ((float *)t->data)[i] = (float)value;
    else ((int32_t *)t->data)[i] = (int32_t)value;
}

/* Asks for everything a set of (N,D) needs before anything is written to it. */
static const char *make(Arena *a, const Set *s, Dtype dtype, int64_t N, int64_t D, bool named, Dataset *out)
{
    snprintf(out->name, sizeof out->name, "%s", s->name);
    out->classes = s->classes;
    out->height = s->height;
    out->width = s->width;
    out->x = tensor_try(a, DEV_CPU, dtype, SHAPE(N, D));
    out->y = tensor_try(a, DEV_CPU, s->classes ? I32 : dtype, SHAPE(N));
    if (named) out->feature = arena_try(a, DEV_CPU, (size_t)D * sizeof *out->feature, "tables");
    if (out->x && out->y && (out->feature || !named)) return NULL;
    return sentence("%s: no memory for %lld rows of %lld numbers", s->name, (long long)N, (long long)D);
}

/* A changed file must not become an index out of range in somebody's loss. */
static const char *check_target(const char *path, const Set *s, const Column *c, int64_t rows)
{
    if (!c->number) return sentence("%s: column %s is text, numbers expected", path, c->name);
    const double *y = c->number->data;
    for (int64_t r = 0; r < rows; r++) {
        bool fine = s->classes ? y[r] >= 0 && y[r] < s->classes && y[r] == (int)y[r] : y[r] - y[r] == 0;
        if (!fine && s->classes)
            return sentence("%s: row %lld: %s is %g, not a class from 0 to %d", path, (long long)r + 1, c->name, y[r],
                            s->classes - 1);
        if (!fine) return sentence("%s: row %lld: %s is %g", path, (long long)r + 1, c->name, y[r]);
    }
    return NULL;
}

static const char *check_inputs(const char *path, const Column *c, int64_t rows)
{
    if (!c->number) return sentence("%s: column %s is text, numbers expected", path, c->name);
    const double *x = c->number->data;
    for (int64_t r = 0; r < rows; r++)
        if (x[r] - x[r] != 0) return sentence("%s: row %lld: %s is missing", path, (long long)r + 1, c->name);
    return NULL;
}

static void copy_column(Tensor *to, int64_t at, int64_t step, const Tensor *number, double scale, int64_t train)
{
    const double *x = number->data;
    for (int64_t r = 0; r < number->shape[0]; r++) put(to, row_to(r, train) * step + at, scale * x[r]);
}

/* The last column is the target. */
static const char *read_table(Arena *a, const Set *s, Dtype dtype, Dataset *out)
{
    Arena *own = arena_new("data_load");
    char path[PATH_MAX];
    Table t;
    path_of(path, s->file[0]);
    const char *wrong = csv_read(own, path, (CsvArg){ 0 }, &t);
    int D = t.columns - 1;
    for (int k = 0; !wrong && k < D; k++) wrong = check_inputs(path, &t.column[k], t.rows);
    if (!wrong) wrong = check_target(path, s, &t.column[D], t.rows);
    if (!wrong) wrong = make(a, s, dtype, t.rows, D, true, out);
    if (!wrong) {
        out->train = train_rows(t.rows);
        for (int k = 0; k < D; k++) {
            snprintf(out->feature[k], sizeof *out->feature, "%.31s", t.column[k].name);
            copy_column(out->x, k, D, t.column[k].number, s->scale, out->train);
        }
        copy_column(out->y, 0, 1, t.column[D].number, 1, out->train);
    }
    arena_free(own);
    return wrong;
}

/* ---- California housing ---- */

static int by_value(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

/* Of the rows to learn from only: the unseen ones may not help. NaN where all are missing. buffer has room for all. */
static double train_median(const double *x, int64_t rows, double *buffer)
{
    int64_t n = 0;
    for (int64_t r = 0; r < rows; r++)
        if (r % 5 != 4 && x[r] == x[r]) buffer[n++] = x[r];
    qsort(buffer, (size_t)n, sizeof *buffer, by_value);
    return n ? (buffer[(n - 1) / 2] + buffer[n / 2]) / 2 : __builtin_nan("");
}

static const char *const CALIFORNIA[] = { "longitude", "latitude", "housing_median_age", "total_rooms",
                                          "total_bedrooms", "population", "households", "median_income",
                                          "median_house_value", "ocean_proximity" };
enum { NUMBERS = 8, VALUE = 8, OCEAN = 9, OCEANS = 5, BEDROOMS = 4 };

static const char *check_california(const char *path, const Set *s, const Table *t)
{
    if (t->columns != OCEAN + 1) return sentence("%s: %d columns, %d expected", path, t->columns, OCEAN + 1);
    for (int k = 0; k <= OCEAN; k++) {
        const Column *c = &t->column[k];
        if (strcmp(c->name, CALIFORNIA[k]))
            return sentence("%s: column %d is %s, %s expected", path, k + 1, c->name, CALIFORNIA[k]);
        const char *wrong = k < NUMBERS && k != BEDROOMS ? check_inputs(path, c, t->rows) : NULL;
        if (wrong) return wrong;
    }
    const Column *ocean = &t->column[OCEAN];
    if (!ocean->code || ocean->values != OCEANS) return sentence("%s: ocean_proximity has not %d values", path, OCEANS);
    if (!t->column[BEDROOMS].number) return sentence("%s: total_bedrooms is text, numbers expected", path);
    return check_target(path, s, &t->column[VALUE], t->rows);
}

static void fill_california(const Table *t, Dataset *out)
{
    enum { D = NUMBERS + OCEANS };
    const Column *ocean = &t->column[OCEAN];
    for (int k = 0; k < NUMBERS; k++) {
        snprintf(out->feature[k], sizeof *out->feature, "%s", CALIFORNIA[k]);
        copy_column(out->x, k, D, t->column[k].number, 1, out->train);
    }
    for (int k = 0; k < OCEANS; k++) {
        snprintf(out->feature[NUMBERS + k], sizeof *out->feature, "ocean=%.20s", ocean->value[k]);
        for (int64_t r = 0; r < t->rows; r++)
            put(out->x, row_to(r, out->train) * D + NUMBERS + k, ((int32_t *)ocean->code->data)[r] == k);
    }
    copy_column(out->y, 0, 1, t->column[VALUE].number, 1, out->train);
}

static const char *read_california(Arena *a, const Set *s, Dtype dtype, Dataset *out)
{
    Arena *own = arena_new("data_load");
    char path[PATH_MAX];
    Table t;
    path_of(path, s->file[0]);
    const char *wrong = csv_read(own, path, (CsvArg){ 0 }, &t);
    if (!wrong) wrong = check_california(path, s, &t);
    if (!wrong) wrong = make(a, s, dtype, t.rows, NUMBERS + OCEANS, true, out);
    if (!wrong) {
        double *bedrooms = t.column[BEDROOMS].number->data;
        double *buffer = arena_alloc(own, DEV_CPU, (size_t)t.rows * sizeof *buffer, "median");
        double median = train_median(bedrooms, t.rows, buffer);
        for (int64_t r = 0; r < t.rows; r++)
            if (bedrooms[r] != bedrooms[r]) bedrooms[r] = median;
        out->train = train_rows(t.rows);
        fill_california(&t, out);
    }
    arena_free(own);
    return wrong;
}

/* ---- Points of the plane: a file of x and y, one of labels. All are there to be looked at: none is unseen. ---- */

static const char *read_plane(Arena *a, const Set *s, Dtype dtype, Dataset *out)
{
    Arena *own = arena_new("data_load");
    char path[2][PATH_MAX];
    Table t[2];
    const char *wrong = NULL;
    for (int i = 0; !wrong && i < 2; i++) {
        path_of(path[i], s->file[i]);
        wrong = csv_read(own, path[i], (CsvArg){ .separator = ' ', .no_header = true }, &t[i]);
        if (!wrong && t[i].columns != 2 - i)
            wrong = sentence("%s: %d columns, %d expected", path[i], t[i].columns, 2 - i);
    }
    for (int k = 0; !wrong && k < 2; k++) wrong = check_inputs(path[0], &t[0].column[k], t[0].rows);
    if (!wrong && t[1].rows != t[0].rows)
        wrong = sentence("%s: %lld labels for %lld points", path[1], (long long)t[1].rows, (long long)t[0].rows);
    if (!wrong) wrong = check_target(path[1], s, &t[1].column[0], t[1].rows);
    if (!wrong) wrong = make(a, s, dtype, t[0].rows, 2, false, out);
    for (int64_t r = 0; !wrong && r < t[0].rows; r++) {
        for (int k = 0; k < 2; k++) put(out->x, 2 * r + k, ((double *)t[0].column[k].number->data)[r]);
        put(out->y, r, ((double *)t[1].column[0].number->data)[r]);
    }
    out->train = wrong ? 0 : t[0].rows;
    arena_free(own);
    return wrong;
}

/* ---- LIBSVM's files: labels -1 and 1 become classes 0 and 1. A second file holds the unseen rows. ---- */

static const char *check_signs(const char *path, const Libsvm *m)
{
    const double *y = m->y->data;
    for (int64_t r = 0; r < m->rows; r++)
        if (y[r] != 1 && y[r] != -1)
            return sentence("%s: row %lld: label %g, not -1 or 1", path, (long long)r + 1, y[r]);
    return NULL;
}

static const char *read_signs(Arena *a, const Set *s, Dtype dtype, Dataset *out)
{
    Arena *own = arena_new("data_load");
    char path[PATH_MAX];
    Libsvm m[2] = { 0 };
    Tensor *x[2];
    const char *wrong = NULL;
    int files = s->file[1] ? 2 : 1;
    for (int i = 0; !wrong && i < files; i++) {
        path_of(path, s->file[i]);
        wrong = libsvm_read(own, path, (LibsvmArg){ .dtype = F64, .columns = m[0].columns }, &m[i]);
        if (!wrong) wrong = check_signs(path, &m[i]);
        if (!wrong) wrong = libsvm_dense(own, &m[i], &x[i]);
    }
    if (!wrong) wrong = make(a, s, dtype, m[0].rows + m[1].rows, m[0].columns, false, out);
    if (!wrong) out->train = files == 2 ? m[0].rows : train_rows(m[0].rows);
    for (int i = 0; !wrong && i < files; i++)
        for (int64_t r = 0, D = m[0].columns; r < m[i].rows; r++) {
            int64_t to = files == 1 ? row_to(r, out->train) : i * m[0].rows + r;
            for (int64_t d = 0; d < D; d++) put(out->x, to * D + d, s->scale * ((double *)x[i]->data)[r * D + d]);
            put(out->y, to, ((double *)m[i].y->data)[r] > 0);
        }
    arena_free(own);
    return wrong;
}

/* ---- MNIST ---- */

static const char *check_pair(const char *path, const Tensor *image, const Tensor *label)
{
    if (image->dtype != U8 || image->ndim != 3 || image->shape[1] != 28 || image->shape[2] != 28)
        return sentence("%s: %s, u8(N,28,28) expected", path, tensor_text(image).s);
    if (label->dtype != U8 || label->ndim != 1 || label->shape[0] != image->shape[0])
        return sentence("%s: %lld images, but labels are %s", path, (long long)image->shape[0], tensor_text(label).s);
    for (int64_t i = 0; i < label->shape[0]; i++)
        if (((uint8_t *)label->data)[i] > 9)
            return sentence("%s: label %lld is %d", path, (long long)i, ((uint8_t *)label->data)[i]);
    return NULL;
}

static void fill_images(Dataset *out, int64_t from, const Tensor *image, const Tensor *label, double scale)
{
    int64_t D = image->shape[1] * image->shape[2], n = image->shape[0] * D;
    const uint8_t *pixel = image->data;
    float *f = (float *)out->x->data + from * D;
    double *d = (double *)out->x->data + from * D;
    double value[256];
    for (int i = 0; i < 256; i++) value[i] = scale * i;
    if (out->x->dtype == F32)
        for (int64_t i = 0; i < n; i++) f[i] = (float)value[pixel[i]];
    else
        for (int64_t i = 0; i < n; i++) d[i] = value[pixel[i]];
    for (int64_t i = 0; i < label->shape[0]; i++)
        ((int32_t *)out->y->data)[from + i] = ((uint8_t *)label->data)[i];
}

static const char *read_mnist(Arena *a, const Set *s, Dtype dtype, Dataset *out)
{
    Arena *own = arena_new("data_load");
    Tensor *part[4] = { 0 };            /* images and labels to learn from, images and labels unseen */
    char path[PATH_MAX];
    const char *wrong = NULL;
    for (int i = 0; !wrong && i < 4; i++) {
        path_of(path, s->file[i]);
        wrong = idx_read(own, path, &part[i]);
        if (!wrong && i % 2) wrong = check_pair(path, part[i - 1], part[i]);
    }
    if (!wrong) wrong = make(a, s, dtype, part[0]->shape[0] + part[2]->shape[0], 28 * 28, false, out);
    if (!wrong) {
        out->train = part[0]->shape[0];
        fill_images(out, 0, part[0], part[1], s->scale);
        fill_images(out, out->train, part[2], part[3], s->scale);
    }
    arena_free(own);
    return wrong;
}

/* ---- All ---- */

static const char *unknown(const char *name)
{
    char list[256];
    int n = 0;
    for (int i = 0; i < SETS; i++) n += snprintf(list + n, sizeof list - (size_t)n, "%s%s", i ? ", " : "", SET[i].name);
    return sentence("no data set is called %s; there are: %s", name, list);
}

const char *data_load(Arena *a, const char *name, Dtype dtype, Dataset *out)
{
    CHECK(dtype == F32 || dtype == F64, "data_load: %s; only f32 and f64 are made", tensor_dtype_name(dtype));
    const Set *s = find(name);
    *out = (Dataset){ 0 };
    if (!s) return unknown(name);
    if (!here(s) && s->fetched) return sentence("%s is not here: run make data (or make data MIRROR=folder)", s->name);
    const char *wrong = s->read(a, s, dtype, out);
    if (wrong) *out = (Dataset){ 0 };
    else if (s->file[1]) snprintf(out->from, sizeof out->from, "data/%s", s->name);
    else snprintf(out->from, sizeof out->from, "%s%s", s->file[0], s->fetched ? "" : " (embedded)");
    return wrong;
}
