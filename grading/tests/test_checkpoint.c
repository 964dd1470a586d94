/* test_checkpoint.c -- what was saved comes back; what was torn or made up changes nothing; a kill leaves it whole. */
#define _GNU_SOURCE /* truncate, usleep */
#include "checkpoint.h"
#include "loader.h"
#include "optim.h"
#include "scratch.h"
#include <criterion/criterion.h>
#include <math.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

TestSuite(checkpoint, .init = scratch_begin, .fini = scratch_end, .timeout = 60);

/* Made by the Python package safetensors 0.8.0 with NumPy 2.4:
 *   save({"w": float32 [[1.5, -2, .25], [3, 4, -.5]], "b": float64 [1e-300], "step": int64 7, "h": float16 [1, -.5],
 *         "q": uint8 [1, 255, 7]}, metadata={"note": "written by Python"}) */
static const char PYTHON[] =
    "@\1\0\0\0\0\0\0{\"__metadata__\":{\"note\":\"written by "
    "Python\"},\"step\":{\"dtype\":\"I64\",\"shape\":[],\"data_off"
    "sets\":[0,8]},\"b\":{\"dtype\":\"F64\",\"shape\":[1],\"data_offsets\":[8,16]},\"w\":{\"dtype\":\"F32\",\"shape\":["
    "2,3],\""
    "data_offsets\":[16,40]},\"h\":{\"dtype\":\"F16\",\"shape\":[2],\"data_offsets\":[40,44]},\"q\":{\"dtype\":\"U8\","
    "\"shape\""
    ":[3],\"data_offsets\":[44,47]}}"
    "\x07\0\0\0\0\0\0\0\x59\xf3\xf8\xc2\x1f\x6e\xa5\x01\0\0\xc0\x3f\0\0\0\xc0\0\0\x80\x3e\0\0\x40"
    "\x40\0\0\x80\x40\0\0\0\xbf\0\x3c\0\xb8\x01\xff\x07";
enum { PYTHON_BYTES = sizeof PYTHON - 1 };

static Tensor *find(const NnParams *p, const char *name)
{
    int i = 0;
    while (i < p->n && strcmp(p->item[i].name, name)) i++;
    cr_assert_lt(i, p->n, "no tensor is called %s", name);
    return p->item[i].tensor;
}

Test(checkpoint, reads_what_python_writes)
{
    Arena *a = arena_new("test");
    NnParams p;
    const char *path = scratch_write("py.safetensors", PYTHON, PYTHON_BYTES);
    cr_assert(scratch_fine(checkpoint_read(a, path, &p)));
    cr_assert_eq(p.n, 5);
    Tensor *w = find(&p, "w"), *b = find(&p, "b"), *step = find(&p, "step"), *h = find(&p, "h"), *q = find(&p, "q");
    cr_assert(w->dtype == F32 && w->ndim == 2 && w->shape[0] == 2 && w->shape[1] == 3);
    static const double W[] = { 1.5, -2, .25, 3, 4, -.5 };
    for (int i = 0; i < 6; i++) cr_assert_eq(tensor_get(w, i), W[i]);
    cr_assert(b->dtype == F64 && tensor_get(b, 0) == 1e-300);
    cr_assert(step->dtype == I64 && step->ndim == 0 && tensor_get(step, 0) == 7);
    cr_assert(h->dtype == F16 && tensor_get(h, 0) == 1 && tensor_get(h, 1) == -.5);
    cr_assert(q->dtype == U8 && tensor_get(q, 1) == 255);

    const char *note;
    NnParams one = nn_params(a);
    Tensor *mine = tensor_new(a, DEV_CPU, F32, SHAPE(2, 3));
    nn_params_add(&one, "w", mine);
    cr_assert(scratch_fine(checkpoint_load(a, path, &one, &note)), "tensors that are not asked for are no fault");
    cr_assert(!memcmp(mine->data, w->data, tensor_bytes(w)));
    cr_assert_str_eq(note, "written by Python");
    arena_free(a);
}

