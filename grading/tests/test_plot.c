/* test_plot.c -- tables hold the points, scripts draw them, no name is obeyed, nothing in a picture is cut off. */
#define _GNU_SOURCE /* setenv */
#include "data.h"
#include "plot.h"
#include "scratch.h"
#include <criterion/criterion.h>
#include <limits.h>
#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

TestSuite(plot, .init = scratch_begin, .fini = scratch_end, .timeout = 120);

static char text[1 << 20];

static const char *content(const char *name)
{
    scratch_read(name, text, sizeof text);
    return text;
}

static bool there(const char *name) { return !access(scratch(name), F_OK); }

/* Set up without root, gnuplot lies here, and plots find it whatever PATH says. */
static bool unpacked_gnuplot(void)
{
    char path[PATH_MAX];
    snprintf(path, sizeof path, "%s/build/deps/usr/bin/gnuplot", data_root());
    return !access(path, X_OK);
}

static void need_gnuplot(void)
{
    if (!unpacked_gnuplot() && system("command -v gnuplot >/dev/null")) cr_skip_test("no gnuplot here");
}

/* PATH that has a gnuplot of the test's own making, or none. */
static void fake_gnuplot(const char *script)
{
    mkdir(scratch("bin"), 0700);
    if (script) chmod(scratch_write("bin/gnuplot", script, strlen(script)), 0700);
    setenv("PATH", scratch("bin"), 1);
}

Test(plot, table_of_points)
{
    fake_gnuplot(NULL);
    Plot *p = plot_new(scratch("deep/er"), "t", (PlotArg){ .title = "t", .log_y = true });
    plot_point(p, "a b", 1, .1);
    plot_error(p, "second\ttab", 2, 3, 2.5, 4);
    plot_point(p, "a b", 2, NAN);
    plot_point(p, "a b", INFINITY, 1);
    plot_point(p, "a b", 4, -1);
    plot_line(p, -INFINITY, 2, INFINITY, 2, "limit");
    cr_assert(scratch_fine(plot_done(p)));
    cr_assert_str_eq(content("deep/er/t.tsv"),
                     "# series\tx\ty\tlow\thigh\n"
                     "a b\t1\t0.1\t0.1\t0.1\na b\t2\tnan\tnan\tnan\na b\tnan\t1\t1\t1\na b\t4\tnan\tnan\tnan\n\n\n"
                     "second tab\t2\t3\t2.5\t4\n\n\n"
                     "limit\t1\t2\nlimit\t2\t2\n\n\n");
}

Test(plot, table_of_bars)
{
    fake_gnuplot(NULL);
    Plot *p = plot_new(scratch(""), "b", (PlotArg){ .kind = PLOT_BARS });
    plot_bar(p, "one", "x", 1);
    plot_bar(p, "two", "y", 2);
    plot_bar(p, "two", "x", NAN);
    cr_assert(scratch_fine(plot_done(p)));
    cr_assert_str_eq(content("b.tsv"), "# label\tx\ty\none\t1\tnan\ntwo\tnan\t2\n\n\n");
}

Test(plot, table_of_cells)
{
    fake_gnuplot(NULL);
    Plot *p = plot_new(scratch(""), "i", (PlotArg){ .kind = PLOT_IMAGE });
    plot_cell(p, 1, 2, 5);
    plot_cell(p, 0, 0, 1);
    plot_cell(p, 0, 0, 2);
    cr_assert(scratch_fine(plot_done(p)));
    cr_assert_str_eq(content("i.tsv"),
                     "# row\tcolumn\tvalue\n0\t0\t2\n0\t1\tnan\n0\t2\tnan\n1\t0\tnan\n1\t1\tnan\n1\t2\t5\n");
}

/* No gnuplot is no error: the files stay, it is said once, and there is no picture to name. */
Test(plot, without_gnuplot)
{
    if (unpacked_gnuplot()) cr_skip_test("there is one under build/deps");
    fake_gnuplot(NULL);
    cr_assert_not_null(freopen(scratch("said"), "w", stderr));
    for (int i = 0; i < 2; i++) {
        Plot *p = plot_new(scratch(""), i ? "b" : "a", (PlotArg){ .title = "t" });
        plot_point(p, "s", 1, 1);
        cr_assert_null(plot_done(p));
    }
    fflush(stderr);
    int n;
    cr_assert_null(plot_picture());
    plot_pictures(&n);
    cr_assert_eq(n, 0);
    cr_assert(there("a.tsv") && there("a.gp") && there("b.gp") && !there("a.svg") && !there("a.png"));
    char *first = strstr((char *)content("said"), "no gnuplot here: ");
    cr_assert(first && !strstr(first + 1, "no gnuplot here"), "said: %s", text);
}

