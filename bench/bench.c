/* bench.c -- the harness: finds the rooms' rows, makes cases of them, measures each with one thread and with all. */
#define _GNU_SOURCE
#include <argp.h>
#include <dlfcn.h>
#include <errno.h>
#include <sched.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>
#ifdef _OPENMP
#include <omp.h>
#endif
#include "data.h"
#include "harness.h"
#include "todo.h"

enum { MAX_ROOMS = 512, MAX_FOREIGN = 8, MAX_REFUSED = 64, MAX_SIZES = 64, TRIAL_SECONDS = 60 };

/* A learner's softmax must call the learner's, not the reference of the same name that is in this program. */
#ifdef __SANITIZE_ADDRESS__
enum { OWN_FIRST = 0 };     /* refused there; the object is linked with -Bsymbolic too */
#else
enum { OWN_FIRST = RTLD_DEEPBIND };
#endif

/* Rows from a file of the learner's: the room's bench_NAME.c, linked to that file instead of the reference. */
typedef struct Foreign {
    char label[48], room[64];
    const BenchRow *rows;
    void *handle;
} Foreign;
typedef struct Refused { const BenchRow *row; char why[120]; } Refused;

typedef struct Options {
    const char *rows, *sizes, *dtype, *threads, *device, *compare, *peers, *out, *into;
    const char *with[MAX_FOREIGN];
    int         n_with, worker;
    bool        quick, list, no_peers;
    double      budget;
    uint64_t    seed;
} Options;

static const BenchRoom *rooms[MAX_ROOMS];
static int              n_rooms;
static Foreign          foreign[MAX_FOREIGN];
static int              n_foreign;
static Refused          refused[MAX_REFUSED];
static int              n_refused;

extern const BenchRoom *const __start_bench_rooms[], *const __stop_bench_rooms[];

/* A learner's unfinished file calls it, so it has to be in this program, though nothing here does. */
static void (*const __attribute__((used)) for_learners)(const char *, int, const char *) = todo_reached;

static void die(const char *format, ...) __attribute__((noreturn, format(printf, 1, 2)));
static void die(const char *format, ...)
{
    va_list args;
    va_start(args, format);
    fputs("bench: ", stderr);
    vfprintf(stderr, format, args);
    fputc('\n', stderr);
    va_end(args);
    exit(2);
}

static void or_die(const char *sentence)
{
    if (sentence) die("%s", sentence);
}

/* ---- Rows -------------------------------------------------------------------------------------------------------- */

static int by_room(const void *a, const void *b)
{
    const BenchRoom *x = *(const BenchRoom *const *)a, *y = *(const BenchRoom *const *)b;
    int order = strcmp(x->room, y->room);
    return order ? order : (x->rows > y->rows) - (x->rows < y->rows);
}

static void find_rooms(void)
{
    for (const BenchRoom *const *r = __start_bench_rooms; r < __stop_bench_rooms && n_rooms < MAX_ROOMS; r++)
        if (*r) rooms[n_rooms++] = *r;
    qsort(rooms, (size_t)n_rooms, sizeof *rooms, by_room);
}

/* LABEL:ROOM:FILE.so */
static void load_foreign(const char *what)
{
    Foreign    *f = &foreign[n_foreign++];
    const char *room = strchr(what, ':'), *file = room ? strchr(room + 1, ':') : NULL;
    char        symbol[96];
    if (!file) die("--with=%s: LABEL:ROOM:FILE.so expected", what);
    snprintf(f->label, sizeof f->label, "%.*s", (int)(room - what), what);
    snprintf(f->room, sizeof f->room, "%.*s", (int)(file - room - 1), room + 1);
    void *handle = dlopen(file + 1, RTLD_NOW | RTLD_LOCAL | OWN_FIRST);
    if (!handle) die("%s cannot be loaded: %s", f->label, dlerror());
    snprintf(symbol, sizeof symbol, "bench_rows_%s", f->room);
    f->rows = dlsym(handle, symbol);
    f->handle = handle;
    if (!f->rows) die("%s has no rows for %s", f->label, f->room);
}

/* A file may hold some of the room's functions; the others' rows would run the reference's. A row that is named after
 * no function calls several: it is theirs if the file is complete. */
