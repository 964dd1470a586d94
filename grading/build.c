/* build.c -- compiles the learner's file and links a worker of it; says what is wrong in a line of their file. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <glob.h>
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>
#include "grade.h"
#include "launch.h"

bool toolchain_read(Toolchain *t)
{
    char  line[5000], first[200];
    FILE *f = fopen("build/toolchain", "r");
    memset(t, 0, sizeof *t);
    if (!f) return false;
    while (fgets(line, sizeof line, f)) {
        line[strcspn(line, "\n")] = 0;
        if (!strncmp(line, "cc ", 3)) snprintf(t->cc, sizeof t->cc, "%.3900s", line + 3);
        if (!strncmp(line, "cu ", 3)) snprintf(t->cu, sizeof t->cu, "%.3900s", line + 3);
        if (!strncmp(line, "cucheck ", 8)) snprintf(t->cucheck, sizeof t->cucheck, "%.3900s", line + 8);
        if (!strncmp(line, "version ", 8)) snprintf(t->version, sizeof t->version, "%.190s", line + 8);
    }
    fclose(f);
    snprintf(first, sizeof first, "%.*s", (int)strcspn(t->cc, " "), t->cc);
    char version[80] = "", command[300];
    snprintf(command, sizeof command, "%s -dumpfullversion -dumpversion 2>/dev/null", first);
    if ((f = popen(command, "r"))) {
        if (!fgets(version, sizeof version, f)) *version = 0;
        pclose(f);
    }
    version[strcspn(version, "\n")] = 0;
    const char *o = strstr(t->cc, " -O");
    snprintf(t->compiler, sizeof t->compiler, "%s %s%.*s", first, version, o ? (int)strcspn(o + 1, " ") + 1 : 0,
             o ? o : "");
    return *t->cc;
}

static int run_format(const char *output, const char *result, const char *const *readable, const char *format,
                      va_list ap)
{
    char *command = NULL;
    if (vasprintf(&command, format, ap) < 0) command = NULL;
    int status = !command ? 127
                 : result ? launch_compiler(output, result, readable, command)
                          : launch_shell(output, command);
    free(command);
    return status;
}

int shell(const char *output, const char *format, ...)
{
    va_list ap;
    va_start(ap, format);
    int status = run_format(output, NULL, NULL, format, ap);
    va_end(ap);
    return status;
}

/* The same with a learner's file: of ours it reads what is listed, and what it leaves in $OUT becomes `result`. */
static int shell_shut(const char *output, const char *result, const char *const *readable, const char *format, ...)
    __attribute__((format(printf, 4, 5)));
static int shell_shut(const char *output, const char *result, const char *const *readable, const char *format, ...)
{
    va_list ap;
    va_start(ap, format);
    int status = run_format(output, result, readable, format, ap);
    va_end(ap);
    return status;
}

/* A file, and no pipe that nobody writes to or device that never ends. */
static FILE *open_file(const char *path)
{
    struct stat s;
    int fd = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
    if (fd >= 0 && !fstat(fd, &s) && S_ISREG(s.st_mode)) return fdopen(fd, "rb");
    if (fd >= 0) close(fd);
    return NULL;
}

char *read_bytes(const char *path, size_t *n)
{
    FILE *f = open_file(path);
    long  size = f && !fseek(f, 0, SEEK_END) ? ftell(f) : -1;
    char *bytes = size >= 0 && size < INT_MAX ? malloc((size_t)size + 1) : NULL;
    *n = bytes && !fseek(f, 0, SEEK_SET) ? fread(bytes, 1, (size_t)size, f) : 0;
    if (f) fclose(f);
    return bytes;
}

char *read_text(const char *path, size_t most)
{
    FILE  *f = open_file(path);
    char  *text = calloc(1, most + 1);
    size_t n = 0;
    if (!text) abort();
    if (f) {
        n = fread(text, 1, most, f);
        fclose(f);
    }
    for (size_t i = 0; i < n; i++) if (!text[i]) text[i] = '?';
    return text;
}

