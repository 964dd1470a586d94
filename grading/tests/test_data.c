/* test_data.c -- the sets are what the literature says they are; make data brings whole files or none. */
#define _GNU_SOURCE /* setenv */
#include "check.h"
#include "data.h"
#include "scratch.h"
#include <criterion/criterion.h>
#include <limits.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

TestSuite(data, .init = scratch_begin, .fini = scratch_end, .timeout = 120);

static Dataset load(Arena *a, const char *name, Dtype dtype)
{
    Dataset d;
    cr_assert(scratch_fine(data_load(a, name, dtype, &d)));
    cr_assert_str_eq(d.name, name);
    cr_assert(d.x->dtype == dtype && d.x->ndim == 2 && d.y->ndim == 1 && d.y->shape[0] == d.x->shape[0]);
    cr_assert_eq(d.y->dtype, d.classes ? I32 : dtype);
    cr_assert_eq(d.train, d.x->shape[0] - (!strcmp(name, "mnist") ? 10000 : !strcmp(name, "a9a") ? 16281 :
                                                                               d.x->shape[0] / 5));
    return d;
}

/* Shapes, and how many rows of each class: from the sets' own descriptions. */
Test(data, embedded_sets)
{
    static const struct {
        const char *name;
        int rows, columns, classes, count[10], height;
        const char *feature;
    } SET[] = {
        { "digits", 1797, 64, 10, { 178, 182, 177, 183, 181, 182, 181, 179, 174, 180 }, 8, "pixel_0_2" },
        { "iris", 150, 4, 3, { 50, 50, 50 }, 0, "petal_length" },
        { "wine", 178, 13, 3, { 59, 71, 48 }, 0, "ash" },
        { "breast_cancer", 569, 30, 2, { 212, 357 }, 0, "mean_perimeter" },
        { "diabetes", 442, 10, 0, { 0 }, 0, "bmi" },
    };
    Arena *a = arena_new("test");
    for (int i = 0; i < 5; i++) {
        Dataset d = load(a, SET[i].name, i % 2 ? F64 : F32);
        int count[10] = { 0 };
        cr_assert(d.x->shape[0] == SET[i].rows && d.x->shape[1] == SET[i].columns && d.classes == SET[i].classes, "%s",
                  d.name);
        for (int64_t r = 0; d.classes && r < SET[i].rows; r++) count[(int)tensor_get(d.y, r)]++;
        for (int k = 0; k < d.classes; k++)
            cr_assert_eq(count[k], SET[i].count[k], "%s: %d of class %d", d.name, count[k], k);
        cr_assert(d.height == SET[i].height && d.width == SET[i].height);
        cr_assert_str_eq(d.feature[2], SET[i].feature);
        cr_assert(scratch_has(d.from, "(embedded)"));
        cr_assert(data_here(SET[i].name));
    }
    arena_free(a);
}

/* NIST's, as published: so many rows and columns, and what all their targets add up to. */
Test(data, certified_sets)
{
    static const struct {
        const char *name;
        int rows, columns;
        double sum;
    } SET[] = { { "norris", 36, 1, 15112.9 }, { "longley", 16, 6, 1045072 }, { "filip", 82, 1, 69.6652 } };
    Arena *a = arena_new("test");
    for (int i = 0; i < 3; i++) {
        Dataset d = load(a, SET[i].name, F64);
        double sum = 0;
        for (int64_t r = 0; r < d.y->shape[0]; r++) sum += tensor_get(d.y, r);
        cr_assert(d.x->shape[0] == SET[i].rows && d.x->shape[1] == SET[i].columns && d.classes == 0, "%s", d.name);
        cr_assert(fabs(sum - SET[i].sum) < 1e-9 * sum, "%s: the targets add up to %.12g", d.name, sum);
    }
    arena_free(a);
}

/* Row i of the file is unseen where i % 5 == 4; both parts keep the file's order. */
Test(data, split)
{
    Arena *a = arena_new("test");
    Dataset d = load(a, "iris", F64);
    Table t;
    char path[PATH_MAX];
    snprintf(path, sizeof path, "%s/common/data/iris.csv", data_root());
    cr_assert(scratch_fine(csv_read(a, path, (CsvArg){ 0 }, &t)));
    int64_t seen = 0, unseen = d.train;
    for (int64_t i = 0; i < 150; i++) {
        int64_t to = i % 5 == 4 ? unseen++ : seen++;
        for (int k = 0; k < 4; k++)
            cr_assert_eq(tensor_get(d.x, to * 4 + k), tensor_get(t.column[k].number, i), "row %ld", (long)i);
        cr_assert_eq(tensor_get(d.y, to), tensor_get(t.column[4].number, i));
    }
    cr_assert(seen == d.train && unseen == 150);
    arena_free(a);
}

