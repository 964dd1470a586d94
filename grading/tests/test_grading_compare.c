/* test_grading_compare.c -- the judge's eye: every way of comparing, values just inside and just outside the
 * tolerance, plain relations, and bytes that are no records. */
#include "../compare.c"                                  /* first, and whole: its static functions are what is tested */
#include <criterion/criterion.h>

static void put(Run *r, const void *p, size_t n)
{
    r->data = realloc(r->data, r->size + n + 1);
    if (n && p) memcpy(r->data + r->size, p, n);
    r->size += n;
}

static void put_record(Run *r, Record rec, const char *name, const void *data)
{
    rec.tag = RECORD_TAG;
    snprintf(rec.name, sizeof rec.name, "%s", name);
    put(r, &rec, sizeof rec);
    put(r, data, rec.bytes);
}

static void put_trial(Run *r, int n) { put_record(r, (Record){ .kind = RECORD_TRIAL, .line = n }, "t", NULL); }
static void put_end(Run *r)          { put_record(r, (Record){ .kind = RECORD_END }, "", NULL); }

static void put_floats(Run *r, int mode, const char *name, const float *v, int rows, int cols, int terms, double scale)
{
    put_record(r,
               (Record){ .kind = RECORD_VALUES,
                         .mode = (uint8_t)mode,
                         .dtype = PROBE_F32,
                         .ndim = 2,
                         .shape = { rows, cols },
                         .terms = terms,
                         .scale = scale,
                         .bytes = (uint32_t)(rows * cols * 4) },
               name, v);
}

static void put_ints(Run *r, int mode, const int *v, int n)
{
    put_record(r, (Record){ .kind = RECORD_VALUES, .mode = (uint8_t)mode, .dtype = PROBE_I32, .ndim = 1, .shape = { n },
                            .terms = 1, .bytes = (uint32_t)n * 4 }, "k", v);
}

/* One trial of one record each; what the comparison says. */
static Finding compare_floats(int mode, const float *want, const float *got, int rows, int cols, int terms,
                              double scale)
{
    Run a = { 0 }, b = { 0 };
    Finding f;
    put_trial(&a, 0), put_floats(&a, mode, "y", want, rows, cols, terms, scale), put_end(&a);
    put_trial(&b, 0), put_floats(&b, mode, "y", got, rows, cols, 1000000, 1e30), put_end(&b); /* the learner's wishes */
    compare_runs(&a, &b, true, &f);
    run_free(&a), run_free(&b);
    return f;
}

static Finding compare_ints(int mode, const int *want, const int *got, int n)
{
    Run a = { 0 }, b = { 0 };
    Finding f;
    put_trial(&a, 0), put_ints(&a, mode, want, n), put_end(&a);
    put_trial(&b, 0), put_ints(&b, mode, got, n), put_end(&b);
    compare_runs(&a, &b, true, &f);
    run_free(&a), run_free(&b);
    return f;
}

#define SAYS(f, want) cr_assert_str_eq((f).verdict, want, "%s %s %s", (f).verdict, (f).place, (f).text)

/* ---- Close ----------------------------------------------------------------------------------------------------- */

Test(grading_close, edge_of_the_tolerance)
{
    float want[2] = { 1, -2 }, got[2];
    double tolerance = (4 + 3) * FLT_EPSILON * 2;       /* sqrt 9; the largest value is 2 */
    got[0] = 1, got[1] = (float)(-2 + 0.98 * tolerance);
    SAYS(compare_floats(EMIT_CLOSE, want, got, 1, 2, 9, 0), "PASS");
    got[1] = (float)(-2 + 1.1 * tolerance);
    Finding f = compare_floats(EMIT_CLOSE, want, got, 1, 2, 9, 0);
    SAYS(f, "WRONG");
    cr_assert_str_eq(f.place, "y[0][1]");
    SAYS(compare_floats(EMIT_CLOSE, want, got, 1, 2, 9, 3), "PASS"); /* the probe's scale is larger than any value */
    SAYS(compare_floats(EMIT_CLOSE, want, got, 1, 2, 16, 0), "PASS");
}