static bool is_theirs(const Foreign *f, const BenchRow *row)
{
    if (dlsym(f->handle, row->name)) return true;
    if (dlsym(RTLD_DEFAULT, row->name)) return false;
    for (const BenchRow *r = f->rows; r->name; r++)
        if (dlsym(RTLD_DEFAULT, r->name) && !dlsym(f->handle, r->name)) return false;
    return true;
}

/* Is `name` in the list "softmax,gemm"? A room, a row, or room.row. Empty: everything. */
static bool chosen(const char *list, const char *room, const char *row)
{
    char both[160];
    snprintf(both, sizeof both, "%s.%s", room, row);
    if (!list || !*list) return true;
    for (const char *s = list; *s;) {
        size_t n = strcspn(s, ", ");
        const char *const names[] = { room, row, both };
        for (int i = 0; i < 3; i++)
            if (strlen(names[i]) == n && !strncmp(names[i], s, n)) return true;
        s += n + strspn(s + n, ", ");
    }
    return false;
}

/* ---- Cases ------------------------------------------------------------------------------------------------------- */

static const char *refusal(const BenchRow *row)
{
    for (int i = 0; i < n_refused; i++)
        if (refused[i].row == row) return refused[i].why;
    return NULL;
}

static void add_contestant(Bench *b, const BenchRow *row, const char *label, Peer *peer)
{
    CHECK(b->contestants < MAX_CONTESTANTS, "bench %s: more than %d contestants", b->name, MAX_CONTESTANTS);
    Contestant *c = &b->contestant[b->contestants++];
    c->row = row;
    c->peer = peer;
    c->is_peer = peer || row->version;
    snprintf(c->label, sizeof c->label, "%s", label ? label : row->contestant ? row->contestant : "textbook");
    if (c->is_peer) snprintf(c->version, sizeof c->version, "%s", peer ? peer_version(peer) : row->version());
    if (row && refusal(row)) snprintf(c->absent, sizeof c->absent, "%s", refusal(row));
}

/* What any of the case's rows says is true of the case. */
static void learn_from(Bench *b, const BenchRow *row)
{
    if (row->inputs) b->inputs = row->inputs;
    if (row->truth) b->truth = row->truth;
    if (row->note) b->note = row->note;
    if (row->tolerance > 0) b->tolerance = row->tolerance;
    b->cold |= row->cold;
    b->memory |= row->memory;
}

static const char *value_of(const char *text, const Bench *b, double otherwise, double *value)
{
    *value = otherwise;
    return text ? formula_value(text, b->dims, b->size, value) : NULL;
}

static Bench *case_new(const BenchRow *first, const char *room, const int *size, int threads, uint64_t seed)
{
    Bench *b = calloc(1, sizeof *b);
    CHECK(b, "bench: no memory for a case");
    CHECK(first->dims && first->n_dims <= MAX_SIZE && (int)strlen(first->dims) == first->n_dims,
          "bench %s: a size has %d numbers, dims has %zu letters", first->name, first->n_dims,
          first->dims ? strlen(first->dims) : 0);
    snprintf(b->name, sizeof b->name, "%s", first->name);
    snprintf(b->room, sizeof b->room, "%s", room);
    snprintf(b->dims, sizeof b->dims, "%s", first->dims);
    memcpy(b->size, size, (size_t)first->n_dims * sizeof *size);
    b->n_dims = first->n_dims;
    b->threads = threads;
    b->seed = seed;
    b->flops_text = first->flops;
    b->bytes_text = first->bytes;
    or_die(value_of(first->flops, b, 0, &b->flops));
    or_die(value_of(first->bytes, b, 0, &b->bytes));
    or_die(value_of(first->terms, b, size[b->n_dims - 1], &b->terms));
    or_die(value_of(first->scale, b, 0, &b->scale));
    return b;
}

/* The textbook first, then the library, the learner's, peers: the first that can run is the measure where there is no
 * truth(). */