/* Sums over all rows: by awk on scikit-learn's files, apart from this code. Fisher's table begins 5.1 3.5 1.4 0.2. */
Test(data, values)
{
    Arena *a = arena_new("test");
    Dataset d = load(a, "digits", F64);
    double sum = 0, most = 0;
    for (int64_t i = 0; i < tensor_count(d.x); i++) {
        double v = tensor_get(d.x, i);
        cr_assert(v >= 0 && v <= 1);
        sum += 16 * v;
        most = fmax(most, v);
    }
    cr_assert(sum == 561718 && most == 1, "pixels sum to %g", sum);
    d = load(a, "diabetes", F64);
    for (int k = 0; k < 10; k++) { /* each column is centred, with a sum of squares of 1 */
        double s = 0, ss = 0;
        for (int64_t r = 0; r < 442; r++) s += tensor_get(d.x, r * 10 + k), ss += pow(tensor_get(d.x, r * 10 + k), 2);
        cr_assert(fabs(s) < 1e-12 && fabs(ss - 1) < 1e-12, "column %d: sum %g, squares %.17g", k, s, ss);
    }
    double y = 0;
    for (int64_t r = 0; r < 442; r++) y += tensor_get(d.y, r);
    cr_assert_eq(y, 67243); /* mean 152.1334841629 */
    d = load(a, "iris", F32);
    cr_assert(((float *)d.x->data)[0] == 5.1f && ((float *)d.x->data)[3] == .2f);
    arena_free(a);
}

/* The lessons stay what they are, for figures are learnt from them; Shakespeare's plays are what everybody has. */
Test(data, texts)
{
    static const struct { const char *name; int64_t size; int different; } TEXT[] = {
        { "lessons", 138919, 89 }, { "tinyshakespeare", 1115394, 65 },
    };
    Arena *a = arena_new("test");
    Tensor *text;
    for (int i = 0; i < 2 && data_here(TEXT[i].name); i++) {
        int different = 0;
        bool seen[256] = { false };
        cr_assert(scratch_fine(data_text(a, TEXT[i].name, &text)));
        for (int64_t k = 0; k < text->shape[0]; k++) {
            uint8_t c = ((uint8_t *)text->data)[k];
            different += !seen[c];
            seen[c] = true;
        }
        cr_assert(text->shape[0] == TEXT[i].size && different == TEXT[i].different, "%s: %ld of %d", TEXT[i].name,
                  (long)text->shape[0], different);
    }
    cr_assert(data_here("lessons") && !data_here("iliad"));
    cr_assert(scratch_has(data_text(a, "iliad", &text), "there are: lessons"));
    arena_free(a);
}

Test(data, unknown_and_absent)
{
    Arena *a = arena_new("test");
    Dataset d;
    size_t before = arena_in_use(a);
    cr_assert(scratch_has(data_load(a, "digit", F32, &d), "no data set is called digit; there are: digits, iris, "));
    cr_assert(!data_here("digit"));
    cr_assert(data_here("mnist") || scratch_has(data_load(a, "mnist", F32, &d),
                                                "mnist is not here: run make data (or make data MIRROR=folder)"));
    cr_assert_eq(arena_in_use(a), before);
    arena_free(a);
}