Test(grading_close, nan_and_infinity)
{
    float one[1] = { 1 }, nan[1] = { NAN }, inf[1] = { INFINITY }, minus[1] = { -INFINITY };
    SAYS(compare_floats(EMIT_CLOSE, one, nan, 1, 1, 1, 1e30), "WRONG");
    SAYS(compare_floats(EMIT_CLOSE, nan, one, 1, 1, 1, 1e30), "WRONG");
    SAYS(compare_floats(EMIT_CLOSE, nan, nan, 1, 1, 1, 0), "PASS");
    SAYS(compare_floats(EMIT_CLOSE, inf, inf, 1, 1, 1, 0), "PASS");
    SAYS(compare_floats(EMIT_CLOSE, inf, minus, 1, 1, 1, 0), "WRONG");
    SAYS(compare_floats(EMIT_CLOSE, one, inf, 1, 1, 1, 0), "WRONG");
    SAYS(compare_floats(EMIT_CLOSE, inf, one, 1, 1, 1, 0), "WRONG");
    SAYS(compare_floats(EMIT_CLOSE, one, one, 1, 1, 1, NAN), "PASS");       /* a scale that is no number counts as 0 */
    SAYS(compare_floats(EMIT_CLOSE, one, inf, 1, 1, 1, INFINITY), "WRONG");
}

Test(grading_close, integers_are_exact)
{
    int want[3] = { 1000000, 2, 3 }, got[3] = { 1000001, 2, 3 };
    SAYS(compare_ints(EMIT_CLOSE, want, got, 3), "WRONG");
    SAYS(compare_ints(EMIT_CLOSE, want, want, 3), "PASS");
}

/* ---- The other modes ------------------------------------------------------------------------------------------- */

Test(grading_modes, exact_is_every_bit)
{
    float a[2] = { 0, 1 }, b[2] = { -0.0f, 1 }, c[2] = { 0, 1 + FLT_EPSILON }, nan[2] = { 0, NAN },
          other[2] = { 0, -NAN };
    SAYS(compare_floats(EMIT_EXACT, a, a, 1, 2, 1, 9), "PASS");
    SAYS(compare_floats(EMIT_EXACT, a, b, 1, 2, 1, 9), "WRONG");
    SAYS(compare_floats(EMIT_EXACT, a, c, 1, 2, 1, 9), "WRONG");
    SAYS(compare_floats(EMIT_EXACT, nan, other, 1, 2, 1, 9), "PASS");
}

Test(grading_modes, sign_is_free_row_by_row)
{
    float want[4] = { 1, 2, 3, 4 }, flipped[4] = { -1, -2, 3, 4 }, mixed[4] = { 1, -2, 3, 4 };
    SAYS(compare_floats(EMIT_UP_TO_SIGN, want, flipped, 2, 2, 1, 0), "PASS");
    SAYS(compare_floats(EMIT_UP_TO_SIGN, want, mixed, 2, 2, 1, 0), "WRONG");
}

Test(grading_modes, labels_may_be_renamed)
{
    int want[6] = { 0, 0, 1, 2, -1, 1 }, renamed[6] = { 7, 7, 0, 3, -5, 0 }, merged[6] = { 7, 7, 0, 0, -1, 0 },
        split[6] = { 7, 8, 0, 3, -1, 0 }, loud[6] = { 7, 7, 0, 3, 4, 0 }, quiet[6] = { 7, 7, 0, -1, -1, 0 };
    SAYS(compare_ints(EMIT_LABELS, want, renamed, 6), "PASS");
    SAYS(compare_ints(EMIT_LABELS, want, merged, 6), "WRONG");
    SAYS(compare_ints(EMIT_LABELS, want, split, 6), "WRONG");
    SAYS(compare_ints(EMIT_LABELS, want, loud, 6), "WRONG");
    SAYS(compare_ints(EMIT_LABELS, want, quiet, 6), "WRONG");
}

