/* findings.c -- a reference for any bytes to be compared with, and the line that the judge would write. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "../probe.h"
#include "../record.h"
#include "check.h"
#include "findings.h"

static void add(Run *run, Record r, const char *name, const void *data)
{
    r.tag = RECORD_TAG;
    snprintf(r.name, sizeof r.name, "%s", name);
    run->data = realloc(run->data, run->size + sizeof r + r.bytes);
    CHECK(run->data, "no memory");
    memcpy(run->data + run->size, &r, sizeof r);
    if (r.bytes) memcpy(run->data + run->size + sizeof r, data, r.bytes);
    run->size += sizeof r + r.bytes;
}

static void add_values(Run *run, int mode, const char *name, int dtype, const void *data, int R, int C)
{
    add(run, (Record){ .kind = RECORD_VALUES, .mode = (uint8_t)mode, .dtype = (uint8_t)dtype, .ndim = 2,
                       .shape = { R, C }, .terms = C, .bytes = (uint32_t)(R * C) * record_value_size(dtype) }, name,
        data);
}

Run findings_reference(void)
{
    static const float  x[6] = { 1, -2, 0.5f, INFINITY, NAN, 3e38f };
    static const double d[6] = { 1, 2, 3, -4, 5, 6 };
    static const int    label[6] = { 0, 1, 1, -1, 2, 0 };
    Run run = { .text = calloc(1, 1) };
    for (int trial = 0; trial < 2; trial++) {
        add(&run, (Record){ .kind = RECORD_TRIAL, .line = trial }, "probe", NULL);
        add(&run, (Record){ .kind = RECORD_INPUT, .dtype = PROBE_F32, .ndim = 1, .shape = { 6 }, .bytes = 24 },
            "array 1", x);
        add_values(&run, EMIT_CLOSE, "close", PROBE_F32, x, 2, 3);
        add_values(&run, EMIT_CLOSE, "double", PROBE_F64, d, 3, 2);
        add_values(&run, EMIT_EXACT, "exact", PROBE_F32, x, 1, 6);
        add_values(&run, EMIT_UP_TO_SIGN, "sign", PROBE_F64, d, 2, 3);
        add_values(&run, EMIT_LABELS, "labels", PROBE_I32, label, 1, 6);
        add_values(&run, EMIT_SET, "set", PROBE_F32, x, 6, 1);
        add_values(&run, EMIT_LOSS, "loss", PROBE_F64, d, 1, 1);
        add_values(&run, EMIT_CLOSE, "none", PROBE_F32, NULL, 0, 3);
    }
    add(&run, (Record){ .kind = RECORD_END }, "", NULL);
    return run;
}

Run findings_sent(const char *path)
{
    Run    run = { .data = malloc(1 << 20), .text = malloc(RUN_TEXT) };
    FILE  *f = fopen(path, "rb");
    CHECK(run.data && run.text && f, "no memory, or no %s", path);
    run.size = fread(run.data, 1, 1 << 20, f);
    fclose(f);
    run.text_size = run.size < RUN_TEXT ? run.size : RUN_TEXT;
    memcpy(run.text, run.data, run.text_size);
    char *exact = realloc(run.data, run.size ? run.size : 1);    /* so that a sanitizer sees a byte beyond */
    if (exact) run.data = exact;
    return run;
}

void findings_plain(const char *text)
{
    for (const char *c = text; *c; c++) CHECK(*c == '\n' || (*c >= ' ' && *c <= '~'), "byte %#x is told", *c & 0xff);
}

json_t *findings_json(const Finding *f)
{
    const struct { const char *key, *text; } member[] = {
        { "verdict", f->verdict }, { "name", f->name }, { "shape", f->shape }, { "place", f->place },
        { "expected", f->expected }, { "got", f->got }, { "error", f->error }, { "tolerance", f->tolerance },
        { "all_expected", f->all_expected }, { "all_got", f->all_got }, { "text", f->text },
        { "relation", f->relation },
    };
    json_t *o = json_pack("{s:i, s:i, s:i, s:f}", "trial", f->trial, "line", f->line, "signal", f->signal, "margin",
                          isfinite(f->margin) ? f->margin : 0.0);
    for (size_t i = 0; i < sizeof member / sizeof *member; i++) {
        findings_plain(member[i].text);
        json_object_set_new(o, member[i].key, json_string(member[i].text));
    }
    for (int i = 0; i < 4; i++) findings_plain(f->inputs[i]);
    CHECK(f->frames >= 0 && f->frames <= 16, "%d frames", f->frames);
    char   *text = json_dumps(o, JSON_COMPACT | JSON_ENSURE_ASCII);
    json_t *again = text ? json_loads(text, 0, NULL) : NULL;
    CHECK(again && json_equal(o, again), "the line cannot be read again: %s", text ? text : "none");
    free(text);
    json_decref(again);
    return o;
}