static NnParams some_params(Arena *a, double start)
{
    static const struct { const char *name; Dtype dtype; int ndim; int64_t shape[3]; } MADE[] = {
        { "net.0.weight", F32, 2, { 3, 5 } }, { "net.0.bias", F32, 1, { 3 } }, { "step", I64, 0, { 0 } },
        { "m.\"quoted\" é", F64, 3, { 2, 1, 7 } }, { "mask", U8, 1, { 3 } }, { "none", F32, 2, { 0, 4 } },
        { "half", BF16, 1, { 2 } }, { "i", I32, 1, { 1 } },
    };
    NnParams p = nn_params(a);
    for (size_t i = 0; i < sizeof MADE / sizeof *MADE; i++) {
        Tensor *t = tensor_new(a, DEV_CPU, MADE[i].dtype, MADE[i].ndim, MADE[i].shape);
        for (int64_t k = 0; k < tensor_count(t); k++) tensor_set(t, k, start + (double)k);
        nn_params_add(&p, MADE[i].name, t);
    }
    return p;
}

static bool all_equal(const NnParams *a, const NnParams *b)
{
    bool equal = a->n == b->n;
    for (int i = 0; equal && i < a->n; i++)
        equal = !memcmp(a->item[i].tensor->data, find(b, a->item[i].name)->data, tensor_bytes(a->item[i].tensor));
    return equal;
}

Test(checkpoint, what_was_saved_comes_back)
{
    Arena *a = arena_new("test");
    NnParams saved = some_params(a, 1), loaded = some_params(a, 50), read;
    const char *note;
    cr_assert(scratch_fine(checkpoint_save(scratch("a"), &saved, "{\"epoch\": 3}")));
    cr_assert(scratch_fine(checkpoint_load(a, scratch("a"), &loaded, &note)));
    cr_assert_str_eq(note, "{\"epoch\": 3}");
    cr_assert(all_equal(&saved, &loaded));
    cr_assert(scratch_fine(checkpoint_read(a, scratch("a"), &read)));
    cr_assert(all_equal(&saved, &read));
    cr_assert(scratch_fine(checkpoint_save(scratch("a"), &saved, NULL)), "over the old one");
    cr_assert(scratch_fine(checkpoint_load(a, scratch("a"), &loaded, &note)));
    cr_assert_null(note);
    char text[16];
    scratch_read("a", text, sizeof text);
    cr_assert_eq(text[0] % 8, 0, "the values do not begin at a multiple of 8");
    NnParams empty = nn_params(a);
    cr_assert(scratch_fine(checkpoint_save(scratch("b"), &empty, NULL)));
    cr_assert(scratch_fine(checkpoint_read(a, scratch("b"), &read)));
    cr_assert_eq(read.n, 0);
    arena_free(a);
}

/* Loading the file must fail with `what` and change neither tensors nor arena. */
static void refuse(const char *path, const char *what)
{
    Arena *a = arena_new("test");
    NnParams mine = some_params(a, 50), same = some_params(a, 50), read;
    size_t before = arena_in_use(a);
    const char *note = NULL, *wrong = checkpoint_load(a, path, &mine, &note);
    cr_assert(scratch_has(wrong, what));
    cr_assert(scratch_has(wrong, path));
    cr_assert(all_equal(&mine, &same), "a tensor was changed");
    wrong = checkpoint_read(a, path, &read);
    cr_assert(scratch_has(wrong, what));
    cr_assert_eq(read.n, 0);
    cr_assert_eq(arena_in_use(a), before, "%zu bytes were left in the arena", arena_in_use(a) - before);
    arena_free(a);
}

/* header, then n bytes of values */
static const char *made_up(const char *header, size_t n)
{
    char b[4096] = { 0 };
    size_t length = strlen(header);
    for (int i = 0; i < 8; i++) b[i] = (char)(length >> 8 * i);
    memcpy(b + 8, header, length);
    return scratch_write("made-up", b, 8 + length + n);
}