Test(plot, gnuplot_that_fails)
{
    fake_gnuplot("#!/bin/sh\necho >&2; echo '      ^' >&2; echo 'line 7: undefined function: f' >&2; exit 1\n");
    Plot *p = plot_new(scratch(""), "a", (PlotArg){ .title = "t" });
    plot_point(p, "s", 1, 1);
    const char *wrong = plot_done(p);
    cr_assert(scratch_has(wrong, "/a.gp: gnuplot could not draw it: line 7: undefined function: f"));
    cr_assert(there("a.gp") && !there("a.svg"));
}

Test(plot, old_picture_stays_when_drawing_fails)
{
    scratch_write("a.svg", "old", 3);
    fake_gnuplot("#!/bin/sh\necho new >a.drawing.svg; exit 1\n");
    Plot *p = plot_new(scratch(""), "a", (PlotArg){ .title = "t" });
    plot_point(p, "s", 1, 1);
    cr_assert_not_null(plot_done(p));
    cr_assert_str_eq(content("a.svg"), "old");
    cr_assert(!there("a.drawing.svg"), "half a picture was left behind");
}

Test(plot, nothing_to_draw)
{
    fake_gnuplot("#!/bin/sh\nexit 1\n");
    Plot *p = plot_new(scratch(""), "a", (PlotArg){ .log_x = true });
    plot_point(p, "s", 0, 1);
    plot_point(p, "s", 1, NAN);
    cr_assert_null(plot_done(p));
    p = plot_new(scratch(""), "b", (PlotArg){ .kind = PLOT_IMAGE });
    cr_assert_null(plot_done(p));
    cr_assert(there("a.tsv") && there("b.tsv") && !there("a.gp"));
}

Test(plot, where_nothing_can_be_written)
{
    scratch_write("file", "", 0);
    Plot *p = plot_new(scratch("file"), "a", (PlotArg){ .title = "t" });
    plot_point(p, "s", 1, 1);
    cr_assert(scratch_has(plot_done(p), "file"));
    p = plot_new(scratch("file/b"), "a", (PlotArg){ .title = "t" });
    cr_assert(scratch_has(plot_done(p), "there is a file where a folder should be"));
}

/* y = 2 x^3 and y = 5 / sqrt x; the first has a point that no logarithm takes. */
Test(plot, slopes)
{
    fake_gnuplot(NULL);
    Plot *p = plot_new(scratch(""), "s", (PlotArg){ .log_x = true, .log_y = true, .slopes = true });
    for (int n = 1; n <= 1024; n *= 2) {
        plot_point(p, "cubic", n, 2 * pow(n, 3));
        plot_point(p, "root", n, 5 / sqrt(n));
    }
    plot_point(p, "cubic", 0, 1);
    plot_point(p, "single", 3, 3);
    cr_assert(scratch_fine(plot_done(p)));
    cr_assert(scratch_has(content("s.gp"), "set label 'cubic, slope 3.00'"));
    cr_assert(scratch_has(text, "set label 'root, slope -0.50'"));
    cr_assert(scratch_has(text, "set label 'single'"), "one point has no slope");
}

/* ---- Pictures ---- */

/* Every tag that opens closes in order; attributes are quoted; & begins an entity. */
static void check_well_formed(const char *s, const char *name)
{
    const char *open[64];
    int depth = 0;
    for (const char *p = s; *p; p++) {
        if (*p == '&')
            cr_assert(!strncmp(p, "&amp;", 5) || !strncmp(p, "&lt;", 4) || !strncmp(p, "&gt;", 4) || p[1] == '#' ||
                          !strncmp(p, "&quot;", 6) || !strncmp(p, "&apos;", 6),
                      "%s: bare & at %.40s", name, p);
        if (*p != '<') continue;
        const char *tag = p + 1;
        for (char quote = 0; *p && (quote || *p != '>'); p++) {
            if (quote ? *p == quote : *p == '"' || *p == '\'') quote = quote ? 0 : *p;
            cr_assert(p == tag - 1 || *p != '<', "%s: < within a tag: %.40s", name, tag);
        }
        cr_assert_eq(*p, '>', "%s: ends within a tag: %.40s", name, tag);
        size_t length = strcspn(tag + (*tag == '/'), " \t\n/>");
        if (*tag == '?' || *tag == '!' || p[-1] == '/') continue;
        if (*tag != '/') {
            cr_assert_lt(depth, 64);
            open[depth++] = tag;
        } else {
            cr_assert(depth > 0 && !strncmp(open[depth - 1], tag + 1, length), "%s: closes what is not open: %.40s",
                      name, tag);
            depth--;
        }
    }
    cr_assert_eq(depth, 0, "%s: %d tags are open at the end", name, depth);
}

