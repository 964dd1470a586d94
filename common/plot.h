/* plot.h -- points to a file, and gnuplot to make a picture of them. */
#pragma once
#include <stdbool.h>

/* plot_done writes FOLDER/NAME.tsv and NAME.gp, and draws NAME.svg and NAME.png where there is gnuplot. Okabe-Ito
 * colours with distinct dashes, markers and patterns; the key stands above the axes, the caption under the picture: it
 * says in a sentence what is to be seen. */
typedef struct Plot Plot;
typedef enum { PLOT_LINES, PLOT_POINTS, PLOT_LINESPOINTS, PLOT_BARS, PLOT_IMAGE } PlotKind;
typedef struct PlotArg {
    const char *title, *x, *y, *caption;
    PlotKind    kind;
    bool        log_x, log_y;
    bool        slopes;                 /* log-log: fit each series and write its exponent into the key */
    bool        grey;                   /* PLOT_IMAGE: dark to light, for pictures; else in colour, for tables */
} PlotArg;

/* Values that are no numbers, and those a logarithm has no place for, are left out of the picture. */
Plot *plot_new(const char *folder, const char *name, PlotArg);
void  plot_point(Plot *, const char *series, double x, double y);
void  plot_error(Plot *, const char *series, double x, double y, double low, double high);  /* with an interval */
void  plot_bar(Plot *, const char *label, const char *series, double y);
void  plot_cell(Plot *, int row, int column, double value);     /* PLOT_IMAGE: a heat map or a grey image */
void  plot_name(Plot *, char axis, int at, const char *name);   /* PLOT_IMAGE: a word at a column (axis 'x') or row
                                                                 * ('y') instead of its number */
/* A limit, a threshold, a fit. An infinite end reaches to the edge: plot_line(p, -INFINITY, 1, INFINITY, 1, "peak"). */
void  plot_line(Plot *, double x0, double y0, double x1, double y1, const char *label);
/* Frees it. NULL, or a sentence; no gnuplot is no error, nor is nothing to draw: both are said on stderr. */
const char *plot_done(Plot *);
const char *plot_picture(void);         /* the last picture drawn, or NULL: for the program's last line */
const char *const *plot_pictures(int *n);   /* all of them, first drawn first */