/* What a learner's code says is shown, never obeyed: printable ASCII, the rest as \xNN, newlines as they are. */
const char *printable(const char *text, size_t n, char *out, size_t size)
{
    size_t at = 0;
    for (size_t i = 0; i < n && i < 512 && at + 6 < size; i++) {
        unsigned char c = (unsigned char)text[i];
        if (c == '\n' || (c >= ' ' && c <= '~')) out[at++] = (char)c;
        else at += (size_t)snprintf(out + at, size - at, "\\x%02x", c);
    }
    out[at] = 0;
    return out;
}

/* ---- The compiler's words -------------------------------------------------------------------------------------- */

static bool line_says(const char *line, const char *end, const char *what)
{
    const char *p = strstr(line, what);
    return p && p < end;
}

/* The first line of `kind` that stands in work/, else the first at all; how many there are. */
static int first_line(const char *text, const char *kind, const char *file, char *out, size_t size)
{
    int n = 0;
    bool own = false;
    *out = 0;
    for (const char *p = text, *end; *p; p = *end ? end + 1 : end) {
        end = p + strcspn(p, "\n");
        if (!line_says(p, end, kind)) continue;
        n++;
        if (n > 1 && (own || strncmp(p, file, strlen(file)))) continue;
        own = !strncmp(p, file, strlen(file));
        snprintf(out, size, "%.*s", (int)(end - p), p);
    }
    return n;
}

/* "start.c:34:(.text+0xa): undefined": newer linkers say where in the object too, which tells a learner nothing. */
static void drop_section(char *line)
{
    char *from = strstr(line, ":(."), *to = from ? strstr(from, "): ") : NULL;
    if (to) memmove(from, to + 1, strlen(to + 1) + 1);
}

/* A compiler that found no room for what it writes says nothing about the file: that is our fault, and no zero. */
static bool no_room(Exercise *e)
{
    enum { ROOM = 1 << 20 };
    char folder[2][400], path[420];
    snprintf(folder[0], sizeof folder[0], "%.300s", getenv("TMPDIR") ? getenv("TMPDIR") : "/tmp");
    snprintf(folder[1], sizeof folder[1], "build/mine/%s", e->dir);
    for (int i = 0; i < 2; i++) {
        snprintf(path, sizeof path, "%.399s/room-XXXXXX", folder[i]);
        int fd = mkstemp(path), why = fd < 0 ? errno : posix_fallocate(fd, 0, ROOM);
        if (fd >= 0) unlink(path), close(fd);
        if (!why) continue;
        snprintf(e->state, sizeof e->state, "INTERNAL");
        snprintf(e->text, sizeof e->text, "%.399s cannot be written: %s", folder[i], strerror(why));
        return true;
    }
    return false;
}

static void explain_build(Exercise *e, const char *text)
{
    if (no_room(e)) return;
    char line[600], *own;
    int  n = first_line(text, "undefined reference", "work/", line, sizeof line);
    if (!n) n = first_line(text, "error: ", "work/", line, sizeof line);
    drop_section(line);
    own = strstr(line, e->source);                      /* the linker writes whole paths, of our folders too */
    if (!own) own = line;
    snprintf(e->state, sizeof e->state, "BUILD");
    printable(n ? own : text, n ? strlen(own) : strcspn(text, "\n"), e->text, sizeof e->text);
    if (!*e->text) snprintf(e->text, sizeof e->text, "the compiler was ended: it took too long or too much memory");
    e->more_errors = n > 1 ? n - 1 : 0;
}

static void explain_warnings(Exercise *e, const char *text)
{
    char line[300];
    int  n = first_line(text, "warning: ", "work/", line, sizeof line);
    if (n) printable(line, strlen(line), e->warning, sizeof e->warning);
    e->more_warnings = n > 1 ? n - 1 : 0;
}

/* ---- Compiling and linking ------------------------------------------------------------------------------------- */

static bool make_folder(const char *variant, const char *dir)
{
    char path[400];
    snprintf(path, sizeof path, "build/%s/%s", variant, dir);
    for (char *p = strchr(path + 6, '/'); p; p = strchr(p + 1, '/')) {
        *p = 0;
        mkdir(path, 0777);
        *p = '/';
    }
    return !mkdir(path, 0777) || !access(path, W_OK);
}

