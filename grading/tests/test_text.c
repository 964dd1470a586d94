/* test_text.c -- whole files as bytes and as UTF-8; JSON Lines; of bad files, each gets a sentence. */
#include "data.h"
#include "hostile.h"
#include "jsonl.h"
#include "scratch.h"
#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

TestSuite(text, .init = scratch_begin, .fini = scratch_end, .timeout = 60);
TestSuite(jsonl, .init = scratch_begin, .fini = scratch_end, .timeout = 60);

static const char *bytes(Arena *a, const char *path)
{
    Tensor *t;
    return text_read(a, path, TEXT_BYTES, &t);
}

static const char *utf8(Arena *a, const char *path)
{
    Tensor *t;
    return text_read(a, path, TEXT_UTF8, &t);
}

Test(text, as_it_is)
{
    static const char ALL[] = "\xEF\xBB\xBFone\n\0\xff two";
    Arena *a = arena_new("test");
    Tensor *t;
    cr_assert(scratch_fine(text_read(a, scratch_write("x", ALL, sizeof ALL - 1), TEXT_BYTES, &t)));
    cr_assert(t->dtype == U8 && t->ndim == 1 && t->shape[0] == sizeof ALL - 1);
    cr_assert_arr_eq(t->data, ALL, sizeof ALL, "the bytes, and a 0 behind them");
    cr_assert(scratch_fine(text_read(a, scratch_write("x", "", 0), TEXT_BYTES, &t)));
    cr_assert(t->shape[0] == 0 && *(char *)t->data == 0);
    static const char MARKED[] = "\xEF\xBB\xBFGr\xc3\xbc\xc3\x9f" "e";
    cr_assert(scratch_fine(text_read(a, scratch_write("x", MARKED, sizeof MARKED - 1), TEXT_UTF8, &t)));
    cr_assert(t->shape[0] == sizeof MARKED - 4 && !strcmp(t->data, MARKED + 3), "the byte-order mark is left out");
    arena_free(a);
}

/* The first and last character of every length, and their neighbours that are none. */
Test(text, utf8)
{
    static const char *const GOOD[] = {
        "a",            "\x7f",         "\xc2\x80",         "\xdf\xbf",         "\xe0\xa0\x80",     "\xec\xbf\xbf",
        "\xed\x9f\xbf", "\xee\x80\x80", "\xef\xbf\xbf",     "\xf0\x90\x80\x80", "\xf4\x8f\xbf\xbf", "\xf1\x80\x80\x80",
    };
    static const char *const BAD[] = {
        "\x80",         "\xbf",         "\xc0\x80",     "\xc1\xbf",         "\xc2",             "\xc2\x7f",
        "\xdf\xc0",     "\xe0\x9f\xbf", "\xe0\xa0",     "\xe1\x80\x7f",     "\xed\xa0\x80",     "\xed\xbf\xbf",
        "\xef\xbf\xc0", "\xf0\x8f\xbf\xbf", "\xf0\x90\x80", "\xf4\x90\x80\x80", "\xf5\x80\x80\x80", "\xff",
        "\xf1\x80\xc0\x80",
    };
    Arena *a = arena_new("test");
    for (size_t i = 0; i < sizeof GOOD / sizeof *GOOD; i++)
        cr_assert(scratch_fine(utf8(a, scratch_write("x", GOOD[i], strlen(GOOD[i])))), "case %zu", i);
    for (size_t i = 0; i < sizeof BAD / sizeof *BAD; i++) {
        char s[16];
        strcat(strcpy(s, "ab\nc"), BAD[i]);
        hostile_refused(utf8, scratch_write("x", s, strlen(s)), "x:2: byte 4: ");
    }
    hostile_refused(utf8, scratch_write("x", "a\nb\0c", 5), "x:2: byte 3: a zero byte");
    arena_free(a);
}

Test(text, whatever_is_in_the_file)
{
    static const char GOOD[] = "Gr\xc3\xbc\xc3\x9f" "e \xe4\xb8\x96\n";
    hostile_files(utf8, GOOD, sizeof GOOD - 1);
    hostile_flips(utf8, GOOD, sizeof GOOD - 1);
    hostile_flips(bytes, GOOD, sizeof GOOD - 1);
    hostile_cuts(utf8, GOOD, sizeof GOOD - 1, sizeof GOOD);
}

/* ---- JSON Lines ---- */

typedef struct Seen { int n; long long line[8]; char text[8][64]; const char *stop; } Seen;

static const char *each(void *ctx, long long line, json_t *value)
{
    Seen *s = ctx;
    char *text = json_dumps(value, JSON_COMPACT | JSON_ENCODE_ANY);
    s->line[s->n] = line;
    snprintf(s->text[s->n++], sizeof *s->text, "%s", text);
    free(text);
    return s->n == 3 ? s->stop : NULL;
}