/* Where each text of gnuplot's SVG stands: <g transform="translate(X,Y)" ... font-size="S" text-anchor="A"> <text>. */
static void check_nothing_cut_off(const char *s, const char *name)
{
    double width, height;
    const char *size = strstr(s, "width=\"");
    cr_assert(size && sscanf(size, "width=\"%lf\" height=\"%lf\"", &width, &height) == 2);
    int texts = 0;
    for (const char *t = strstr(s, "<g transform=\"translate("); t; t = strstr(t + 1, "<g transform=\"translate(")) {
        double x, y, em = 0;
        const char *end = strstr(t, ">"), *font = strstr(t, "font-size=\""), *begin = strstr(t, "<text>");
        if (sscanf(t, "<g transform=\"translate(%lf,%lf)", &x, &y) != 2 || !begin || !font || font > end) continue;
        sscanf(font, "font-size=\"%lf", &em);
        int n = 0;
        for (const char *p = begin + 6; *p && *p != '<'; p++) n += (*p & 0xC0) != 0x80;
        const char *anchor = strstr(t, "text-anchor=\"");
        double w = .5 * em * n, from = x, to = x;
        if (strstr(t, "rotate(") && strstr(t, "rotate(") < end) w = 0;
        if (!anchor || anchor > end || !strncmp(anchor + 13, "start", 5)) to += w;
        else if (!strncmp(anchor + 13, "end", 3)) from -= w;
        else from -= w / 2, to += w / 2;
        cr_assert(from >= -2 && to <= width + 2 && y >= em / 2 && y <= height, "%s: cut off: %.60s at %g, %g", name,
                  begin, x, y);
        texts++;
    }
    cr_assert_gt(texts, 2, "%s: %d texts", name, texts);
}

static uint32_t be32(const unsigned char *p)
{
    return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3];
}

/* Draws it, and looks at what came. */
static void check_drawn(Plot *p, const char *name)
{
    char file[128];
    cr_assert(scratch_fine(plot_done(p)));
    snprintf(file, sizeof file, "%s.png", name);
    const unsigned char *png = (const unsigned char *)content(file);
    cr_assert(!memcmp(png, "\x89PNG\r\n\x1a\n", 8) && be32(png + 16) == 1600 && be32(png + 20) > 300, "%s", file);
    cr_assert_str_eq(plot_picture() + strlen(plot_picture()) - strlen(file), file);
    snprintf(file, sizeof file, "%s.svg", name);
    cr_assert(scratch_has(content(file), "</svg>"));
    check_well_formed(text, file);
    check_nothing_cut_off(text, file);
    snprintf(file, sizeof file, "%s.drawing.svg", name);
    cr_assert(!there(file));
}

static const char *const LONG =
    "Both fall together at first; then the rows that were held back gain nothing more, while the others go on "
    "falling: the network begins to learn them by heart, and stopping here would have been right.";

Test(plot, lines)
{
    need_gnuplot();
    Plot *p =
        plot_new(scratch(""), "lines",
                 (PlotArg){ .title = "Loss", .x = "epoch", .y = "cross-entropy", .log_y = true, .caption = LONG });
    for (int i = 0; i <= 20; i++) {
        plot_error(p, "seen", i, exp(-.3 * i), .8 * exp(-.3 * i), 1.2 * exp(-.3 * i));
        plot_point(p, "unseen", i, i == 7 ? NAN : .1 + exp(-.3 * i));
    }
    plot_line(p, -INFINITY, .05, INFINITY, .05, "published");
    check_drawn(p, "lines");
    static const char *const SAID[] = { ">Loss<",   ">epoch<",     ">cross-entropy<", ">seen<",
                                        ">unseen<", ">published<", "by heart" };
    for (int i = 0; i < 7; i++) cr_assert(scratch_has(content("lines.svg"), SAID[i]));
    cr_assert(scratch_has(text, "<title>Loss</title>"));
    cr_assert(scratch_has(text, "<desc>Both fall together at first; then the rows that were held back gain"));
    cr_assert(scratch_has(text, "stroke-dasharray"), "lines differ by colour alone");
}

