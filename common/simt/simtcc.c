/* simtcc.c -- compiles .cu files for the CPU: rewrites them (rewrite.h), then calls the C++ compiler.
 *
 *   build/simtcc [--check] [--with=clang++] [--keep] the compiler's own arguments
 *   build/simtcc -c softmax.cu -o softmax.o -MD            build/simtcc --check vector_add.cu -o vector_add
 *
 * --check: every load and store of the file calls the emulator, which looks at it (common/simt/README.md).
 * --with: another compiler than g++ (or $CXX).
 * --keep: the rewritten files stay, beside the output.
 * Of included files those are rewritten that are named in "quotes" and found beside the file, or in a folder given by
 * -I; <angles> are left alone. */
#define _GNU_SOURCE
#include <libgen.h>
#include <limits.h>
#include <spawn.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>
#include "check.h"
#include "file.h"
#include "rewrite.h"

enum { MAX_FILES = 256, MAX_ARGS = 4096 };

/* A file that was looked at, and what stands for it where it `moves`, because something in it is rewritten. */
typedef struct Rewritten { char *path, *made, *object; bool moves; } Rewritten;

static struct {
    const char *compiler, *output, *depfile;
    bool        check, keep, links, wants_libraries, optimised;
    char       *argv[MAX_ARGS];
    int         n_argv;
    const char *folder[MAX_FILES];          /* -I, and -iquote */
    int         n_folders;
    Rewritten   file[MAX_FILES];
    int         n_files;
} job = { .compiler = "g++", .links = true };

static int say(const char *wrong) { return fprintf(stderr, "simtcc: %s\n", wrong), 1; }

static char *format(const char *how, ...) __attribute__((format(printf, 1, 2)));
static char *format(const char *how, ...)
{
    va_list ap;
    char   *text;
    va_start(ap, how);
    CHECK(vasprintf(&text, how, ap) >= 0, "no memory");
    va_end(ap);
    return text;
}

static void argument(const char *a)
{
    CHECK(job.n_argv < MAX_ARGS - 1, "more than %d arguments", MAX_ARGS - 1);
    job.argv[job.n_argv++] = (char *)a;
}

static void arguments(const char *const *list) { while (*list) argument(*list++); }

static bool begins(const char *s, const char *with) { return !strncmp(s, with, strlen(with)); }
static bool ends(const char *s, const char *with)
{
    size_t n = strlen(s), m = strlen(with);
    return n > m && !strcmp(s + n - m, with);
}

/* ---- Rewriting a file and what it includes ----------------------------------------------------------------------- */

/* The file that #include "name" means in a file of `folder`. NULL: none that is ours to look at. */
static char *found(const char *folder, const char *name)
{
    struct stat s;
    for (int i = -1; i < job.n_folders; i++) {
        const char *in = i < 0 ? folder : job.folder[i];
        char *path = *name == '/' || !strcmp(in, ".") ? strdup(name) : format("%s/%s", in, name);
        if (!stat(path, &s) && S_ISREG(s.st_mode)) return path;
        free(path);
    }
    return NULL;
}

static char *folder_of(const char *path)
{
    char *copy = strdup(path), *folder = strdup(dirname(copy));
    free(copy);
    return folder;
}

static Rewritten *look_into(char *path);

/* Whether what f includes moves: then f must, for it names the new place. */
static void look_at_includes(Rewritten *f, const char *text)
{
    char  name[PATH_MAX], *folder = folder_of(f->path);
    for (const char *line = text; line; line = strchr(line, '\n')) {
        line += *line == '\n';
        int before = 0;
        sscanf(line, " # include \"%*[^\"\n]%n", &before);
        if (!before || sscanf(line, " # include \"%4095[^\"\n]", name) != 1) continue;
        char *path = found(folder, name);
        if (path) f->moves |= look_into(path)->moves;
    }
    free(folder);
}

/* The file of that path, looked at once; it takes the path. */
static Rewritten *look_into(char *path)
{
    FileBytes  text;
    Rewritten *f = job.file;
    while (f < job.file + job.n_files && strcmp(f->path, path)) f++;
    if (f < job.file + job.n_files) return free(path), f;
    CHECK(job.n_files < MAX_FILES, "more than %d files included", MAX_FILES);
    job.n_files++;
    *f = (Rewritten){ .path = path };
    if (file_read(path, &text)) return f;           /* the compiler will say why */
    char *t = (char *)text.data;
    f->moves = strstr(t, "<<<") || strstr(t, "__shared__");     /* before its includes: they may include it */
    look_at_includes(f, t);
    f->made = format("%s.%d.h", job.output, (int)(f - job.file));
    free(text.data);
    return f;
}