/* The header alone on the learner's path: beside it in its folder lies the reference, one #include away. */
static bool copy_header(const Exercise *e)
{
    char from[400], to[400];
    snprintf(from, sizeof from, "%s/%s.h", e->dir, e->name);
    snprintf(to, sizeof to, "build/mine/%s/include", e->dir);
    mkdir(to, 0777);
    snprintf(to, sizeof to, "build/mine/%s/include/%s.h", e->dir, e->name);
    char *text = read_text(from, 1 << 20);
    FILE *f = fopen(to, "w");
    bool  ok = f && fputs(text, f) >= 0;
    free(text);
    return f && !fclose(f) && ok;
}

/* No source of ours is among them: it would be an answer, one #include away. */
enum { MAX_READABLE = 1000 };
static void our_headers(const Exercise *e, const char *own[MAX_READABLE], glob_t *headers)
{
    static char folder[400], include[400];
    int n = 0;
    snprintf(folder, sizeof folder, "work/%s", e->dir);
    snprintf(include, sizeof include, "build/mine/%s/include", e->dir);
    own[n++] = folder, own[n++] = include, own[n++] = "build/deps";
    if (e->gpu) own[n++] = "build/simtcc", own[n++] = "common/simt";
    glob("common/*.h", 0, NULL, headers);
    glob("grading/probe.h", GLOB_APPEND, NULL, headers);
    glob("stage[0-9]/*/*.h", GLOB_APPEND, NULL, headers);   /* contracts: what others of its needs: line offer */
    for (size_t i = 0; i < headers->gl_pathc && n < MAX_READABLE - 1; i++) own[n++] = headers->gl_pathv[i];
    own[n] = NULL;
}

static bool compile(const Exercise *e, const char *compiler, const char *object, const char *flags, const char *log)
{
    char *text = read_text(e->source, 1 << 20);
    bool  todo = strstr(text, "TODO(") != NULL;
    const char *quiet = todo ? "-Wno-unused -Wno-unused-parameter" : "", *own[MAX_READABLE];
    glob_t headers;
    free(text);
    our_headers(e, own, &headers);
    int status = shell_shut(log, object, own,
                            "%s %s -fdiagnostics-color=never %s -I'build/mine/%s/include' -c -o \"$OUT\" '%s'",
                            compiler, flags, quiet, e->dir, e->source);
    globfree(&headers);
    return status == 0;
}

bool build_preprocessed(const Exercise *e, const Toolchain *t, const char *flags, const char *path)
{
    const char *own[MAX_READABLE];
    char   log[400];
    glob_t headers;
    /* as it stands, not as simtcc rewrites it; the lines say whose they are */
    static const char of_cuda[] = "-x c++ -std=c++17 -Icommon -isystem common/simt/include -D__CUDACC__=1 -D__SIMT__=1 "
                                  "-include cuda_runtime.h";
    char cxx[300] = "";
    if (e->gpu) sscanf(strstr(t->cu, "--with=") ? strstr(t->cu, "--with=") + 7 : "", "%299s", cxx);
    snprintf(log, sizeof log, "%s.errors", path);
    our_headers(e, own, &headers);
    int status = shell_shut(log, path, own, "%s %s -E %s -I'build/mine/%s/include' -o \"$OUT\" '%s'",
                            e->gpu ? cxx : t->cc, flags, e->gpu ? of_cuda : "-P", e->dir, e->source);
    globfree(&headers);
    unlink(log);
    return status == 0;
}

/* Even what looks at a stranger's program is shut in; its words are the stranger's. */
char *look_into(const char *program, const char *format, ...)
{
    const char *own[] = { program, "build/deps", NULL };
    char   *command = NULL, *with = NULL, looked[400];
    va_list ap;
    va_start(ap, format);
    if (vasprintf(&command, format, ap) < 0 || asprintf(&with, "%s >\"$OUT\"", command) < 0) abort();
    va_end(ap);
    snprintf(looked, sizeof looked, "%s.looked", program);
    char *text = launch_compiler("/dev/null", looked, own, with) ? strdup("") : read_text(looked, 1 << 16);
    unlink(looked);
    free(command), free(with);
    for (char *c = text; c && *c; c++)
        if ((*c < ' ' || *c > '~') && *c != '\n') *c = '?';
    return text;
}