Test(plot, every_kind)
{
    need_gnuplot();
    static const struct { const char *name; PlotArg arg;
    } CASE[] = {
        { "points", { .title = "t", .x = "x", .y = "y", .kind = PLOT_POINTS } },
        { "linespoints",
          { .title = "t",
            .x = "x",
            .y = "y",
            .kind = PLOT_LINESPOINTS,
            .log_x = true,
            .log_y = true,
            .slopes = true } },
        { "bare", { .kind = PLOT_LINES } },
    };
    for (int i = 0; i < 3; i++) {
        Plot *p = plot_new(scratch(""), CASE[i].name, CASE[i].arg);
        for (int n = 1; n < 2000; n *= 2)
            plot_error(p, "a series of a rather long name, which goes on and on", n, n, .9 * n, 1.2 * n);
        for (int n = 1; n < 2000; n *= 3) plot_point(p, "b", n, n * n);
        check_drawn(p, CASE[i].name);
    }
}

Test(plot, single_values)
{
    need_gnuplot();
    static const double VALUE[] = { 0, 1, -3, 1e-300, 1e300, 123456.789 };
    for (int i = 0; i < 6; i++) {
        Plot *p = plot_new(scratch(""), "one", (PlotArg){ .title = "one point", .kind = PLOT_LINES });
        plot_point(p, "s", VALUE[i], VALUE[i]);
        check_drawn(p, "one");
    }
}

Test(plot, bars)
{
    need_gnuplot();
    static const char *const LABEL[] = { "textbook", "scikit-learn MLPClassifier 1.2.1", "PyTorch 2.1.2, eager mode",
                                         "ours" };
    for (int kind = 0; kind < 4; kind++) {
        Plot *p = plot_new(scratch(""), "bars",
                           (PlotArg){ .title = "Seconds an epoch",
                                      .x = kind == 3 ? "who" : "",
                                      .y = "seconds",
                                      .kind = PLOT_BARS,
                                      .log_y = kind % 2,
                                      .caption = "Lower is better." });
        for (int l = 0; l < 4; l++)
            for (int s = 0; s < 3; s++)
                if (l != 2 || s != 1)
                    plot_bar(p, kind < 2 ? LABEL[l] : LABEL[l] + strlen(LABEL[l]) - 4, s ? s > 1 ? "x" : "y" : "z",
                             l + s + .5);
        plot_line(p, -INFINITY, 2.5, INFINITY, 2.5, "limit");
        check_drawn(p, "bars");
        cr_assert(scratch_has(content("bars.svg"), "pattern"), "bars differ by colour alone");
    }
    Plot *p = plot_new(scratch(""), "below", (PlotArg){ .title = "below zero", .kind = PLOT_BARS });
    plot_bar(p, "a", "", -3);
    check_drawn(p, "below");
}

Test(plot, images)
{
    need_gnuplot();
    for (int kind = 0; kind < 4; kind++) {
        int rows = kind == 3 ? 100 : 10, columns = kind == 1 ? 40 : kind == 3 ? 70 : 10;
        Plot *p = plot_new(scratch(""), "image",
                           (PlotArg){ .title = "said and true",
                                      .x = "said",
                                      .y = "true",
                                      .kind = PLOT_IMAGE,
                                      .grey = kind == 1,
                                      .caption = "c" });
        for (int r = 0; r < rows; r++)
            for (int c = 0; c < columns; c++)
                plot_cell(p, r, c, r == 3 && c == 4 ? NAN : kind == 2 ? r - c : r == c ? 35 : 0);
        check_drawn(p, "image");
    }
}