Test(data, real_sets)
{
    Arena *a = arena_new("test");
    if (data_here("mnist")) {
        Dataset d = load(a, "mnist", F32);
        cr_assert(d.x->shape[0] == 70000 && d.x->shape[1] == 784 && d.train == 60000 && d.height == 28 && !d.feature);
        static const int FIRST[] = { 5, 0, 4, 1, 9, 2, 1, 3, 1, 4 }, UNSEEN[] = { 7, 2, 1, 0, 4, 1, 4, 9, 5, 9 };
        for (int i = 0; i < 10; i++)
            cr_assert(((int32_t *)d.y->data)[i] == FIRST[i] && ((int32_t *)d.y->data)[60000 + i] == UNSEEN[i]);
        double sum = 0, squares = 0;
        for (int64_t i = 0; i < 60000 * 784; i++) {
            double v = ((float *)d.x->data)[i];
            sum += v, squares += v * v;
        }
        double mean = sum / (60000 * 784), sd = sqrt(squares / (60000 * 784) - mean * mean);
        cr_assert(fabs(mean - .1307) < 5e-5 && fabs(sd - .3081) < 5e-5, "mean %g, deviation %g", mean,
                  sd); /* as everywhere */
    }
    if (data_here("a9a")) {
        Dataset d = load(a, "a9a", F64);
        cr_assert(d.x->shape[0] == 48842 && d.x->shape[1] == 123 && d.classes == 2);
        int high[2] = { 0 }, entries[2] = { 0 };        /* as counted from the files, to learn from and unseen */
        for (int64_t r = 0; r < 48842; r++) {
            high[r >= d.train] += ((int32_t *)d.y->data)[r];
            for (int64_t k = 0; k < 123; k++) entries[r >= d.train] += ((double *)d.x->data)[r * 123 + k] == 1;
        }
        cr_assert(high[0] == 7841 && high[1] == 3846 && entries[0] == 451592 && entries[1] == 225731);
    }
    if (data_here("heart_scale")) {
        Dataset d = load(a, "heart_scale", F32);
        float *x = d.x->data;
        cr_assert(d.x->shape[0] == 270 && d.x->shape[1] == 13 && d.train == 216);
        cr_assert(x[0] == .708333f && x[10] == 0 && ((int32_t *)d.y->data)[0] == 1 && ((int32_t *)d.y->data)[1] == 0);
    }
    if (data_here("california")) {
        Dataset d = load(a, "california", F64);
        cr_assert(d.x->shape[0] == 20640 && d.x->shape[1] == 13 && d.train == 16512 && d.classes == 0);
        int medians = 0, ocean[5] = { 0 };
        for (int64_t r = 0; r < 20640; r++) {
            medians += tensor_get(d.x, r * 13 + 4) == 435;
            for (int k = 0; k < 5; k++) ocean[k] += (int)tensor_get(d.x, r * 13 + 8 + k);
        }
        static const int OCEAN[] = { 9136, 6551, 5, 2290, 2658 };
        for (int k = 0; k < 5; k++) cr_assert_eq(ocean[k], OCEAN[k], "%s: %d", d.feature[8 + k], ocean[k]);
        cr_assert_eq(medians, 207 + 37, "%d districts have the median of 435 bedrooms", medians);
        cr_assert_str_eq(d.feature[8], "ocean=<1H OCEAN");
    }
    arena_free(a);
}

/* ---- A repository of the test's own ---- */

/* Runs a shell command with the folder as $R, "re po" to be awkward; its status, and what it said in `said`. */
static char said[8192];

