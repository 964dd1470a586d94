/* peer.c -- contestants written in Python: a process each, told by lines of JSON what to do, fed through a shared file.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <fcntl.h>
#include <unistd.h>
#include "data.h"
#include "harness.h"

struct Peer {
    char    script[64], name[48], version[96], setting[64], settings[320], log[1200];
    pid_t   pid;
    int     to, from;
    json_t *cases;
    char   *line;
    size_t  held, room;                 /* of line: what has come so far */
    int     file;                       /* the open case's buffers: a memfd that both sides map */
    char   *map;
    size_t  map_bytes, at[MAX_BUFFERS];
};

enum { START_SECONDS = 120, CALL_SECONDS = 300 };

/* ---- Lines there and back ---------------------------------------------------------------------------------------- */

static const char *last_words(const Peer *p)
{
    static char words[200];
    FILE       *f = fopen(p->log, "r");
    char        line[400];
    snprintf(words, sizeof words, "it said nothing");
    while (f && fgets(line, sizeof line, f)) {
        line[strcspn(line, "\n")] = 0;
        if (*line) snprintf(words, sizeof words, "%.190s", line);
    }
    if (f) fclose(f);
    return words;
}

static const char *gone(Peer *p, const char *how)
{
    if (p->pid > 0) {
        kill(p->pid, SIGKILL);
        waitpid(p->pid, NULL, 0);
    }
    p->pid = 0;
    return sentence("%s %s: %s", p->name, how, last_words(p));
}

static const char *peer_send(Peer *p, json_t *what)
{
    if (!p->pid) {
        json_decref(what);
        return sentence("%s stopped earlier: %s", p->name, last_words(p));
    }
    char  *text = json_dumps(what, JSON_COMPACT);
    size_t n = strlen(text), done = 0;
    json_decref(what);
    text[n++] = '\n';       /* in place of the closing 0 */
    while (done < n) {
        ssize_t k = write(p->to, text + done, n - done);
        if (k < 0 && errno == EINTR) continue;
        if (k <= 0) break;
        done += (size_t)k;
    }
    free(text);
    return done < n ? gone(p, "stopped") : NULL;
}

/* One line, within so many seconds. */
static const char *peer_line(Peer *p, int seconds, char **line, size_t *length)
{
    for (double end = clock_wall() + seconds;;) {
        char *newline = memchr(p->line, '\n', p->held);
        if (newline) {
            *line = p->line;
            *length = (size_t)(newline - p->line);
            return NULL;
        }
        if (p->room - p->held < 4096) {
            p->room = 2 * p->room + 8192;
            p->line = realloc(p->line, p->room);
            CHECK(p->line, "bench: no memory for a line from %s", p->name);
        }
        double left = end - clock_wall();
        int ready = left > 0 ? poll(&(struct pollfd){ .fd = p->from, .events = POLLIN }, 1, (int)(left * 1000) + 1) : 0;
        if (ready < 0 && errno == EINTR) continue;
        if (ready <= 0) return gone(p, "did not answer in time");
        ssize_t k = read(p->from, p->line + p->held, p->room - p->held);
        if (k < 0 && errno == EINTR) continue;
        if (k <= 0) return gone(p, "stopped");
        p->held += (size_t)k;
    }
}

static const char *peer_answer(Peer *p, int seconds, json_t **answer)
{
    char       *line = NULL;
    size_t      length = 0;
    const char *why = peer_line(p, seconds, &line, &length);
    if (why) return why;
    *answer = json_loadb(line, length, 0, NULL);
    p->held -= length + 1;
    memmove(p->line, p->line + length + 1, p->held);
    if (!json_is_object(*answer)) {
        json_decref(*answer);
        return gone(p, "answered something that is no JSON object");
    }
    const char *error = json_string_value(json_object_get(*answer, "error"));
    if (!error) return NULL;
    why = sentence("%s", error);
    json_decref(*answer);
    return why;
}

static const char *peer_ask(Peer *p, json_t *what, int seconds, json_t **answer)
{
    const char *why = peer_send(p, what);
    return why ? why : peer_answer(p, seconds, answer);
}

/* ---- Starting and stopping --------------------------------------------------------------------------------------- */

/* Each at its best. glibc gives big blocks back to the kernel and takes page faults for them at the next call: these
 * three make it keep them. `setting` is this process's own, NAME=value. */