static void gather(Bench *b, Peer **peer, int peers)
{
    for (int pass = 0; pass < 3; pass++)
        for (int i = 0; i < n_rooms; i++)
            for (const BenchRow *row = rooms[i]->rows; row->name; row++) {
                int of = row->version ? 2 : row->contestant ? 1 : 0;
                if (strcmp(row->name, b->name) || of != pass) continue;
                learn_from(b, row);
                add_contestant(b, row, NULL, NULL);
            }
    for (int i = 0; i < n_foreign; i++)
        for (const BenchRow *row = foreign[i].rows; row->name; row++)
            if (!strcmp(row->name, b->name) && is_theirs(&foreign[i], row))
                add_contestant(b, row, foreign[i].label, NULL);
    for (int i = 0; i < peers; i++)
        if (peer_has(peer[i], b->name)) add_contestant(b, NULL, peer_name(peer[i]), peer[i]);
}

static void case_free(Bench *b)
{
    buffer_forget(b);
    free(b);
}

/* "8192x1024,64x64" -> sizes of n_dims numbers each. */
static int parse_sizes(const char *text, const BenchRow *row, int out[][MAX_SIZE])
{
    int n = 0;
    for (const char *s = text; *s && n < MAX_SIZES; n++) {
        for (int d = 0; d < row->n_dims; d++) {
            char *end;
            long  v = strtol(s, &end, 10);
            bool  last = d == row->n_dims - 1;
            if (end == s || v < 1 || v > 1 << 30 || (last ? *end && *end != ',' && *end != ' ' : *end != 'x'))
                die("SIZES=%s: %s takes %d numbers a size (%s), as in %s", text, row->name, row->n_dims, row->dims,
                    row->n_dims == 3 ? "128x64x32,1000x10x7" : row->n_dims == 2 ? "128x64,1000x10" : "128,1000");
            out[n][d] = (int)v;
            s = end + !last;
        }
        s += strspn(s, ", ");
    }
    return n;
}

/* ---- A worker: everything with one number of threads ------------------------------------------------------------- */

static const char *const *quick_cases(void)
{
    static const char *const names[] = { "softmax", "gemm", NULL };
    return names;
}

static int sizes_of(const Options *o, const BenchRow *row, int out[][MAX_SIZE])
{
    if (o->sizes && *o->sizes) return parse_sizes(o->sizes, row, out);
    int n = row->n_sizes < MAX_SIZES ? row->n_sizes : MAX_SIZES;
    for (int i = 0; i < n; i++)
        memcpy(out[i], row->sizes + (size_t)i * (size_t)row->n_dims, (size_t)row->n_dims * sizeof(int));
    if (!o->quick) return n;
    int middle = n / 2;     /* one case: neither the smallest nor one that takes long */
    memcpy(out[0], out[middle], sizeof out[0]);
    return 1;
}

static bool dtype_fits(const char *dtype, const Bench *b)
{
    bool doubles = false;
    for (int i = 0; i < b->buffers; i++) doubles |= b->buffer[i].type == TYPE_F64;
    return !dtype || !*dtype || !strcmp(dtype, doubles ? "f64" : "f32");
}

typedef struct Run {
    const Options *o;
    Limits limits;
    Peer *peer[MAX_PEERS];
    int peers;
    char id[64];
    int cases, failed, vague;
    double load;
} Run;

/* Somebody's median is not known to a tenth. */
static bool is_vague(const Bench *b)
{
    for (int i = 0; i < b->contestants; i++) {
        Interval t = interval_of(b->contestant[i].sample, b->contestant[i].samples);
        if (t.high - t.low > 0.2 * t.median) return true;
    }
    return false;
}

/* Textbooks and learners use one thread: with all of them there would be nothing to see. */
static bool textbook_alone(const Bench *b)
{
    for (int i = 0; i < b->contestants; i++)
        if (!b->contestant[i].row || b->contestant[i].row->contestant) return false;
    return true;
}