Test(checkpoint, made_up_headers)
{
    static const struct { const char *header; size_t n; const char *what;
    } CASE[] = {
        { "", 0, "does not begin with {" },
        { "[]", 0, "does not begin with {" },
        { " {}", 0, "does not begin with {" },
        { "{", 0, "not JSON" },
        { "{}x", 0, "not JSON" },
        { "{}", 1, "1 bytes belong to no tensor" },
        { "{\"a\":1}", 0, "dtype (missing)" },
        { "{\"a\":{\"dtype\":\"F33\",\"shape\":[1],\"data_offsets\":[0,4]}}", 4, "dtype F33" },
        { "{\"a\":{\"dtype\":\"F32\",\"data_offsets\":[0,4]}}", 4, "no shape" },
        { "{\"a\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[0]}}", 4, "not two counts" },
        { "{\"a\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[-4,0]}}", 4, "not two counts" },
        { "{\"a\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[4,0]}}", 4, "data_offsets 4 to 0" },
        { "{\"a\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[0,8]}}", 4, "but there are 4 bytes" },
        { "{\"a\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[0,4]}}", 4, "its shape needs 8 bytes" },
        { "{\"a\":{\"dtype\":\"F32\",\"shape\":[-1],\"data_offsets\":[0,4]}}", 4, "no count" },
        { "{\"a\":{\"dtype\":\"F32\",\"shape\":[1.0],\"data_offsets\":[0,4]}}", 4, "no count" },
        { "{\"a\":{\"dtype\":\"F32\",\"shape\":[9223372036854775807],\"data_offsets\":[0,4]}}", 4,
          "more bytes than can be counted" },
        { "{\"a\":{\"dtype\":\"F32\",\"shape\":[4294967296,4294967296],\"data_offsets\":[0,0]}}", 0,
          "more bytes than can be counted" },
        { "{\"a\":{\"dtype\":\"F32\",\"shape\":[0,4611686018427387904],\"data_offsets\":[0,0]}}", 0,
          "more bytes than can be counted" },
        { "{\"a\":{\"dtype\":\"F32\",\"shape\":[9223372036854775808],\"data_offsets\":[0,4]}}", 4, "not JSON" },
        { "{\"a\":{\"dtype\":\"F32\",\"shape\":[1,1,1,1,1,1,1],\"data_offsets\":[0,4]}}", 4, "7 dimensions" },
        { "{\"a\":{\"dtype\":\"U8\",\"shape\":[4],\"data_offsets\":[1,5]}}", 5, "a hole" },
        { "{\"a\":{\"dtype\":\"U8\",\"shape\":[4],\"data_offsets\":[0,4]},"
          "\"b\":{\"dtype\":\"U8\",\"shape\":[4],\"data_offsets\":[3,7]}}",
          7, "an overlap" },
        { "{\"a\":{\"dtype\":\"U8\",\"shape\":[4],\"data_offsets\":[0,4]},"
          "\"b\":{\"dtype\":\"U8\",\"shape\":[4],\"data_offsets\":[0,4]}}",
          4, "an overlap" },
        { "{\"a\":{\"dtype\":\"U8\",\"shape\":[4],\"data_offsets\":[0,4]},"
          "\"a\":{\"dtype\":\"U8\",\"shape\":[4],\"data_offsets\":[4,8]}}",
          8, "not JSON" },
        { "{\"a\":{\"dtype\":\"U8\",\"shape\":[4],\"data_offsets\":[0,4]}}", 6, "2 bytes belong to no tensor" },
    };
    for (size_t i = 0; i < sizeof CASE / sizeof *CASE; i++) refuse(made_up(CASE[i].header, CASE[i].n), CASE[i].what);
}

Test(checkpoint, deep_json)
{
    static char header[100001];
    memcpy(header, "{\"a\":", 5);
    memset(header + 5, '[', sizeof header - 6);
    uint8_t length[8] = { 0xa0, 0x86, 1 };
    FILE *f = fopen(scratch("deep"), "wb");
    fwrite(length, 1, 8, f);
    fwrite(header, 1, 100000, f);
    fclose(f);
    refuse(scratch("deep"), "not JSON");
}