static void set_environment(int threads, const char *setting)
{
    char        n[16], name[64];
    const char *value = strchr(setting, '=');
    snprintf(n, sizeof n, "%d", threads);
    setenv("OMP_NUM_THREADS", n, 1);
    setenv("OPENBLAS_NUM_THREADS", n, 1);
    setenv("MKL_NUM_THREADS", n, 1);
    setenv("MALLOC_MMAP_MAX_", "0", 1);
    setenv("MALLOC_TRIM_THRESHOLD_", "8000000000", 1);
    setenv("MALLOC_TOP_PAD_", "268435456", 1);
    setenv("PYTHONDONTWRITEBYTECODE", "1", 1);
    setenv("CUDA_VISIBLE_DEVICES", "", 1);
    unsetenv("GOMP_SPINCOUNT");
    if (!value) return;
    snprintf(name, sizeof name, "%.*s", (int)(value - setting), setting);
    setenv(name, value + 1, 1);
}

static void become_python(Peer *p, const char *python, const char *path, int to[2], int from[2], int threads)
{
    int log = open(p->log, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
    dup2(to[0], 0);
    dup2(from[1], 1);
    if (log >= 0) dup2(log, 2);
    set_environment(threads, p->setting);
    execl(python, python, "-u", path, (char *)NULL);
    _exit(127);
}

static const char *peer_start(Peer *p, const char *python, const char *path, int threads)
{
    int to[2], from[2];
    if (pipe2(to, O_CLOEXEC)) return sentence("no pipe: %s", strerror(errno));
    if (pipe2(from, O_CLOEXEC)) {
        close(to[0]), close(to[1]);
        return sentence("no pipe: %s", strerror(errno));
    }
    p->pid = fork();
    if (p->pid == 0) become_python(p, python, path, to, from, threads);
    close(to[0]);
    close(from[1]);
    p->to = to[1];
    p->from = from[0];
    p->file = -1;
    if (p->pid < 0) return sentence("no new process: %s", strerror(errno));
    p->line = malloc(p->room = 8192);
    CHECK(p->line, "bench: no memory for %s", p->name);
    return NULL;
}

/* Its first words: what it is and which cases it knows. */
static const char *peer_greeting(Peer *p)
{
    json_t *hello = NULL;
    const char *why = peer_answer(p, START_SECONDS, &hello);
    if (why) return why;
    snprintf(p->version, sizeof p->version, "%s", json_string_value(json_object_get(hello, "version")));
    snprintf(p->settings, sizeof p->settings, "%s%s%s", json_string_value(json_object_get(hello, "settings")),
             *p->setting ? ", " : "", p->setting);
    p->cases = json_incref(json_object_get(hello, "cases"));
    json_decref(hello);
    return NULL;
}

static void peer_free(Peer *p)
{
    peer_close(p);
    if (p->pid > 0) {
        close(p->to);       /* end of input: it ends by itself */
        for (int i = 0; i < 100 && waitpid(p->pid, NULL, WNOHANG) == 0; i++) usleep(20000);
        if (kill(p->pid, 0) == 0) gone(p, "did not end");
    } else {
        close(p->to);
    }
    close(p->from);
    json_decref(p->cases);
    free(p->line);
    free(p);
}

/* Where it is not known which setting is faster, a process runs with each, and of each case the faster one counts.
 * Threads that wait by spinning are quick to start again; but a library with two pools of them slows itself down. */
enum { ONE_THREAD = 1, MORE_THREADS = 2 };
static const struct {
    const char *name, *script;
    int         when;
    const char *setting;
} known[] = {
    { "PyTorch", "peer_torch.py", ONE_THREAD, "" },
#ifdef __x86_64__
    { "PyTorch", "peer_torch.py", ONE_THREAD, "ATEN_CPU_CAPABILITY=avx2" },
#endif
    { "PyTorch", "peer_torch.py", MORE_THREADS, "OMP_WAIT_POLICY=passive" },
    { "PyTorch", "peer_torch.py", MORE_THREADS, "GOMP_SPINCOUNT=100000" },
    { "scikit-learn", "peer_sklearn.py", ONE_THREAD | MORE_THREADS, "OMP_WAIT_POLICY=passive" },
    { "SciPy", "peer_scipy.py", ONE_THREAD | MORE_THREADS, "" },
    { "XGBoost", "peer_xgboost.py", ONE_THREAD | MORE_THREADS, "OMP_WAIT_POLICY=passive" },
    { "gensim", "peer_gensim.py", ONE_THREAD | MORE_THREADS, "" },
    { "LightGBM", "peer_lightgbm.py", ONE_THREAD | MORE_THREADS, "OMP_WAIT_POLICY=passive" },
    { "NumPy", "peer_numpy.py", ONE_THREAD | MORE_THREADS, "" },
};

static json_t *absent;

static void miss(const char *name, const char *why)
{
    if (!absent) absent = json_array();
    json_array_append_new(absent, json_pack("{s:s, s:s}", "name", name, "why", why));
}

void peers_skipped(void)
{
    miss("PyTorch", "left out on request");
    miss("scikit-learn", "left out on request");
}

json_t *peers_absent(void)
{
#ifndef HAVE_DNNL
    miss("oneDNN", "not installed when this was built");
#endif
#ifndef HAVE_LIBLINEAR
    miss("LIBLINEAR", "not installed when this was built");
#endif
#ifndef HAVE_LIBSVM
    miss("LIBSVM", "not installed when this was built");
#endif
    return absent ? json_incref(absent) : json_array();
}

int peers_start(Peer **peer, const char *venv, const char *folder, int threads)
{
    char python[1024], path[1024];
    int  n = 0, kept = 0;
    signal(SIGPIPE, SIG_IGN);
    snprintf(python, sizeof python, "%s/bin/python3", venv);
    if (access(python, X_OK)) {
        printf("absent: PyTorch, scikit-learn (no %s: `make peers` installs them)\n", python);
        miss("PyTorch", "not installed: `make peers`");
        miss("scikit-learn", "not installed: `make peers`");
        return 0;
    }
    const char *why[MAX_PEERS];
    for (size_t i = 0; i < sizeof known / sizeof *known && n < MAX_PEERS; i++) {
        if (!(known[i].when & (threads > 1 ? MORE_THREADS : ONE_THREAD))) continue;
        Peer *p = peer[n] = calloc(1, sizeof *p);
        CHECK(p, "bench: no memory for a peer");
        snprintf(p->name, sizeof p->name, "%s", known[i].name);
        snprintf(p->setting, sizeof p->setting, "%s", known[i].setting);
        snprintf(p->log, sizeof p->log, "%s/build/bench.%d.%s.log", data_root(), n, known[i].script);
        snprintf(path, sizeof path, "%s/%s", folder, known[i].script);
        why[n++] = peer_start(p, python, path, threads);
    }
    for (int i = 0; i < n; i++) {   /* they started all at once */
        if (!why[i]) why[i] = peer_greeting(peer[i]);
        if (!why[i]) peer[kept++] = peer[i];
        else {
            printf("absent: %s (%s)\n", peer[i]->name, why[i]);
            miss(peer[i]->name, why[i]);
            peer_free(peer[i]);
        }
    }
    return kept;
}

void peers_stop(Peer **peer, int n)
{
    for (int i = 0; i < n; i++) peer_free(peer[i]);
}

const char *peer_name(const Peer *p) { return p->name; }
const char *peer_version(const Peer *p) { return p->version; }
const char *peer_settings(const Peer *p) { return p->settings; }

bool peer_has(const Peer *p, const char *name)
{
    for (size_t i = 0; i < json_array_size(p->cases); i++)
        if (!strcmp(json_string_value(json_array_get(p->cases, i)), name)) return true;
    return false;
}

json_t *peer_record(const Peer *p)
{
    return json_pack("{s:s, s:s, s:s}", "name", p->name, "version", p->version, "settings", p->settings);
}

/* ---- A case ------------------------------------------------------------------------------------------------------ */

static size_t bytes_of(const Buffer *f) { return ((size_t)f->n * type_size(f->type) + 63) & ~(size_t)63; }

static const char *map_file(Peer *p, const Bench *b)
{
    p->map_bytes = 0;
    for (int i = 0; i < b->buffers; i++) {
        p->at[i] = p->map_bytes;
        if (b->buffer[i].role != ROLE_SCRATCH) p->map_bytes += bytes_of(&b->buffer[i]);
    }
    p->file = memfd_create("bench", MFD_CLOEXEC);
    if (p->file < 0 || ftruncate(p->file, (off_t)p->map_bytes))
        return sentence("no shared memory: %s", strerror(errno));
    p->map = mmap(NULL, p->map_bytes, PROT_READ | PROT_WRITE, MAP_SHARED, p->file, 0);
    if (p->map == MAP_FAILED) {
        p->map = NULL;
        return sentence("no shared memory: %s", strerror(errno));
    }
    for (int i = 0; i < b->buffers; i++) {
        const Buffer *f = &b->buffer[i];
        const void   *from = f->role == ROLE_IN ? f->data : f->role == ROLE_INOUT ? f->start : NULL;
        if (from) memcpy(p->map + p->at[i], from, (size_t)f->n * type_size(f->type));
    }
    return NULL;
}

const char *peer_open(Peer *p, Bench *b)
{
    static const char *const roles[] = { "in", "out", "inout" };
    char        path[64];
    const char *why = map_file(p, b);
    if (why) return why;
    snprintf(path, sizeof path, "/proc/%d/fd/%d", (int)getpid(), p->file);
    json_t *buffers = json_array(), *size = json_array(), *answer = NULL;
    for (int i = 0; i < b->buffers; i++) {
        const Buffer *f = &b->buffer[i];
        if (f->role == ROLE_SCRATCH) continue;
        json_array_append_new(buffers,
                              json_pack("{s:s, s:s, s:s, s:I, s:I}", "name", f->name, "type", type_name(f->type),
                                        "role", roles[f->role], "n", (json_int_t)f->n, "at", (json_int_t)p->at[i]));
    }
    for (int i = 0; i < b->n_dims; i++) json_array_append_new(size, json_integer(b->size[i]));
    why = peer_ask(p,
                   json_pack("{s:s, s:s, s:o, s:s, s:o, s:b, s:I}", "do", "open", "case", b->name, "size", size, "file",
                             path, "buffers", buffers, "each", (int)b->each, "flush",
                             (json_int_t)(b->cold ? flush_size() : 0)),
                   CALL_SECONDS, &answer);
    if (!why) json_decref(answer);
    return why;
}

const char *peer_run(Peer *p, int64_t calls, bool reheat, double *wall, double *cpu, double *flushed)
{
    json_t     *answer = NULL;
    const char *why =
        peer_ask(p, json_pack("{s:s, s:I, s:b}", "do", "run", "calls", (json_int_t)calls, "reheat", (int)reheat),
                 CALL_SECONDS, &answer);
    if (why) return why;
    *wall = json_number_value(json_object_get(answer, "wall"));
    *cpu = json_number_value(json_object_get(answer, "cpu"));
    *flushed = json_number_value(json_object_get(answer, "flushed"));
    json_decref(answer);
    return *wall > 0 && *cpu >= 0 ? NULL : gone(p, "sent a time that is not positive");
}

const char *peer_memory(Peer *p, int64_t *bytes)
{
    json_t     *answer = NULL;
    const char *why = peer_ask(p, json_pack("{s:s}", "do", "memory"), CALL_SECONDS, &answer);
    if (why) return why;
    *bytes = json_integer_value(json_object_get(answer, "bytes"));
    json_decref(answer);
    return NULL;
}

/* Into the case's own buffers, where they are checked like everybody's. */
const char *peer_outputs(Peer *p, Bench *b, Contestant *c)
{
    json_t *answer = NULL;
    for (int i = 0; i < b->buffers; i++)    /* what it does not write is found as NaN */
        if (b->buffer[i].role == ROLE_OUT || b->buffer[i].role == ROLE_INOUT) {
            memset(p->map + p->at[i], 0xff, (size_t)b->buffer[i].n * type_size(b->buffer[i].type));
            c->where[i] = p->map + p->at[i];
        }
    const char *why = peer_ask(p, json_pack("{s:s}", "do", "outputs"), CALL_SECONDS, &answer);
    if (!why) json_decref(answer);
    return why;
}

void peer_close(Peer *p)
{
    json_t *answer = NULL;
    if (p->file >= 0 && p->pid > 0 && !peer_ask(p, json_pack("{s:s}", "do", "close"), CALL_SECONDS, &answer))
        json_decref(answer);
    if (p->map) munmap(p->map, p->map_bytes);
    if (p->file >= 0) close(p->file);
    p->map = NULL;
    p->file = -1;
}
