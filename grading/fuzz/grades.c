/* grades.c -- any bytes as what a learner's code sent and printed: the report is plain text, grade.json can be read. */
#define _GNU_SOURCE
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>
#include "../grade.h"
#include "check.h"
#include "findings.h"
#include "fuzz.h"

/* gpu.c asks a program of the learner's for its lines; here is none, and no exercise of that kind. */
void name_places(const Exercise *e, const char *program, char *text, size_t size)
{
    (void)e, (void)program, (void)text, (void)size;
}

/* One step that fails as these bytes do. */
static void fill(Exercise *e, const Run *ref, const Run *mine)
{
    Finding f;
    compare_runs(ref, mine, true, &f);
    snprintf(e->dir, sizeof e->dir, "stage0/00_start"), snprintf(e->name, sizeof e->name, "start");
    snprintf(e->source, sizeof e->source, "work/stage0/00_start/start.c");
    e->n_steps = e->n_checks = e->points_steps = 1;
    Step *s = &e->step[0];
    Check *c = &e->check[0];
    snprintf(s->name, sizeof s->name, "start_dot"), snprintf(s->kind, sizeof s->kind, "todo");
    snprintf(c->step, sizeof c->step, "start_dot"), snprintf(c->name, sizeof c->name, "by_pencil");
    snprintf(s->state, sizeof s->state, "%s", f.verdict), snprintf(c->verdict, sizeof c->verdict, "%s", f.verdict);
    s->n = 1, s->passed = !strcmp(f.verdict, "PASS"), s->of = 100;
    c->report = findings_json(&f);
    if (!s->passed) s->first = c;
    printable(mine->text, mine->text_size, e->printed, sizeof e->printed);
    printable(mine->text, mine->text_size, e->warning, sizeof e->warning);
    printable(mine->text, mine->text_size, e->sanitizer, sizeof e->sanitizer);
    e->sanitized = true;
    if (*e->printed) e->printed_by = s;
}

static char *told(const Exercise *e, const Options *o)
{
    bool  explained = false;
    int   kept = dup(1), fd = memfd_create("told", MFD_CLOEXEC);
    fflush(stdout);
    CHECK(kept >= 0 && fd >= 0 && dup2(fd, 1) == 1, "no file in memory");
    report_exercise(e, o, &explained);
    Exercise copy = *e;
    copy.printed_by = NULL;
    report_end(&copy, 1, o, &(Toolchain){ .compiler = "gcc" });
    fflush(stdout);
    off_t size = lseek(fd, 0, SEEK_END);
    char *text = calloc(1, (size_t)size + 1);
    CHECK(text && pread(fd, text, (size_t)size, 0) == size, "no memory");
    dup2(kept, 1), close(kept), close(fd);
    return text;
}

/* The house's middle dot is the only letter beyond ASCII. */
static void expect_report(char *text)
{
    for (char *dot; (dot = strstr(text, "\302\267"));) dot[0] = dot[1] = '.';
    findings_plain(text);
}

/* report.c writes work/grade.json from where it stands: a folder in memory, taken away at the end. */
static char folder[] = "/dev/shm/grades.XXXXXX";

static void clear_away(void)
{
    if (chdir(folder)) return;
    (void)(unlink("work/grade.json"), rmdir("work"), rmdir(folder));
}

static void go_home(void)
{
    static bool made;
    bool ok = made || (mkdtemp(folder) && !chdir(folder) && !mkdir("work", 0700) && !atexit(clear_away));
    CHECK(ok && !chdir(folder), "no %s", folder);
    made = true;
}

void fuzz_target(const char *path)
{
    static Exercise e;
    int here = open(".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    Run ref = findings_reference(), mine = findings_sent(path);
    memset(&e, 0, sizeof e);
    fill(&e, &ref, &mine);
    go_home();
    char *text = told(&e, &(Options){ .all = true, .seed = 7, .grades = "work/grade.json" });
    expect_report(text);
    json_error_t why;
    json_t *o = json_load_file("work/grade.json", 0, &why);
    CHECK(o && json_array_size(json_object_get(o, "exercises")) == 1, "grade.json: %s", o ? "entries" : why.text);
    CHECK(here >= 0 && !fchdir(here), "no way back");
    close(here);
    json_decref(o), json_decref(e.check[0].report);
    free(text);
    run_free(&ref), run_free(&mine);
}