Test(grading_modes, sets_have_no_order)
{
    float want[4] = { 1, 2, 2, NAN }, got[4] = { 2, NAN, 1, 2 }, once[4] = { 2, NAN, 1, 1 };
    SAYS(compare_floats(EMIT_SET, want, got, 1, 4, 1, 0), "PASS");
    SAYS(compare_floats(EMIT_SET, want, once, 1, 4, 1, 0), "WRONG");
}

Test(grading_modes, a_loss_may_be_smaller)
{
    float want[1] = { 0.5f }, less[1] = { 0.1f }, more[1] = { 0.51f }, nan[1] = { NAN }, low[1] = { -INFINITY };
    SAYS(compare_floats(EMIT_LOSS, want, less, 1, 1, 1, 0), "PASS");
    SAYS(compare_floats(EMIT_LOSS, want, more, 1, 1, 1, 0), "WRONG");
    SAYS(compare_floats(EMIT_LOSS, want, nan, 1, 1, 1, 0), "WRONG");
    SAYS(compare_floats(EMIT_LOSS, want, low, 1, 1, 1, 0), "PASS");
}

/* ---- Form and end ---------------------------------------------------------------------------------------------- */

Test(grading_form, another_name_shape_or_order)
{
    float v[6] = { 1, 2, 3, 4, 5, 6 };
    for (int what = 0; what < 6; what++) {
        Run a = { 0 }, b = { 0 };
        Finding f;
        put_trial(&a, 0), put_floats(&a, EMIT_CLOSE, "y", v, 2, 3, 1, 0), put_end(&a);
        put_trial(&b, what == 5);
        if (what == 0) put_floats(&b, EMIT_CLOSE, "z", v, 2, 3, 1, 0);
        if (what == 1) put_floats(&b, EMIT_CLOSE, "y", v, 3, 2, 1, 0);
        if (what == 2) put_ints(&b, EMIT_CLOSE, (int[]){ 1, 2 }, 2);
        if (what == 3) put_floats(&b, EMIT_CLOSE, "y", v, 2, 3, 1, 0), put_floats(&b, EMIT_CLOSE, "y", v, 2, 3, 1, 0);
        if (what == 5) put_floats(&b, EMIT_CLOSE, "y", v, 2, 3, 1, 0);
        put_end(&b);
        compare_runs(&a, &b, true, &f);
        cr_assert_str_eq(f.verdict, "WRONG", "case %d: %s", what, f.verdict);
        run_free(&a), run_free(&b);
    }
}

Test(grading_form, the_smallest_case_is_told)
{
    float big[8] = { 1, 2, 3, 4, 5, 6, 7, 8 }, small[2] = { 1, 2 }, zero[8] = { 0 };
    Run a = { 0 }, b = { 0 };
    Finding f;
    put_trial(&a, 0), put_floats(&a, EMIT_CLOSE, "y", big, 2, 4, 1, 0), put_trial(&a, 1),
        put_floats(&a, EMIT_CLOSE, "y", small, 1, 2, 1, 0), put_end(&a);
    put_trial(&b, 0), put_floats(&b, EMIT_CLOSE, "y", zero, 2, 4, 1, 0), put_trial(&b, 1),
        put_floats(&b, EMIT_CLOSE, "y", zero, 1, 2, 1, 0), put_end(&b);
    compare_runs(&a, &b, true, &f);
    SAYS(f, "WRONG");
    cr_assert_eq(f.trial, 1);
    cr_assert_str_eq(f.all_expected, "1 2");
    cr_assert_str_eq(f.all_got, "0 0");
    cr_assert_str_eq(f.relation, "Every value is 0.");
    run_free(&a), run_free(&b);
}