bool build_asks_for(const char *object, const char *name)
{
    char *text = look_into(object, "nm -u '%s'", object);
    bool  found = strstr(text, name) != NULL;
    free(text);
    return found;
}

/* What is linked is read from all over build/; the linker runs no code of the learner's. */
static bool link_worker(const char *log, const char *dir, const char *object, const char *worker, const char *further)
{
    const char *own[MAX_READABLE] = { "common", "grading", "build", "build/ref", "build/ref/libcommon.a",
                                        "build/toolchain", "build/deps", "build/asan", "build/count", "build/debug",
                                        "build/simt" };
    glob_t stages;
    glob("stage[0-9]", 0, NULL, &stages);
    for (size_t i = 0, n = 11; i < stages.gl_pathc && n < MAX_READABLE - 1; i++) own[n++] = stages.gl_pathv[i];
    int status = shell_shut(log, worker, own, "sh grading/link.sh '%s' '%s' \"$OUT\" %s", dir, object, further);
    globfree(&stages);
    return status == 0;
}

static void note_symbols(Exercise *e, const char *text)
{
    for (const char *p = text; *p; p += strcspn(p, "\n"), p += *p == '\n') {
        char word[100], name[420];
        if (sscanf(p, "extra %99s", word) != 1) continue;
        printable(word, strlen(word), name, sizeof name);
        if (strlen(e->extra) + strlen(name) + 3 > sizeof e->extra) continue;
        if (*e->extra) strcat(e->extra, ", ");
        strcat(e->extra, name);
    }
}

bool build_learner(Exercise *e, const Toolchain *t, bool verbose)
{
    char log[400], object[400], worker[400], *text;
    if (!make_folder("mine", e->dir) || !copy_header(e)) {
        snprintf(e->state, sizeof e->state, "INTERNAL");
        snprintf(e->text, sizeof e->text, "build/mine/%s cannot be written", e->dir);
        return false;
    }
    snprintf(log, sizeof log, "build/mine/%s/errors", e->dir);
    snprintf(object, sizeof object, "build/mine/%s/%s.o", e->dir, e->name);
    bool ok = compile(e, e->gpu ? t->cu : t->cc, object, "", log);
    text = read_text(log, 1 << 16);
    if (verbose) fputs(text, stdout);
    if (!ok) explain_build(e, text);
    else explain_warnings(e, text);
    free(text);
    if (!ok) return false;
    snprintf(worker, sizeof worker, "build/mine/%s/worker", e->dir);
    ok = link_worker(log, e->dir, object, worker, "");
    text = read_text(log, 1 << 16);
    note_symbols(e, text);
    if (!ok) explain_build(e, text);
    free(text);
    return ok;
}

bool newer(const char *a, const char *b)
{
    struct stat s, t;
    if (stat(a, &s) || stat(b, &t)) return false;
    return s.st_mtim.tv_sec != t.st_mtim.tv_sec ? s.st_mtim.tv_sec > t.st_mtim.tv_sec
                                                : s.st_mtim.tv_nsec >= t.st_mtim.tv_nsec;
}

/* build/VARIANT/DIR/NAME.o, an object of ours, kept until its source or the ordinary one that make wrote is newer. It
 * appears whole or not at all. */
static bool our_object(const Toolchain *t, const char *variant, const char *flags, const char *dir, const char *name,
                       const char *suffix, const char *log)
{
    char source[400], object[400], ordinary[400], new[420];
    snprintf(source, sizeof source, "%s/%s.c", dir, name);
    snprintf(object, sizeof object, "build/%s/%s/%s%s", variant, dir, name, suffix);
    snprintf(ordinary, sizeof ordinary, "build/ref/%s/%s%s", dir, name, suffix);
    snprintf(new, sizeof new, "%s.new", object);
    if (newer(object, source) && newer(object, ordinary)) return true;
    return !shell(log, "%s %s -w -I'%s' -c -o '%s' '%s'", t->cc, flags, dir, new, source) && !rename(new, object);
}