Test(checkpoint, lengths_that_are_not_there)
{
    refuse(scratch_write("x", "", 0), "byte 0: ends within the header's length");
    refuse(scratch_write("x", "\1\0\0\0\0\0\0", 7), "byte 7");
    refuse(scratch_write("x", "\x09\0\0\0\0\0\0\0{}", 10), "byte 10: ends within its header of 9 bytes");
    refuse(scratch_write("x", "\xff\xff\xff\xff\xff\xff\xff\xff{}", 10), "a header of 18446744073709551615 bytes");
    refuse(scratch_write("x", "\0\0\0\0\0\0\0\x80{}", 10), "a header of 9223372036854775808 bytes");
    refuse(scratch_write("x", "\x01\xe1\xf5\x05\0\0\0\0{}", 10), "at most 100000000");
    refuse(scratch(""), "a folder");
    refuse(scratch("none"), "No such file");
    cr_assert_eq(mkfifo(scratch("pipe"), 0600), 0);
    refuse(scratch("pipe"), "a pipe");
    scratch_gzip("packed", PYTHON, PYTHON_BYTES);
    refuse(scratch("packed"), "packed: byte ");
}

Test(checkpoint, cut_at_every_byte_and_longer)
{
    char all[2048];
    Arena *a = arena_new("test");
    NnParams p = some_params(a, 1);
    cr_assert(scratch_fine(checkpoint_save(scratch("a"), &p, "note")));
    size_t n = scratch_read("a", all, sizeof all);
    for (size_t k = 0; k < n; k++) refuse(scratch_write("cut", all, k), "");
    refuse(scratch_write("longer", all, n + 1), "1 bytes belong to no tensor");
    arena_free(a);
}

/* Every bit: a sentence with everything as it was, or a load (a value, a name's letter). Never a crash. */
Test(checkpoint, every_bit_flipped)
{
    Arena *a = arena_new("test");
    for (size_t bit = 0; bit < 8 * PYTHON_BYTES; bit++) {
        char b[PYTHON_BYTES];
        NnParams p;
        memcpy(b, PYTHON, PYTHON_BYTES);
        b[bit / 8] ^= (char)(1 << bit % 8);
        size_t before = arena_in_use(a);
        if (checkpoint_read(a, scratch_write("x", b, sizeof b), &p))
            cr_assert_eq(arena_in_use(a), before, "bit %zu", bit);
        else
            cr_assert_geq(p.n, 4, "bit %zu: %d tensors", bit, p.n); /* one may have become __metadata__'s neighbour */
        arena_reset(a);
    }
    arena_free(a);
}

Test(checkpoint, tensors_that_do_not_fit)
{
    Arena *a = arena_new("test");
    NnParams p = nn_params(a);
    Tensor *w = tensor_new(a, DEV_CPU, F32, SHAPE(3, 2));
    const char *path = scratch_write("py", PYTHON, PYTHON_BYTES);
    nn_params_add(&p, "w", w);
    cr_assert(scratch_has(checkpoint_load(a, path, &p, NULL), "w is f32(2,3), f32(3,2) expected"));
    p = nn_params(a);
    nn_params_add(&p, "w", tensor_new(a, DEV_CPU, F64, SHAPE(2, 3)));
    cr_assert(scratch_has(checkpoint_load(a, path, &p, NULL), "w is f32(2,3), f64(2,3) expected"));
    p = nn_params(a);
    nn_params_add(&p, "v", w);
    cr_assert(scratch_has(checkpoint_load(a, path, &p, NULL), "no tensor is called v"));
    arena_free(a);
}

Test(checkpoint, saving_where_it_cannot_be)
{
    Arena *a = arena_new("test");
    NnParams p = some_params(a, 1);
    cr_assert(scratch_has(checkpoint_save(scratch("no/where"), &p, NULL), "No such file"));
    cr_assert(scratch_has(checkpoint_save(scratch(""), &p, NULL), "a folder"));
    cr_assert(scratch_has(checkpoint_save("/dev/null", &p, NULL), "not a file"));
    cr_assert(scratch_has(checkpoint_save(scratch("x"), &p, "\xff"), "UTF-8"));
    cr_assert_neq(access(scratch("x"), F_OK), 0);
    arena_free(a);
}