Test(grading_form, how_a_run_ended)
{
    float v[1] = { 1 };
    static const struct { int status; bool late, flooded; const char *want;
    } end[] = { { 0, false, false, "EARLY-EXIT" },   { 256, false, false, "EARLY-EXIT" },
                { SIGSEGV, false, false, "CRASH" },  { SIGKILL, true, false, "TIME" },
                { SIGXCPU, false, false, "TIME" },   { SIGKILL, false, true, "OUTPUT" },
                { SIGKILL, false, false, "MEMORY" }, { SIGSYS, false, false, "FORBIDDEN" },
                { SIGABRT, false, false, "CRASH" } };
    for (size_t i = 0; i < sizeof end / sizeof *end; i++) {
        Run a = { 0 }, b = { .status = end[i].status, .late = end[i].late, .flooded = end[i].flooded };
        Finding f;
        put_trial(&a, 0), put_floats(&a, EMIT_CLOSE, "y", v, 1, 1, 1, 0), put_end(&a);
        put_trial(&b, 0), put_floats(&b, EMIT_CLOSE, "y", v, 1, 1, 1, 0);
        compare_runs(&a, &b, true, &f);
        SAYS(f, end[i].want);
        run_free(&a), run_free(&b);
    }
}

Test(grading_form, all_values_and_then_a_crash_is_no_pass)
{
    float v[1] = { 1 };
    Run a = { 0 }, b = { .status = SIGSEGV };
    Finding f;
    put_trial(&a, 0), put_floats(&a, EMIT_CLOSE, "y", v, 1, 1, 1, 0), put_end(&a);
    put_trial(&b, 0), put_floats(&b, EMIT_CLOSE, "y", v, 1, 1, 1, 0), put_end(&b);
    compare_runs(&a, &b, true, &f);
    SAYS(f, "CRASH");
    put(&b, "x", 1);
    b.status = 0;
    compare_runs(&a, &b, true, &f);
    SAYS(f, "WRONG");                                   /* bytes behind END */
    run_free(&a), run_free(&b);
}

Test(grading_form, a_reference_that_changes_its_inputs_is_our_fault)
{
    float v[1] = { 1 };
    Run a = { 0 };
    Finding f;
    put_trial(&a, 0), put_floats(&a, EMIT_CLOSE, "y", v, 1, 1, 1, 0);
    put_record(&a, (Record){ .kind = RECORD_CHANGED, .bytes = 4 }, "", "oops"), put_end(&a);
    compare_runs(&a, &a, true, &f);
    SAYS(f, "INTERNAL");
    run_free(&a);
}

Test(grading_form, no_value_is_left_unseen)
{
    float v[1] = { 1 };
    Run a = { 0 };
    Finding f;
    put_trial(&a, 0);
    for (int i = 0; i <= MAX_ITEMS; i++) put_floats(&a, EMIT_CLOSE, "y", v, 1, 1, 1, 0);
    put_end(&a);
    compare_runs(&a, &a, true, &f);
    SAYS(f, "INTERNAL");
    run_free(&a);
}

Test(grading_form, a_torn_reference_is_our_fault)
{
    float v[1] = { 1 };
    Run a = { 0 }, b = { 0 };
    Finding f;
    put_trial(&a, 0), put_floats(&a, EMIT_CLOSE, "y", v, 1, 1, 1, 0);
    put_trial(&b, 0), put_floats(&b, EMIT_CLOSE, "y", v, 1, 1, 1, 0), put_end(&b);
    compare_runs(&a, &b, true, &f);
    SAYS(f, "INTERNAL");
    run_free(&a), run_free(&b);
}

/* ---- Relations ------------------------------------------------------------------------------------------------- */