/* Which word looks at which: the table to the letter, the words at their places, all of them in the picture. */
Test(plot, words_beside_rows_and_under_columns)
{
    need_gnuplot();
    static const char *const said[] = { "I", "love", "you" }, *const meant[] = { "我", "愛", "你" };
    Plot *p = plot_new(scratch(""), "words", (PlotArg){ .title = "words", .kind = PLOT_IMAGE });
    for (int r = 0; r < 3; r++)
        for (int c = 0; c < 3; c++) plot_cell(p, r, c, r == c ? .8 : r == 0 && c == 2 ? NAN : .1);
    for (int i = 2; i >= 0; i--) plot_name(p, 'x', i, said[i]), plot_name(p, 'y', i, meant[i]);
    check_drawn(p, "words");
    cr_assert_str_eq(content("words.tsv"), "# row\tcolumn\tvalue\n0\t0\t0.8\n0\t1\t0.1\n0\t2\tnan\n1\t0\t0.1\n"
                                           "1\t1\t0.8\n1\t2\t0.1\n2\t0\t0.1\n2\t1\t0.1\n2\t2\t0.8\n");
    cr_assert(!strstr(content("words.svg"), ">nan<"), "a gap has a number");
    cr_assert(scratch_has(content("words.gp"), "set xtics scale 0 ('I' 0, 'love' 1, 'you' 2)"));
    cr_assert(scratch_has(content("words.gp"), "set ytics scale 0 ('我' 0, '愛' 1, '你' 2)"));
    for (int i = 0; i < 3; i++) {
        cr_assert(scratch_has(content("words.svg"), said[i]));
        cr_assert(scratch_has(content("words.svg"), meant[i]));
    }
}

/* What a shell or gnuplot would obey, in every text and in the names of folder and file. */
Test(plot, texts_are_not_obeyed)
{
    need_gnuplot();
    static const char EVIL[] =
        "it's `touch evil` $(touch evil) \"; system('touch evil') # \\n {/=40 x} _a^b <b>&amp; %s é";
    mkdir(scratch("fol'der `touch evil` $(touch evil);\""), 0700);
    Plot *p = plot_new(scratch("fol'der `touch evil` $(touch evil);\""), "na'me `touch evil`$(touch evil)",
                       (PlotArg){ .title = EVIL, .x = EVIL, .y = EVIL, .caption = EVIL });
    plot_point(p, EVIL, 1, 1);
    plot_point(p, EVIL, 2, 2);
    plot_point(p, "'", 2, 3);
    plot_line(p, 1, 1, 2, 2, EVIL);
    cr_assert(scratch_fine(plot_done(p)));
    const char *svg = "fol'der `touch evil` $(touch evil);\"/na'me `touch evil`$(touch evil).svg";
    check_well_formed(content(svg), "evil.svg");
    cr_assert(scratch_has(text, "$(touch evil)"));
    p = plot_new(scratch(""), "bars", (PlotArg){ .kind = PLOT_BARS });
    plot_bar(p, EVIL, EVIL, 1);
    check_drawn(p, "bars");
    p = plot_new(scratch(""), "map", (PlotArg){ .kind = PLOT_IMAGE });
    plot_cell(p, 0, 0, 1);
    plot_name(p, 'x', 0, EVIL);
    cr_assert(scratch_fine(plot_done(p)));
    char find[256];
    snprintf(find, sizeof find, "test -z \"$(find '%s' . -maxdepth 2 -name evil)\"", scratch(""));
    cr_assert_eq(system(find), 0);
}

Test(plot, long_texts)
{
    need_gnuplot();
    char longer[700];
    memset(longer, 'w', sizeof longer - 1); /* one word, wider than any line */
    longer[sizeof longer - 1] = 0;
    for (int i = 0; i < 2; i++) {
        const char *s = i ? longer : LONG;
        Plot *p = plot_new(scratch(""), "long", (PlotArg){ .title = s, .caption = s });
        plot_point(p, "a", 1, 1);
        plot_point(p, "a", 2, 2);
        check_drawn(p, "long");
    }
}

Test(plot, pictures_are_listed)
{
    need_gnuplot();
    int n;
    for (int i = 0; i < 3; i++) {
        char name[2] = { (char)('a' + i), 0 };
        Plot *p = plot_new(scratch(""), name, (PlotArg){ .title = "t" });
        plot_point(p, "s", 1, 1);
        cr_assert(scratch_fine(plot_done(p)));
    }
    const char *const *list = plot_pictures(&n);
    cr_assert_eq(n, 3);
    cr_assert(scratch_has(list[1], "/b.png"));
    cr_assert_str_eq(plot_picture(), list[2]);
}