/* A link stays a link; what it points at is replaced. */
Test(checkpoint, saving_through_a_link)
{
    Arena *a = arena_new("test");
    NnParams p = some_params(a, 1);
    struct stat s;
    cr_assert(scratch_fine(checkpoint_save(scratch("real"), &p, NULL)));
    cr_assert_eq(symlink(scratch("real"), scratch("link")), 0);
    cr_assert(scratch_fine(checkpoint_save(scratch("link"), &p, "new")));
    cr_assert(!lstat(scratch("link"), &s) && S_ISLNK(s.st_mode));
    const char *note;
    cr_assert(scratch_fine(checkpoint_load(a, scratch("real"), &p, &note)));
    cr_assert_str_eq(note, "new");
    arena_free(a);
}

/* A disk that is full: here a limit on the size of files. */
Test(checkpoint, full_disk_keeps_the_old_file)
{
    Arena *a = arena_new("test");
    NnParams p = some_params(a, 1), loaded = some_params(a, 2);
    cr_assert(scratch_fine(checkpoint_save(scratch("a"), &p, "old")));
    NnParams large = nn_params(a);
    nn_params_add(&large, "large", tensor_new(a, DEV_CPU, F32, SHAPE(100000)));
    memset(large.item[0].tensor->data, 0, 400000);
    struct rlimit old, small;
    getrlimit(RLIMIT_FSIZE, &old);
    small = (struct rlimit){ 100000, old.rlim_max };
    signal(SIGXFSZ, SIG_IGN);
    setrlimit(RLIMIT_FSIZE, &small);
    const char *wrong = checkpoint_save(scratch("a"), &large, NULL);
    setrlimit(RLIMIT_FSIZE, &old);
    cr_assert(scratch_has(wrong, "cannot be written: File too large"));
    cr_assert(scratch_fine(checkpoint_load(a, scratch("a"), &loaded, NULL)));
    cr_assert(all_equal(&p, &loaded));
    char command[128];
    snprintf(command, sizeof command, "test $(ls %s | wc -l) = 1", scratch(""));
    cr_assert_eq(system(command), 0, "the temporary file was left behind");
    arena_free(a);
}