Test(grading_relations, each_is_found)
{
    float want[6] = { 1, -2, 3.5f, 4, 5, 7 }, got[6];
    uint32_t poison = 0x7fc0dead;
    static const char *const text[] = { "negative", "3 times", "plus 0.25", "transpose", "too far back", "too early",
                                        "last value of each row", "Nothing was written", "NaN" };
    for (int what = 0; what < 9; what++) {
        for (int i = 0; i < 6; i++) {
            int r = i / 3, c = i % 3;
            got[i] = want[i];
            if (what == 0) got[i] = -want[i];
            if (what == 1) got[i] = 3 * want[i];
            if (what == 2) got[i] = want[i] + 0.25f;
            if (what == 4) got[i] = i ? want[i - 1] : 99;
            if (what == 5) got[i] = i < 5 ? want[i + 1] : 99;
            if (what == 6 && c == 2) got[i] = 99;
            if (what == 7) memcpy(got + i, &poison, 4);
            if (what == 8) got[i] = NAN;
            if (what == 3) got[c * 2 + r] = want[i];
        }
        if (what == 3) for (int i = 0; i < 6; i++) got[i % 3 * 2 + i / 3] = want[i];
        Finding f = compare_floats(EMIT_CLOSE, want, got, 2, 3, 3, 0);
        SAYS(f, "WRONG");
        cr_assert(strstr(f.relation, text[what]), "case %d: '%s', want '%s'", what, f.relation, text[what]);
    }
}

Test(grading_relations, a_near_match_says_nothing)
{
    float want[6] = { 1, -2, 3.5f, 4, 5, 7 }, got[6];
    for (int i = 0; i < 6; i++) got[i] = -want[i];
    got[4] *= 1.001f;
    cr_assert_str_eq(compare_floats(EMIT_CLOSE, want, got, 2, 3, 3, 0).relation, "");
    for (int i = 0; i < 6; i++) got[i] = 3 * want[i] + (i == 5);
    cr_assert_str_eq(compare_floats(EMIT_CLOSE, want, got, 2, 3, 3, 0).relation, "");
    cr_assert_str_eq(compare_floats(EMIT_CLOSE, want, (float[]){ 5 }, 1, 1, 1, 0).relation,
                     ""); /* one number is 5 times 1 */
}

Test(grading_relations, equal_to_another_output)
{
    float y[3] = { 1, 2, 4 }, z[3] = { 7, 6, 9 };
    Run a = { 0 }, b = { 0 };
    Finding f;
    put_trial(&a, 0), put_floats(&a, EMIT_CLOSE, "y", y, 1, 3, 1, 0), put_floats(&a, EMIT_CLOSE, "z", z, 1, 3, 1, 0),
        put_end(&a);
    put_trial(&b, 0), put_floats(&b, EMIT_CLOSE, "y", z, 1, 3, 1, 0), put_floats(&b, EMIT_CLOSE, "z", z, 1, 3, 1, 0),
        put_end(&b);
    compare_runs(&a, &b, true, &f);
    cr_assert_str_eq(f.relation, "It holds what is expected of z.");
    run_free(&a), run_free(&b);
}

/* ---- Bytes that want to harm ----------------------------------------------------------------------------------- */

static uint64_t state = 88172645463325252u;
static uint32_t next(void)
{
    state ^= state << 13, state ^= state >> 7, state ^= state << 17;
    return (uint32_t)(state >> 16);
}

static bool same_run(const Run *a, const Run *b) { return a->size == b->size && !memcmp(a->data, b->data, a->size); }

/* No mutation of a good run may crash the judge or, where values differ, pass. Under ASan this is the fuzzer of the
 * parser. */
Test(grading_parser, survives_mutations, .timeout = 60)
{
    float v[12] = { 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12 };
    Run a = { 0 };
    put_trial(&a, 0), put_floats(&a, EMIT_CLOSE, "y", v, 3, 4, 4, 0),
        put_ints(&a, EMIT_LABELS, (int[]){ 0, 1, 0, 2 }, 4);
    put_record(&a, (Record){ .kind = RECORD_INPUT, .ndim = 1, .shape = { 4 }, .bytes = 16 }, "array 1", v);
    put_trial(&a, 1), put_floats(&a, EMIT_SET, "y", v, 1, 12, 4, 0), put_end(&a);
    for (int round = 0; round < 20000; round++) {
        Run b = { 0 };
        Finding f;
        put(&b, a.data, a.size);
        for (uint32_t k = 1 + next() % 4; k > 0; k--)
            b.data[next() % b.size] = (char)(next() % 3 ? next() : (next() % 2 ? 0 : 255));
        if (next() % 4 == 0) b.size = next() % b.size;
        compare_runs(&a, &b, true, &f);
        if (b.size < a.size) cr_assert(strcmp(f.verdict, "PASS"), "round %d: a torn run passed", round);
        compare_alike(&a, &b), compare_alike(&b, &a);
        compare_runs(&b, &a, true, &f);                 /* as the reference's, too */
        int n;
        free(compare_values(&b, 1, "y", &n));
        cr_assert(same_run(&a, &a));
        run_free(&b);
    }
    run_free(&a);
}