static const char *ignore(void *ctx, long long line, json_t *value) { return (void)ctx, (void)line, (void)value, NULL; }
static const char *lines(Arena *a, const char *path) { return (void)a, jsonl_read(path, ignore, NULL); }

Test(jsonl, every_line)
{
    static const char TEXT[] = "\xEF\xBB\xBF{\"a\": [1, 2.5]}\n\n  \t\r\nnull\r\n\"x\\u00e9\"\n7";
    Seen s = { 0 };
    cr_assert(scratch_fine(jsonl_read(scratch_write("x", TEXT, sizeof TEXT - 1), each, &s)));
    static const char *const WANT[] = { "{\"a\":[1,2.5]}", "null", "\"x\xc3\xa9\"", "7" };
    static const long long LINE[] = { 1, 4, 5, 6 };
    cr_assert_eq(s.n, 4);
    for (int i = 0; i < 4; i++) cr_assert(s.line[i] == LINE[i] && !strcmp(s.text[i], WANT[i]), "%s", s.text[i]);
    s = (Seen){ .stop = "enough" };
    cr_assert_str_eq(jsonl_read(scratch("x"), each, &s), "enough");
    cr_assert_eq(s.n, 3);
    s = (Seen){ 0 };
    cr_assert(scratch_fine(jsonl_read(scratch_write("x", "", 0), each, &s)) && s.n == 0);
}

Test(jsonl, sentences)
{
    static char deep[100001];
    memset(deep, '[', sizeof deep - 1);
    static const struct { const char *text, *what; } CASE[] = {
        { "{}\n{\"a\": }\n", "x:2: column 7: not JSON" },
        { "{}\n{}{}\n", "x:2: column 3: not JSON" },
        { "{\"a\": 1, \"a\": 2}\n", "not JSON: duplicate object key" },
        { "{}\n{\"torn\": 1", "x:2: column 10: not JSON" },
        { "\"\xff\"\n", "x:1: column " },
        { "nan\n", "x:1: column 3: not JSON" },
        { "9223372036854775808\n", "not JSON: too big integer" },
        { "1e999\n", "not JSON: real number overflow" },
        { deep, "not JSON: maximum parsing depth" },
    };
    for (size_t i = 0; i < sizeof CASE / sizeof *CASE; i++)
        hostile_refused(lines, scratch_write("x", CASE[i].text, strlen(CASE[i].text)), CASE[i].what);
    hostile_refused(lines, scratch_write("x", "{}\n\0\n", 5), "x:2: column ");
}

Test(jsonl, whatever_is_in_the_file)
{
    static const char GOOD[] = "{\"a\": [1, -2.5e3, \"x\"]}\n[true, null]\n";
    hostile_files(lines, GOOD, sizeof GOOD - 1);
    hostile_cuts(lines, GOOD, sizeof GOOD - 1, sizeof GOOD);
    hostile_flips(lines, GOOD, sizeof GOOD - 1);
}

Test(jsonl, append)
{
    Seen s = { 0 };
    json_t *v = json_pack("{s:i, s:s}", "a", 1, "b", "x\ny");
    for (int i = 0; i < 2; i++) cr_assert(scratch_fine(jsonl_append(scratch("log"), v)));
    FILE *f = fopen(scratch("log"), "a");
    fputs("\"torn\"", f), fclose(f); /* as a crash leaves it */
    cr_assert(scratch_fine(jsonl_append(scratch("log"), v)));
    json_decref(v);
    cr_assert(scratch_fine(jsonl_read(scratch("log"), each, &s)));
    cr_assert_eq(s.n, 4);
    cr_assert_str_eq(s.text[1], "{\"a\":1,\"b\":\"x\\ny\"}");
    cr_assert_str_eq(s.text[2], "\"torn\"");
    cr_assert_eq(s.line[3], 4);
    v = json_true();
    cr_assert(scratch_has(jsonl_append(scratch(""), v), scratch("")));
    cr_assert(scratch_has(jsonl_append(scratch("no/where"), v), "No such file"));
    cr_assert(scratch_has(jsonl_append("/dev/full", v), "not a file"));
}

/* Lines of several processes do not mix. */
Test(jsonl, append_from_four_processes)
{
    enum { EACH = 200 };
    for (int i = 0; i < 4; i++)
        if (fork() == 0) {
            char text[300];
            memset(text, 'a' + i, sizeof text - 1), text[sizeof text - 1] = 0;
            json_t *v = json_string(text);
            for (int k = 0; k < EACH; k++)
                if (jsonl_append(scratch("log"), v)) _exit(1);
            _exit(0);
        }
    for (int i = 0, status; i < 4; i++) cr_assert(wait(&status) > 0 && status == 0);
    static char all[4 * EACH * 302 + 1];
    cr_assert_eq(scratch_read("log", all, sizeof all), sizeof all - 1);
    for (char *p = all; *p; p += 302)
        for (int k = 2; k < 300; k++) cr_assert_eq(p[k], p[1], "line %td is of two processes", (p - all) / 302);
}