static void run_case(Run *r, const BenchRow *row, const char *room, const int *size)
{
    Bench *b = case_new(row, room, size, r->o->worker, r->o->seed);
    gather(b, r->peer, r->peers);
    if (r->o->worker > 1 && !(r->o->threads && *r->o->threads) && textbook_alone(b)) {
        case_free(b);
        return;
    }
    const char *why = measure_case(b, r->o->budget);
    if (why) {
        printf("\n%s: %s\n", b->name, why);
        r->failed++;
    } else if (dtype_fits(r->o->dtype, b)) {
        r->cases++;
        r->vague += is_vague(b);
        r->load = b->load > r->load ? b->load : r->load;
        table_case(b, &r->limits, stdout);
        for (int i = 0; i < b->contestants; i++)
            if (!b->contestant[i].hidden)
                or_die(record_write(r->o->into, record_row(b, &b->contestant[i], &r->limits, r->id)));
    }
    fflush(stdout);
    case_free(b);
}

/* Sizes and costs come from the textbook's row, else from the first row that has some. */
static bool owns_case(const BenchRow *row)
{
    for (int others = 0; others < 2; others++)
        for (int i = 0; i < n_rooms; i++)
            for (const BenchRow *r = rooms[i]->rows; r->name; r++)
                if (r->sizes && !strcmp(r->name, row->name) && (others || !r->contestant)) return r == row;
    return false;
}

static bool wanted(const Options *o, const char *room, const BenchRow *row)
{
    if (!owns_case(row)) return false;
    if (!o->quick) return chosen(o->rows, room, row->name);
    for (const char *const *q = quick_cases(); *q; q++)
        if (!strcmp(*q, row->name)) return true;
    return false;
}

/* In a child: a file of the learner's may stop at a TODO, crash or never end. Before there are threads, because a child
 * has none of its parent's. */