/* The reference in a variant. */
static bool our_program(const Exercise *e, const Toolchain *t, const char *variant, const char *flags, const char *log)
{
    char worker[400], ordinary[400], new[420];
    variant_program(e, variant, true, worker, sizeof worker);
    snprintf(ordinary, sizeof ordinary, "build/ref/%s/worker", e->dir);
    snprintf(new, sizeof new, "%s.new", worker);
    if (newer(worker, ordinary)) return true;
    return our_object(t, variant, flags, e->dir, e->name, ".o", log)
           && !shell(log, "sh grading/link.sh '%s' 'build/%s/%s/%s.o' '%s' %s %s", e->dir, variant, e->dir, e->name,
                     new, variant, flags)
           && !rename(new, worker);
}

/* What is ours in a variant, shared by all gradings: made by the one that comes first, while the others wait. */
static bool build_shared(const Exercise *e, const Toolchain *t, const char *variant, const char *flags, bool reference)
{
    char path[400], test[80];
    if (!make_folder(variant, e->dir) || !make_folder(variant, "grading")) return false;
    snprintf(path, sizeof path, "build/%s/lock", variant);
    int lock = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0666);
    if (lock >= 0) flock(lock, LOCK_EX);
    snprintf(path, sizeof path, "build/%s/%s/errors", variant, e->dir);
    snprintf(test, sizeof test, "test_%s", e->name);
    bool ok = our_object(t, variant, flags, "grading", "worker", ".o", path)
              && our_object(t, variant, flags, "grading", "probe", ".o", path)
              && our_object(t, variant, flags, e->dir, test, ".worker.o", path)
              && !shell(path, "sh grading/link.sh '%s' - - %s %s", e->dir, variant, flags)
              && (!reference || our_program(e, t, variant, flags, path));
    if (lock >= 0) close(lock);
    return ok;
}

const char *variant_program(const Exercise *e, const char *variant, bool reference, char *out, size_t size)
{
    bool checked = !strcmp(variant, CHECKED);
    if (reference && e->gpu) snprintf(out, size, "build/ref/%s/worker%s", e->dir, checked ? ".check" : "");
    else if (reference) snprintf(out, size, "build/%s/%s/reference.worker", variant, e->dir);
    else if (!*variant) snprintf(out, size, "build/mine/%s/worker", e->dir);
    else snprintf(out, size, "build/mine/%s/%s.worker", e->dir, variant);
    return out;
}

Variant variant_of(const Exercise *e, const char *step, const char *mutant, bool checked)
{
    Variant v = { 0 };
    char    name[140];
    bool    deleted = !strcmp(mutant, "deleted");
    snprintf(name, sizeof name, "%.64s%s%.64s", deleted ? "" : step, deleted ? "" : ".", mutant);
    if (e->gpu)
        snprintf(v.program, sizeof v.program, "build/ref/%s/mutants/%s.%s", e->dir, name, checked ? CHECKED : "fast");
    else {
        snprintf(v.program, sizeof v.program, "build/ref/%s/mutants/frame", e->dir);
        snprintf(v.preload, sizeof v.preload, "build/ref/%s/mutants/%s.so", e->dir, name);
    }
    return v;
}

bool build_variant(Exercise *e, const Toolchain *t, const char *variant, const char *flags, bool reference)
{
    char log[400], object[400], worker[400], further[400];
    const bool checked = e->gpu && !strcmp(variant, CHECKED);
    if (!e->gpu) {
        bool shared = build_shared(e, t, variant, flags, reference);
        if (!shared || reference) return shared;
    }
    snprintf(log, sizeof log, "build/mine/%s/%s.errors", e->dir, variant);
    snprintf(object, sizeof object, "build/mine/%s/%s.o", e->dir, variant);
    variant_program(e, variant, false, worker, sizeof worker);
    snprintf(further, sizeof further, "%s %s", e->gpu ? "ref" : variant, e->gpu ? "" : flags);
    return compile(e, checked ? t->cucheck : e->gpu ? t->cu : t->cc, object, flags, log)
           && link_worker(log, e->dir, object, worker, further);
}