Test(grading_parser, survives_noise, .timeout = 60)
{
    float v[1] = { 1 };
    Run a = { 0 };
    put_trial(&a, 0), put_floats(&a, EMIT_CLOSE, "y", v, 1, 1, 1, 0), put_end(&a);
    for (int round = 0; round < 5000; round++) {
        Run b = { 0 };
        Finding f;
        char noise[600];
        size_t n = next() % sizeof noise;
        for (size_t i = 0; i < n; i++) noise[i] = (char)next();
        if (n >= 4 && next() % 2) memcpy(noise, &(uint32_t){ RECORD_TAG }, 4);
        put(&b, noise, n);
        compare_runs(&a, &b, true, &f);
        cr_assert(strcmp(f.verdict, "PASS"));
        run_free(&b);
    }
    run_free(&a);
}

/* The counts of a record are its own: none may make the judge allocate or read what is not there. */
Test(grading_parser, counts_that_lie)
{
    float v[1] = { 1 };
    static const int32_t shapes[][3] = {
        { -1, -1, 1 }, { 1 << 30, 1 << 30, 1 << 30 }, { 0x7fffffff, 2, 1 }, { 0, -5, 1 }, { 65536, 65536, 0 }
    };
    for (size_t i = 0; i < sizeof shapes / sizeof *shapes; i++)
        for (int bytes = 0; bytes < 3; bytes++) {
            Run a = { 0 }, b = { 0 };
            Finding f;
            Record r = { .tag = RECORD_TAG,
                         .kind = RECORD_VALUES,
                         .ndim = 3,
                         .bytes = bytes == 2 ? 0xffffffff : (uint32_t)bytes * 4,
                         .name = "y" };
            memcpy(r.shape, shapes[i], sizeof shapes[i]);
            put_trial(&a, 0), put_floats(&a, EMIT_CLOSE, "y", v, 1, 1, 1, 0), put_end(&a);
            put_trial(&b, 0), put(&b, &r, sizeof r), put(&b, v, 4), put_end(&b);
            compare_runs(&a, &b, true, &f);
            cr_assert(strcmp(f.verdict, "PASS"));
            run_free(&a), run_free(&b);
        }
}

Test(grading_parser, kept_runs)
{
    char path[] = "/tmp/kept-run-XXXXXX";
    float v[1] = { 1 };
    Run a = { .status = 11, .late = true, .seconds = 1.5 }, b;
    int fd = mkstemp(path);
    cr_assert(fd >= 0);
    close(fd);
    put_trial(&a, 0), put_floats(&a, EMIT_CLOSE, "y", v, 1, 1, 1, 0);
    a.text = strdup("said"), a.text_size = 4;
    cr_assert(run_save(&a, path));
    cr_assert(run_load(&b, path));
    cr_assert(same_run(&a, &b) && b.status == 11 && b.late && b.seconds == 1.5 && !memcmp(b.text, "said", 4));
    run_free(&b);
    for (long n = (long)(sizeof(FileHead) + a.size + 3); n >= 0; n -= 7) {
        cr_assert(truncate(path, n) == 0);
        cr_assert(!run_load(&b, path), "a file of %ld bytes was taken for a whole one", n);
    }
    cr_assert(!run_save(&a, "/dev/full"), "a full disk was not noticed");
    cr_assert(!run_save(&a, "/nosuch/folder/file"));
    unlink(path);
    run_free(&a);
}
