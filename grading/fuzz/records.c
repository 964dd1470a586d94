/* records.c -- any bytes as what a worker sent, whole and kept: every comparison ends in a verdict that can be told. */
#include <stdlib.h>
#include <string.h>
#include "check.h"
#include "findings.h"
#include "fuzz.h"

static void expect_verdict(const Finding *f)
{
    static const char *const known[] = { "PASS", "WRONG", "CRASH", "EARLY-EXIT", "TIME", "MEMORY", "OUTPUT",
                                         "FORBIDDEN", "BUILD", "TODO" };
    bool found = false;
    for (size_t i = 0; i < sizeof known / sizeof *known; i++) found |= !strcmp(f->verdict, known[i]);
    CHECK(found, "a learner's bytes have the verdict %s: %s", f->verdict, f->text);
    json_decref(findings_json(f));
}

/* However it ended, by exit or by signal. */
static void compare(const Run *ref, Run *mine)
{
    static const int status[] = { 0, 1 << 8, 9, 11, 31 };
    Finding f;
    for (size_t i = 0; i < sizeof status / sizeof *status; i++) {
        mine->status = status[i];
        compare_runs(ref, mine, true, &f);
        expect_verdict(&f);
    }
    mine->status = 0;
    compare_runs(ref, mine, false, &f);
    expect_verdict(&f);
}

static void take_apart(const Run *mine)
{
    static Run part[8];
    int n = run_split(mine, part, 8);
    for (int i = 0; i < n; i++) run_free(&part[i]);
    for (int trial = 0, k; trial < 3; trial++) free(compare_values(mine, trial, "close", &k));
    compare_trials(mine);
}

void fuzz_target(const char *path)
{
    Run ref = findings_reference(), mine = findings_sent(path), kept;
    compare(&ref, &mine);
    compare_alike(&mine, &mine), compare_alike(&ref, &mine), compare_alike(&mine, &ref);
    take_apart(&mine);
    if (run_load(&kept, path)) compare_alike(&kept, &ref), run_free(&kept);
    run_free(&ref), run_free(&mine);
}