typedef struct Including { char *folder; bool moved; } Including;

/* What has moved is named by its new place. What stays is named from here by a file that lies elsewhere now. */
static const char *included(void *with, const char *name)
{
    Including *from = with;
    char      *path = found(from->folder, name);
    if (!path) return NULL;
    Rewritten *f = look_into(path);
    return f->moves ? f->made : from->moved ? f->path : NULL;
}

static const char *make(Rewritten *f)
{
    FileBytes   text;
    int         changed;
    const char *wrong = file_read(f->path, &text);
    if (wrong) return wrong;
    FILE *out = fopen(f->made, "w");
    if (!out) return free(text.data), sentence("%s cannot be written", f->made);
    Including from = { .folder = folder_of(f->path), .moved = ends(f->made, ".h") };
    fprintf(out, "#line 1 \"%s\"\n", f->path);
    wrong = rewrite(out, f->path, (char *)text.data, text.size, included, &from, &changed);
    if (fclose(out) && !wrong) wrong = sentence("%s cannot be written", f->made);
    free(text.data);
    free(from.folder);
    return wrong;
}

/* The .cu files, and before them the headers that move: what a header's kernels are must be known at their launch. */
static const char *make_all(int given)
{
    const char *wrong = NULL;
    for (int i = 0; i < given && !wrong; i++) {
        FileBytes text;
        job.file[i].made = format("%s.%d.cpp", job.output, i);
        job.file[i].object = format("%s.%d.o", job.output, i);
        if ((wrong = file_read(job.file[i].path, &text))) break;
        look_at_includes(&job.file[i], (char *)text.data);
        free(text.data);
    }
    for (int i = given; i < job.n_files && !wrong; i++)
        if (job.file[i].moves) wrong = make(&job.file[i]);
    for (int i = 0; i < given && !wrong; i++) wrong = make(&job.file[i]);
    return wrong;
}

/* The list of what the output depends on names what was written, not what was made of it. */
static const char *mend_depfile(void)
{
    FileBytes   text;
    const char *wrong = job.depfile ? file_read(job.depfile, &text) : NULL;
    if (!job.depfile || wrong) return wrong;
    FILE *f = fopen(job.depfile, "w");
    for (const char *p = (char *)text.data; f && *p;) {
        Rewritten *r = job.file;
        while (r < job.file + job.n_files && !(r->made && begins(p, r->made))) r++;
        if (r == job.file + job.n_files) fputc(*p++, f);
        else fputs(r->path, f), p += strlen(r->made);
    }
    if (!f || fclose(f)) wrong = sentence("%s cannot be written", job.depfile);
    free(text.data);
    return wrong;
}

/* ---- The command ------------------------------------------------------------------------------------------------- */

static char *root(void)                     /* the folder that holds build/simtcc */
{
    static char path[PATH_MAX];
    ssize_t     n = readlink("/proc/self/exe", path, sizeof path - 1);
    CHECK(n > 0, "/proc/self/exe says nothing");
    path[n] = 0;
    return dirname(dirname(path));
}

static char *replaced_end(const char *path, const char *end)      /* x/y.o and .d: x/y.d */
{
    const char *dot = strrchr(path, '.'), *slash = strrchr(path, '/');
    return format("%.*s%s", (int)(dot && (!slash || dot > slash) ? dot - path : (long)strlen(path)), path, end);
}

/* What was written for a GPU: type puns through pointers, stacks that must not be jumped over. In DWARF 5 the rewritten
 * file has a number of its own, and some lines would be told as that one's. */
static const char *const always[] = { "-std=c++17", "-gdwarf-4", "-fno-strict-aliasing", "-fno-optimize-sibling-calls",
    "-fstack-clash-protection", "-fno-delete-null-pointer-checks", "-D__CUDACC__=1", "-D__SIMT__=1", "-include",
    "cuda_runtime.h", NULL };