static int shell(const char *format, ...)
{
    char command[4096], body[3072];
    va_list ap;
    va_start(ap, format);
    vsnprintf(body, sizeof body, format, ap);
    va_end(ap);
    snprintf(command, sizeof command, "R='%s'; S='%s'; { %s; } >'%s' 2>&1", scratch("re po"), data_root(), body,
             scratch("said"));
    int status = system(command);
    scratch_read("said", said, sizeof said);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

/* Two sets: `one` of two files, `two` of one that is packed after it is fetched. The mirror has all of them. */
static void make_repository(void)
{
    static const char MAKE[] =
        "mkdir -p \"$R/common/data\" \"$R/scripts\" \"$R/mir ror/one\" \"$R/mir ror/two\" \"$R/bin\" && cp "
        "\"$S/scripts/data.sh\" \"$R/scripts\" &&"
        "cd \"$R/mir ror\" && echo first >one/a && echo second >one/b && echo third | gzip -1 >two/c.gz &&"
        "sum() { sha256sum | cut -d ' ' -f 1; } &&"
        "{ echo '# a comment'; echo; echo one one/a stored $(sum <one/a) http://x/bad http://x/one/a;"
        "  echo one one/b stored $(sum <one/b) http://x/one/b;"
        "  echo two two/c.gz content $(echo third | sum) 'http://x/t.tgz#in/c'; } >\"$R/common/data/SETS\" &&"
        /* a curl that serves the mirror: curl ... -o FILE http://x/PATH */
        "mkdir -p in && echo third >in/c && tar -czf t.tgz in &&"
        "printf '%%s\\n' '#!/bin/sh' 'while [ $# -gt 2 ]; do shift; done' 'case $2 in */bad) echo \"curl: (22) 404\" "
        ">&2; exit 22 ;; esac'"
        "  'cp \"$SERVED/${2#http://x/}\" \"$1\"' >\"$R/bin/curl\" && chmod +x \"$R/bin/curl\"";
    int status = shell(MAKE);
    cr_assert_eq(status, 0, "%s", said);
}

static void check_whole(void)
{
    cr_assert_eq(shell("cd \"$R/data\" && [ \"$(cat one/a one/b)\" = \"$(echo first; echo second)\" ] && [ \"$(gzip "
                       "-dc two/c.gz)\" = third ]"),
                 0);
    cr_assert_eq(shell("[ \"$(cd \"$R/data\" && find . -type f | wc -l)\" -eq 3 ]"), 0, "something else lies there");
}

Test(data, make_data_copies_from_a_mirror)
{
    make_repository();
    cr_assert_eq(shell("sh \"$R/scripts/data.sh\" \"$R/mir ror\""), 0, "%s", said);
    cr_assert_str_eq(said, "one: 2 files, checked\ntwo: 1 file, checked\n");
    check_whole();
    cr_assert_eq(shell("sh \"$R/scripts/data.sh\" \"$R/mir ror\""), 0);
    cr_assert_str_eq(said, "one: 2 files, already here\ntwo: 1 file, already here\n");
    cr_assert_eq(shell("cd \"$R\" && echo damaged >data/one/b && sh scripts/data.sh 'mir ror' one"), 0);
    cr_assert_str_eq(said, "one: 2 files, checked\n");
    check_whole();
}

Test(data, make_data_fetches)
{
    make_repository();
    cr_assert_eq(shell("cd / && PATH=\"$R/bin:$PATH\" SERVED=\"$R/mir ror\" sh \"$R/scripts/data.sh\" ''"), 0, "%s",
                 said);
    cr_assert_str_eq(said, "one: 2 files, checked\ntwo: 1 file, checked\n",
                     "the second address serves where the first fails");
    check_whole();
    cr_assert_eq(shell("PATH=/nowhere /bin/sh \"$R/scripts/data.sh\" \"$R/mir ror\" 2>&1 | grep -q ."), 0);
}

Test(data, make_data_without_what_it_needs)
{
    make_repository();
    static const char FEW[] =
        "mkdir -p \"$R/few\" && for c in sh cat cut dirname gzip mkdir mv cp chmod rm tail sha256sum tar; do "
        "ln -s \"$(command -v $c)\" \"$R/few/$c\"; done";
    int status = shell(FEW);
    cr_assert_eq(status, 0);
    cr_assert_eq(shell("PATH=\"$R/few\" sh \"$R/scripts/data.sh\" ''"), 1);
    cr_assert(scratch_has(said, "one: neither curl nor wget is here to fetch it"));
    cr_assert_eq(shell("PATH=\"$R/few\" sh \"$R/scripts/data.sh\" \"$R/mir ror\""), 0, "a mirror needs neither");
    cr_assert_eq(shell("sh \"$R/scripts/data.sh\" \"$R/nothing\""), 1);
    cr_assert(scratch_has(said, "nothing is not a folder"));
    cr_assert_eq(shell("sh \"$R/scripts/data.sh\" \"$R/mir ror\" three"), 1);
    cr_assert(scratch_has(said, "no set is called three"));
}

Test(data, make_data_refuses_wrong_files)
{
    make_repository();
    cr_assert_eq(
        shell("echo evil >\"$R/mir ror/one/b\"; rm \"$R/mir ror/two/c.gz\"; sh \"$R/scripts/data.sh\" \"$R/mir ror\""),
        1);
    cr_assert(scratch_has(said, "mir ror/one/b has the wrong checksum; not kept\n"));
    cr_assert(scratch_has(said, "two: "));
    cr_assert(scratch_has(said, "mir ror/two/c.gz is not there\n"));
    cr_assert_eq(shell("cd \"$R/data\" && [ \"$(find . -type f)\" = ./one/a ]"), 0);
    cr_assert_eq(shell("PATH=\"$R/bin:$PATH\" SERVED=\"$R/mir ror\" sh \"$R/scripts/data.sh\" '' one"), 1);
    cr_assert(scratch_has(said, "http://x/one/b gave a file with the wrong checksum; not kept (with a copy"));
    cr_assert_eq(shell("cd \"$R/data\" && [ \"$(find . -type f)\" = ./one/a ]"), 0);
}

/* A disk that takes no more: data/ is a file. And one that fills up: a limit on the size of files. */
Test(data, make_data_on_a_full_disk)
{
    make_repository();
    cr_assert_eq(shell("echo >\"$R/data\"; sh \"$R/scripts/data.sh\" \"$R/mir ror\""), 1);
    cr_assert(scratch_has(said, "one: mkdir: cannot create directory"));
    cr_assert_eq(
        shell("rm \"$R/data\"; cd \"$R/mir ror\" && head -c 3000000 /dev/zero >one/a && "
              "echo one one/a stored $(sha256sum <one/a | cut -d ' ' -f 1) http://x/one/a >\"$R/common/data/SETS\" && "
              "(ulimit -f 100; trap '' XFSZ; sh \"$R/scripts/data.sh\" \"$R/mir ror\")"),
        1);
    cr_assert(scratch_has(said, "File too large"));
    cr_assert_eq(shell("[ -z \"$(find \"$R/data\" -type f)\" ]"), 0, "half a file was left behind");
}

Test(data, make_data_after_an_interruption)
{
    make_repository();
    cr_assert_eq(shell("mkdir -p \"$R/data/one\" && echo fir >\"$R/data/one/a.part-7\" && sh \"$R/scripts/data.sh\" "
                       "\"$R/mir ror\""),
                 0);
    cr_assert_str_eq(said, "one: 2 files, checked\ntwo: 1 file, checked\n");
    check_whole();
}