static void try_foreign(const Options *o, const char *room, const BenchRow *row, const BenchRow *theirs,
                        const char *label)
{
    int sizes[MAX_SIZES][MAX_SIZE], status = 0;
    if (!sizes_of(o, row, sizes)) return;
    bool *returned = mmap(NULL, sizeof *returned, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    CHECK(returned != MAP_FAILED, "bench: no memory");
    fflush(NULL);
    pid_t child = fork();
    if (child == 0) {
        alarm(TRIAL_SECONDS);
        Bench *b = case_new(row, room, sizes[0], 1, o->seed);
        learn_from(b, row);
        add_contestant(b, theirs, label, NULL);
        if (b->inputs) b->inputs(b, b->size);
        b->now = &b->contestant[0];
        theirs->function(b, b->size);
        *returned = true;       /* exit(0) says nothing: anybody can call it */
        _exit(0);
    }
    while (child > 0 && waitpid(child, &status, 0) < 0 && errno == EINTR) continue;
    bool well = *returned && status == 0;
    munmap(returned, sizeof *returned);
    if (well || n_refused == MAX_REFUSED) return;
    Refused *no = &refused[n_refused++];
    no->row = theirs;
    if (WIFSIGNALED(status) && WTERMSIG(status) == SIGALRM)
        snprintf(no->why, sizeof no->why, "it ran longer than %d s", TRIAL_SECONDS);
    else if (WIFSIGNALED(status))
        snprintf(no->why, sizeof no->why, "it crashed (%s); make grade says more", strsignal(WTERMSIG(status)));
    else
        snprintf(no->why, sizeof no->why, "it ended with status %d instead of returning; make grade says more",
                 WEXITSTATUS(status));
}

static void try_all_foreign(const Options *o)
{
    for (int i = 0; i < n_foreign; i++)
        for (const BenchRow *theirs = foreign[i].rows; theirs->name; theirs++)
            for (int k = 0; k < n_rooms; k++)
                for (const BenchRow *row = rooms[k]->rows; row->name; row++)
                    if (!strcmp(row->name, theirs->name) && wanted(o, rooms[k]->room, row) &&
                        is_theirs(&foreign[i], theirs))
                        try_foreign(o, rooms[k]->room, row, theirs, foreign[i].label);
}

static void set_threads(int n)
{
#ifdef _OPENMP
    omp_set_num_threads(n);
#else
    (void)n;
#endif
}

static int all_processors(void) { return (int)sysconf(_SC_NPROCESSORS_ONLN); }

static int worker(const Options *o)
{
    Run *r = calloc(1, sizeof *r);
    CHECK(r, "bench: no memory");
    r->o = o;
    set_threads(1);
    try_all_foreign(o);
    set_threads(o->worker);
    char folder[1024];
    snprintf(folder, sizeof folder, "%s/bench/peers", data_root());
    if (o->no_peers) peers_skipped();
    else r->peers = peers_start(r->peer, o->peers, folder, o->worker);
    r->limits = machine_limits(o->worker);
    const Limits *l = &r->limits;
    printf("limits of %d thread%s: %.0f GFLOP/s f32, %.0f f64; %.0f GB/s from L1, %.0f L2, %.0f L3, %.0f memory\n",
           o->worker, o->worker > 1 ? "s" : "", l->fma[0] / 1e9, l->fma[1] / 1e9, l->read[0] / 1e9, l->read[1] / 1e9,
           l->read[2] / 1e9, l->read[3] / 1e9);
    json_t *run = record_run(l, o->seed, r->peer, r->peers);
    snprintf(r->id, sizeof r->id, "%s", json_string_value(json_object_get(run, "id")));
    or_die(record_write(o->into, run));
    for (int i = 0; i < n_rooms; i++)
        for (const BenchRow *row = rooms[i]->rows; row->name; row++) {
            int sizes[MAX_SIZES][MAX_SIZE];
            if (!wanted(o, rooms[i]->room, row)) continue;
            int n = sizes_of(o, row, sizes);
            for (int s = 0; s < n; s++) run_case(r, row, rooms[i]->room, sizes[s]);
        }
    peers_stop(r->peer, r->peers);
    if (r->vague)
        printf("\n%d of %d cases with %d thread%s have an interval wider than 10 %% (load average up to %.1f on %d "
               "processors):\n"
               "measure those again when nothing else runs.\n",
               r->vague, r->cases, o->worker, o->worker > 1 ? "s" : "", r->load, all_processors());
    if (!r->cases && !r->failed) printf("no case has numbers of type %s\n", o->dtype);
    int status = r->failed || !r->cases;
    free(r);
    return status;
}

/* ---- The whole run ----------------------------------------------------------------------------------------------- */

/* The same processors for us and for the peers: the last ones, because the first takes the interrupts. */
static void pin(int threads)
{
    cpu_set_t all, some;
    CPU_ZERO(&some);
    if (sched_getaffinity(0, sizeof all, &all)) return;
    for (int i = CPU_SETSIZE - 1; i >= 0 && threads > 0; i--)
        if (CPU_ISSET(i, &all)) CPU_SET(i, &some), threads--;
    sched_setaffinity(0, sizeof some, &some);
}

static int processors(void)
{
    cpu_set_t all;
    return sched_getaffinity(0, sizeof all, &all) ? 1 : CPU_COUNT(&all);
}

static int spawn_worker(const Options *o, int argc, char **argv, int threads)
{
    char worker[32], into[1100], n[16], **args = calloc((size_t)argc + 3, sizeof *args);
    CHECK(args, "bench: no memory");
    snprintf(worker, sizeof worker, "--worker=%d", threads);
    snprintf(into, sizeof into, "--into=%s", o->into);
    snprintf(n, sizeof n, "%d", threads);
    memcpy(args, argv, (size_t)argc * sizeof *args);
    args[argc] = worker;
    args[argc + 1] = into;
    fflush(NULL);
    pid_t child = fork();
    if (child == 0) {
        pin(threads);
        setenv("OMP_NUM_THREADS", n, 1);
        setenv("OPENBLAS_NUM_THREADS", n, 1);
        setenv("GOMP_SPINCOUNT", "100000", 1);  /* a millisecond or two: for the peers too */
        unsetenv("OMP_PROC_BIND");
        unsetenv("OMP_PLACES");
        execv("/proc/self/exe", args);
        _exit(127);
    }
    int status = 1;
    while (child > 0 && waitpid(child, &status, 0) < 0 && errno == EINTR) continue;
    free(args);
    if (child > 0 && WIFEXITED(status)) return WEXITSTATUS(status);
    fprintf(stderr, "bench: the worker with %d threads was killed%s%s\n", threads, WIFSIGNALED(status) ? ": " : "",
            WIFSIGNALED(status) ? strsignal(WTERMSIG(status)) : "");
    return 1;
}

/* "1", "all", "1,2"; nothing: one and all. */
static int thread_counts(const char *text, int out[16])
{
    int n = 0, all = processors();
    if (!text || !*text) text = all > 1 ? "1,all" : "1";
    for (const char *s = text; *s && n < 16; n++) {
        char *end;
        long  v = !strncmp(s, "all", 3) ? all : strtol(s, &end, 10);
        if (!strncmp(s, "all", 3)) end = (char *)(uintptr_t)s + 3;
        if (end == s || v < 1 || (*end && *end != ','))
            die("THREADS=%s: numbers with commas between them, or all", text);
        if (v > all)
            die("THREADS=%s: this machine has %d processors for us, and more threads than that measure the scheduler",
                text, all);
        out[n] = (int)v;
        s = end + (*end == ',');
    }
    return n;
}

static void check_options(const Options *o)
{
    if (o->device && *o->device && strcmp(o->device, "cpu"))
        die(strcmp(o->device, "cuda") ? "DEVICE=%s: there are cpu and cuda"
                                      : "DEVICE=%s: no row runs on a GPU yet; all of them run on the cpu",
            o->device);
    if (o->dtype && *o->dtype && strcmp(o->dtype, "f32") && strcmp(o->dtype, "f64"))
        die("DTYPE=%s: rows are of f32 or f64", o->dtype);
    bool any = false, sizes_fit = true;
    for (int i = 0; i < n_rooms; i++)
        for (const BenchRow *row = rooms[i]->rows; row->name; row++) {
            int sizes[MAX_SIZES][MAX_SIZE];
            if (!wanted(o, rooms[i]->room, row)) continue;
            any = true;
            if (o->sizes && *o->sizes) sizes_fit = parse_sizes(o->sizes, row, sizes) > 0;
        }
    if (!any) die("no rows called '%s'; --list shows all", o->rows ? o->rows : "");
    if (!sizes_fit) die("SIZES=%s: no size in it", o->sizes);
}

static void list_rows(void)
{
    for (int i = 0; i < n_rooms; i++)
        for (const BenchRow *row = rooms[i]->rows; row->name; row++)
            printf("%-20s %-32s %s%s%s\n", rooms[i]->room, row->name, row->contestant ? row->contestant : "textbook",
                   row->version ? " " : "", row->version ? row->version() : "");
}

static error_t parse(int key, char *arg, struct argp_state *state)
{
    Options *o = state->input;
    switch (key) {
    case 'r': o->rows = arg; break;
    case 's': o->sizes = arg; break;
    case 'd': o->dtype = arg; break;
    case 't': o->threads = arg; break;
    case 'D': o->device = arg; break;
    case 'c': o->compare = arg; break;
    case 'p': o->peers = arg; break;
    case 'P': o->no_peers = true; break;
    case 'o': o->out = arg; break;
    case 'I': o->into = arg; break;
    case 'W': o->worker = atoi(arg); break;
    case 'q': o->quick = true; break;
    case 'l': o->list = true; break;
    case 'b': o->budget = atof(arg); break;
    case 'S': o->seed = strtoull(arg, NULL, 10); break;
    case 'w':
        if (o->n_with == MAX_FOREIGN) argp_error(state, "more than %d files", MAX_FOREIGN);
        o->with[o->n_with++] = arg;
        break;
    case ARGP_KEY_ARG: return ARGP_ERR_UNKNOWN;
    default: return ARGP_ERR_UNKNOWN;
    }
    return 0;
}

static const struct argp_option flags[] = {
    { "rows", 'r', "NAMES", 0, "rooms or rows, a comma between; all if left out", 0 },
    { "sizes", 's', "SIZES", 0, "8192x1024,64x64 instead of the rows' own sizes", 0 },
    { "dtype", 'd', "TYPE", 0, "only cases of f32 or of f64", 0 },
    { "threads", 't', "LIST", 0, "1, all, or numbers; 1,all if left out", 0 },
    { "device", 'D', "DEVICE", 0, "cpu", 0 },
    { "compare", 'c', "FILE", 0, "compare with these results afterwards", 0 },
    { "with", 'w', "LABEL:ROOM:FILE", 0, "a shared object with the room's rows, as another contestant", 0 },
    { "peers", 'p', "DIR", 0, "virtual environment of the Python peers", 0 },
    { "no-peers", 'P', NULL, 0, "without the Python peers", 0 },
    { "out", 'o', "FILE", 0, "results; bench/results/MACHINE/DATE-COMMIT.jsonl if left out", 0 },
    { "budget", 'b', "SECONDS", 0, "for a case; 0.8 if left out", 0 },
    { "seed", 'S', "N", 0, "of the inputs; 1 if left out", 0 },
    { "quick", 'q', NULL, 0, "one softmax and one matrix product, in seconds", 0 },
    { "list", 'l', NULL, 0, "show all rows", 0 },
    { "worker", 'W', "N", OPTION_HIDDEN, "", 0 },
    { "into", 'I', "FILE", OPTION_HIDDEN, "", 0 },
    { 0 },
};

static const char *default_peers(void)
{
    static char path[1024];
    const char *cache = getenv("XDG_CACHE_HOME"), *home = getenv("HOME");
    if (cache && *cache) snprintf(path, sizeof path, "%s/dl-course-peers", cache);
    else snprintf(path, sizeof path, "%s/.cache/dl-course-peers", home ? home : "");
    return path;
}

static const char *choose_file(const Options *o, char path[1100])
{
    if (!o->out && !o->quick) return record_new_file(path, 1100);
    if (o->out) snprintf(path, 1100, "%s", o->out);
    else snprintf(path, 1100, "%s/build/bench-quick.jsonl", data_root());
    FILE *f = fopen(path, "w");
    if (!f) return sentence("cannot write %s: %s", path, strerror(errno));
    fclose(f);
    return NULL;
}

static int run_all(Options *o, int argc, char **argv)
{
    static char path[1100];
    int         threads[16], n, status = 0;
    check_options(o);
    n = thread_counts(o->quick && !o->threads ? "1" : o->threads, threads);
    or_die(choose_file(o, path));
    o->into = path;
    for (int i = 0; i < n; i++) status |= spawn_worker(o, argc, argv, threads[i]);
    printf("\nlimit: how near the time is to what the machine could do. x: how many times as fast as the fastest peer, "
           "=: no\n"
           "difference (the 95 %% interval holds 1). Results: %s\n",
           path);
    if (o->compare && *o->compare) or_die(compare_files(o->compare, path, stdout));
    return status;
}

static int plots(int argc, char **argv)
{
    char        results[1024], folder[1024];
    const char *gnuplot = getenv("GNUPLOT");
    snprintf(results, sizeof results, "%s/bench/results/%s", data_root(), record_machine());
    snprintf(folder, sizeof folder, "%s/build/plots", data_root());
    const char *why = plots_draw(argc > 2 && *argv[2] ? argv[2] : results, argc > 3 ? argv[3] : folder,
                                 gnuplot && *gnuplot ? gnuplot : "gnuplot", stdout);
    if (why) fprintf(stderr, "bench: %s\n", why);
    return why ? 1 : 0;
}

int main(int argc, char **argv)
{
    static const struct argp about = {
        flags,
        parse,
        "",
        "Times the rooms' functions beside the library and its peers, on the same inputs.\v"
        "Also: bench compare OLD NEW, bench plots [RESULTS] [FOLDER].",
        NULL,
        NULL,
        NULL
    };
    if (argc == 4 && !strcmp(argv[1], "compare")) {
        const char *why = compare_files(argv[2], argv[3], stdout);
        if (why) fprintf(stderr, "bench: %s\n", why);
        return why ? 1 : 0;
    }
    if (argc > 1 && !strcmp(argv[1], "plots")) return plots(argc, argv);
    Options o = { .budget = 0.8, .seed = 1 };
    argp_parse(&about, argc, argv, 0, NULL, &o);
    if (!o.peers || !*o.peers) o.peers = default_peers();
    find_rooms();
    for (int i = 0; i < o.n_with; i++) load_foreign(o.with[i]);
    if (o.list) return list_rows(), 0;
    return o.worker ? worker(&o) : run_all(&o, argc, argv);
}