/* Comparing threadIdx.x with an int is everybody's habit, and nvcc's pragmas and attributes are not g++'s. */
static const char *const quiet[] = { "-Wno-unknown-pragmas", "-Wno-attributes", "-Wno-sign-compare", NULL };
/* The hooks of -fsanitize=thread, of basic blocks and of array bounds, whose functions are the emulator's. Scalar code:
 * a vector's load would be one access where a GPU makes several. */
static const char *const checked[] = { "-DSIMT_CHECK=1", "-O1", NULL };
static const char *const checked_gcc[] = { "-fsanitize=thread,bounds", "-fsanitize-coverage=trace-pc",
    "--param", "tsan-instrument-func-entry-exit=0", "--param", "tsan-distinguish-volatile=1", NULL };
static const char *const checked_clang[] = { "-fsanitize=thread,array-bounds",
    "-fsanitize-coverage=trace-pc,bb,no-prune", "-fno-vectorize", "-fno-slp-vectorize",
    "-mllvm", "-tsan-instrument-func-entry-exit=0", "-mllvm", "-tsan-distinguish-volatile=1",
    "-mllvm", "-tsan-instrument-read-before-write=1", NULL };

static void flags(const char *top, int given)
{
    argument(job.compiler);
    argument(format("-isystem%s/common/simt/include", top));
    arguments(always);
    for (int i = 0; i < given; i++)             /* the rewritten file lies elsewhere */
        argument(format("-iquote%s", dirname(strdup(job.file[i].path))));
    argument("-iquote.");
    if (!job.optimised) argument("-O2");
}

static const char *read_arguments(int argc, char **argv)
{
    bool deps = false;
    for (int i = 1; i < argc; i++) {
        const char *a = argv[i], *next = i + 1 < argc ? argv[i + 1] : "";
        if (!strcmp(a, "--check")) job.check = true;
        else if (!strcmp(a, "--keep")) job.keep = true;
        else if (begins(a, "--with=")) job.compiler = a + 7;
        else if (!strcmp(a, "-o")) job.output = next;
        else if (!strcmp(a, "-MF")) job.depfile = next;
        else if (!strcmp(a, "-MD") || !strcmp(a, "-MMD")) deps = true;
        else if (!strcmp(a, "-c") || !strcmp(a, "-S") || !strcmp(a, "-E")) job.links = false;
        else if (!strcmp(a, "-fsyntax-only")) job.links = false;
        else if (begins(a, "-O")) job.optimised = true;
        else if (begins(a, "-I") || begins(a, "-iquote")) {
            const char *dir = a + (a[1] == 'I' ? 2 : 7);
            if (job.n_folders < MAX_FILES) job.folder[job.n_folders++] = *dir ? dir : next;
        }
    }
    if (job.n_folders < MAX_FILES) job.folder[job.n_folders++] = ".";
    for (int i = 1; i < argc; i++) {
        if (!ends(argv[i], ".cu") || (i > 1 && !strcmp(argv[i - 1], "-o"))) continue;
        if (job.n_files == MAX_FILES) return sentence("more than %d files", MAX_FILES);
        job.file[job.n_files++] = (Rewritten){ .path = argv[i] };
    }
    if (!job.n_files) return "which .cu file? build/simtcc [--check] -c x.cu -o x.o";
    if (!job.output && !job.links && job.n_files > 1) return "several .cu files with -c: one at a time";
    if (!job.output) job.output = job.links ? "a.out" : replaced_end(basename(strdup(job.file[0].path)), ".o");
    if (job.links) job.depfile = NULL;
    else if (deps && !job.depfile) job.depfile = replaced_end(job.output, ".d");
    return NULL;
}

/* Libraries of NVIDIA's are the emulator's own, over libcommon.a: build/simt/libs says what that needs. */
static bool is_library(const char *a)
{
    static const char *const ours[] = { "-lcublas", "-lcublasLt", "-lcudnn", "-lcudart", "-lcuda", "-lcurand", NULL };
    for (const char *const *l = ours; *l; l++)
        if (!strcmp(a, *l)) return true;
    return false;
}

/* Whether `a` is for the linker alone; *value: and so is what follows it. */
static bool for_linker(const char *a, bool *value)
{
    *value = !strcmp(a, "-Xlinker") || !strcmp(a, "-l") || !strcmp(a, "-L");
    return begins(a, "-l") || begins(a, "-L") || begins(a, "-Wl,") || *value;
}