static double seconds(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

/* How many kills: a few in `make check`, 500 in `make check-full`. */
static int kills(void)
{
    const char *full = getenv("COURSE_FULL");
    return full && *full ? 500 : 50;
}

/* A child that saves without end, each time with one value in all tensors and the note, is killed at any moment: from
 * before its first save to behind its fourth. */
Test(checkpoint, killed_while_saving, .timeout = 900)
{
    enum { N = 60000, TENSORS = 4 };
    const int KILLS = kills();
    Arena *a = arena_new("test");
    NnParams p = nn_params(a);
    float *x[TENSORS];
    int changes = 0;
    float last = 0;
    Rng moment = rng_new(1);
    for (int k = 0; k < TENSORS; k++) {
        Tensor *t = tensor_new(a, DEV_CPU, F32, SHAPE(N / TENSORS));
        x[k] = memset(t->data, 0, tensor_bytes(t));
        nn_params_add(&p, (const char *[]){ "w", "m.w", "v.w", "step" }[k], t);
    }
    cr_assert(scratch_fine(checkpoint_save(scratch("a"), &p, "0")));
    double once = seconds();
    cr_assert(scratch_fine(checkpoint_save(scratch("a"), &p, "0")));
    once = fmin(.05, seconds() - once); /* a disk may take its time to synchronise */
    for (int kill_at = 0; kill_at < KILLS; kill_at++) {
        pid_t pid = fork();
        if (pid == 0) {
            for (int n = 1;; n++) {
                char note[16];
                snprintf(note, sizeof note, "%d", 1000 * kill_at + n);
                for (int k = 0; k < TENSORS; k++)
                    for (int i = 0; i < N / TENSORS; i++) x[k][i] = (float)(1000 * kill_at + n);
                if (checkpoint_save(scratch("a"), &p, note)) _exit(1);
            }
        }
        int status;
        const char *note;
        usleep((useconds_t)(1e6 * 4 * once * rng_uniform(&moment)));
        kill(pid, SIGKILL);
        cr_assert(waitpid(pid, &status, 0) == pid && WIFSIGNALED(status), "the child could not save");
        cr_assert(scratch_fine(checkpoint_load(a, scratch("a"), &p, &note)), "kill %d", kill_at);
        for (int k = 0; k < TENSORS; k++)
            for (int i = 0; i < N / TENSORS; i++)
                cr_assert_eq(x[k][i], x[0][0], "kill %d: half of two files", kill_at);
        cr_assert_eq((float)atoi(note), x[0][0], "kill %d: half of two files", kill_at);
        changes += x[0][0] != last;
        last = x[0][0];
    }
    cr_assert_gt(changes, KILLS / 10, "only %d of %d kills came after a save: too early to show anything", changes,
                 KILLS);
    arena_free(a);
}

/* ---- Resuming ---- */

/* A small classifier with dropout, and everything that its next step depends on. */
typedef struct Run {
    Arena   *arena;
    Tape    *tape;
    Mlp      mlp;
    Rng      dropout;
    Loader   loader;
    Optim   *optim;
    OptimScaler scaler;
    NnParams params, state;             /* what is learnt; what a checkpoint holds */
} Run;

enum { ROWS = 50, IN_ = 6, CLASSES = 3, RULES = 5 };

static Optim *rule(Arena *a, const NnParams *p, int kind)
{
    if (kind == 0) return optim_sgd(a, p, (SgdArg){ .rate = .05, .momentum = .9, .nesterov = true });
    if (kind == 1) return optim_adam(a, p, (AdamArg){ .rate = .01 });
    if (kind == 2) return optim_adamw(a, p, (AdamwArg){ .rate = .01, .weight_decay = .1 });
    if (kind == 3) return optim_rmsprop(a, p, (RmspropArg){ .rate = .01, .momentum = .5 });
    return optim_lion(a, p, (LionArg){ .rate = .003 });
}

static Run run_new(int kind, uint64_t seed)
{
    Run r = { .arena = arena_new("run"), .tape = tape_new("step"), .scaler = { .scale = 256, .patience = 2 } };
    Rng rng = rng_new(seed), data = rng_new(77), order = rng_new(5);
    Tensor *x = tensor_new(r.arena, DEV_CPU, REAL, SHAPE(ROWS, IN_));
    Tensor *y = tensor_new(r.arena, DEV_CPU, I32, SHAPE(ROWS));
    rng_fill_normal(&data, x, 0, 1);
    for (int i = 0; i < ROWS; i++) tensor_set(y, i, (double)rng_below(&data, CLASSES));
    r.mlp = nn_mlp(r.arena, &rng, 2, (int[]){ IN_, 16, CLASSES });
    r.dropout = rng_stream(&rng, 3);
    r.loader = loader_new(r.arena, x, y, 0, ROWS, 12, true, &order);
    r.loader.prefetch = kind % 2;
    r.params = r.state = nn_params(r.arena);
    nn_mlp_visit(&r.mlp, "", nn_params_add, &r.params);
    r.optim = rule(r.arena, &r.params, kind);
    return r;
}

static const char *save_or_load(Run *r, const char *path, bool load)
{
    r->state = nn_params(r->arena);
    nn_mlp_visit(&r->mlp, "model", nn_params_add, &r->state);
    optim_visit(r->optim, "optim", nn_params_add, &r->state);
    checkpoint_add(&r->state, "dropout", &r->dropout, sizeof r->dropout);
    checkpoint_add(&r->state, "scaler", &r->scaler, sizeof r->scaler);
    checkpoint_add(&r->state, "loader.epoch", &r->loader.epoch, sizeof r->loader.epoch);
    checkpoint_add(&r->state, "loader.at", &r->loader.at, sizeof r->loader.at);
    return load ? checkpoint_load(r->arena, path, &r->state, NULL) : checkpoint_save(path, &r->state, NULL);
}

/* The rate follows a schedule, from the step that the optimizer has counted; five batches are an epoch. */
static void train(Run *r, int from, int to)
{
    const Schedule schedule = { RATE_COSINE, .rate = .02, .warm = 2, .steps = 12 };
    for (int step = from; step < to; step++) {
        Tensor *x, *y;
        while (!loader_next(&r->loader, r->tape, &x, &y)) {}
        optim_set_rate(r->optim, optim_schedule(&schedule, step));
        Tensor *h = op_relu(r->tape, nn_linear_forward(r->tape, &r->mlp.layer[0], x));
        h = op_dropout(r->tape, h, .3, &r->dropout);
        Tensor *loss = op_cross_entropy(r->tape, nn_linear_forward(r->tape, &r->mlp.layer[1], h), y);
        tape_backward(r->tape, op_scale(r->tape, loss, r->scaler.scale));
        if (optim_unscale(r->tape, &r->scaler, &r->params)) {
            optim_clip(r->tape, &r->params, .5);
            optim_step(r->optim, r->tape);
        }
        tape_reset(r->tape);
    }
}

static void run_free(Run *r)
{
    loader_stop(&r->loader);
    tape_free(r->tape);
    arena_free(r->arena);
}

/* Twelve steps, against n steps, a checkpoint, a new run of another seed that loads it, and the rest: the same bits in
 * weights, optimizer, scaler, random numbers and order. Over the end of an epoch, and right at it (n = 5). */
Test(checkpoint, resumed_runs_go_on_with_the_same_bits)
{
    static const int SPLIT[] = { 3, 5, 6 };
    for (int kind = 0; kind < RULES; kind++)
        for (int s = 0; s < 3; s++) {
            Run whole = run_new(kind, 1), first = run_new(kind, 1), second = run_new(kind, 2);
            train(&whole, 0, 12);
            train(&first, 0, SPLIT[s]);
            cr_assert(scratch_fine(save_or_load(&first, scratch("run"), false)));
            cr_assert(scratch_fine(save_or_load(&second, scratch("run"), true)));
            train(&second, SPLIT[s], 12);
            save_or_load(&whole, scratch("whole"), false);
            save_or_load(&second, scratch("second"), false);
            for (int i = 0; i < whole.state.n; i++) {
                const Tensor *x = whole.state.item[i].tensor, *y = second.state.item[i].tensor;
                cr_assert_arr_eq(x->data, y->data, tensor_bytes(x), "rule %d, split at %d: %s", kind, SPLIT[s],
                                 whole.state.item[i].name);
            }
            static char one[16384], two[16384];
            size_t n = scratch_read("whole", one, sizeof one);
            cr_assert(n > 1000 && n == scratch_read("second", two, sizeof two) && !memcmp(one, two, n), "files differ");
            train(&first, SPLIT[s], 12); /* and the run that saved has lost nothing by it */
            cr_assert_arr_eq(first.params.item[0].tensor->data, whole.params.item[0].tensor->data,
                             tensor_bytes(whole.params.item[0].tensor));
            run_free(&whole), run_free(&first), run_free(&second);
        }
}

/* A step that is left out, or a counter that is not restored, would be seen. */
Test(checkpoint, what_a_resumed_run_needs)
{
    Run whole = run_new(2, 1), other = run_new(2, 1);
    train(&whole, 0, 6), train(&other, 0, 6);
    cr_assert(scratch_fine(save_or_load(&whole, scratch("a"), false)));
    for (int what = 0; what < 3; what++) {
        cr_assert(scratch_fine(save_or_load(&other, scratch("a"), true)));
        if (what == 0) other.dropout.counter++;
        if (what == 1) other.loader.at = 0;
        if (what == 2) ((int64_t *)find(&other.state, "optim.step")->data)[0]--;
        Run same = run_new(2, 3);
        cr_assert(scratch_fine(save_or_load(&same, scratch("a"), true)));
        train(&same, 6, 9), train(&other, 6, 9);
        const Tensor *x = same.params.item[0].tensor;
        cr_assert(memcmp(x->data, other.params.item[0].tensor->data, tensor_bytes(x)), "change %d is not seen", what);
        run_free(&same);
    }
    run_free(&whole), run_free(&other);
}