static bool takes_value(const char *a)
{
    static const char *const two[] = { "-I", "-D", "-U", "-include", "-isystem", "-iquote", "-idirafter", "-MF", "-MT",
        "-MQ", "--param", "-mllvm", "-x", "-Xlinker", "-l", "-L", NULL };
    for (const char *const *t = two; *t; t++)
        if (!strcmp(a, *t)) return true;
    return false;
}

enum { LINK = -1 };

/* What was given, for compiling file `cu`, or to link. A compilation that a link follows leaves out what is the
 * linker's, and nobody asks it for dependencies. */
static void pass_on(int argc, char **argv, int cu, int given)
{
    int seen = 0;
    for (int i = 1; i < argc; i++) {
        const char *a = argv[i];
        bool        value = false, own = seen < given && a == job.file[seen].path;
        bool        linkers = for_linker(a, &value) || (*a != '-' && !own);
        if (!strcmp(a, "-o")) i++;
        else if (!strcmp(a, "--check") || !strcmp(a, "--keep") || begins(a, "--with=")) continue;
        else if (own) {
            if (cu == seen) argument(job.file[seen].made);
            else if (cu == LINK) argument(job.file[seen].object);
            seen++;
        } else if (is_library(a)) job.wants_libraries = true;
        else if (job.links && begins(a, "-M")) i += takes_value(a);
        else if (job.links && cu != LINK && linkers) i += value;
        else {
            argument(a);
            if (takes_value(a) && i + 1 < argc) argument(argv[++i]);
        }
    }
}

static int run(void)
{
    extern char **environ;
    pid_t pid;
    int   status;
    job.argv[job.n_argv] = NULL;
    if (posix_spawnp(&pid, job.compiler, NULL, NULL, job.argv, environ))
        return say(sentence("%s is not there, and .cu files need a C++ compiler (make doctor)", job.compiler));
    if (waitpid(pid, &status, 0) < 0) return say("the compiler was lost");
    return WIFEXITED(status) ? WEXITSTATUS(status) : 1;
}

static int compile_one(int argc, char **argv, const char *top, int cu, int given)
{
    bool clang = strstr(job.compiler, "clang");
    job.n_argv = 0;
    flags(top, given);
    pass_on(argc, argv, cu, given);
    arguments(quiet);
    if (clang) argument("-Wno-pass-failed");    /* #pragma unroll is a wish */
    if (job.check) {
        arguments(checked);
        arguments(clang ? checked_clang : checked_gcc);
    }
    if (job.links) argument("-c");
    argument("-o");
    argument(job.links ? job.file[cu].object : job.output);
    return run();
}

/* Without -fsanitize: the hooks' functions are the emulator's, not the sanitizer's. */
static int link_all(int argc, char **argv, const char *top, int given)
{
    FileBytes libs = { 0 };
    job.n_argv = 0;
    argument(job.compiler);
    pass_on(argc, argv, LINK, given);
    argument("-o");
    argument(job.output);
    argument(format("%s/build/simt/libsimt.a", top));
    if (job.wants_libraries) {
        const char *wrong = file_read(format("%s/build/simt/libs", top), &libs);
        if (wrong) return say(wrong);
        argument(format("%s/build/ref/libcommon.a", top));
        for (char *a = strtok((char *)libs.data, " \n"); a; a = strtok(NULL, " \n")) argument(a);
    }
    argument("-pthread");
    argument("-ldl");
    return run();
}

int main(int argc, char **argv)
{
    const char *cxx = getenv("CXX");
    if (cxx && *cxx) job.compiler = cxx;
    const char *wrong = read_arguments(argc, argv);
    int         given = job.n_files, status = 1;
    if (!wrong) wrong = make_all(given);
    const char *top = root();
    for (int i = 0; i < given && !wrong && (i == 0 || !status); i++) status = compile_one(argc, argv, top, i, given);
    if (!wrong && !status && job.links) status = link_all(argc, argv, top, given);
    if (!wrong && !status) wrong = mend_depfile();
    else if (job.depfile) unlink(job.depfile);      /* it names files that are about to go */
    for (int i = 0; i < job.n_files && !job.keep; i++) {
        if (job.file[i].made && (i < given || job.file[i].moves)) unlink(job.file[i].made);
        if (i < given && job.links && job.file[i].object) unlink(job.file[i].object);
    }
    return wrong ? say(wrong) : status;
}
