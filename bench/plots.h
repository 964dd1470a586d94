/* plots.h -- what the files share that draw pictures of results: rows as they were written, scripts for gnuplot. */
#pragma once
#include "harness.h"

enum { MAX_GROUPS = 1024, MAX_SERIES = 12, MAX_GROUP_ROWS = 512, MAX_POINTS = 64 };

/* The rows of one case, type and number of threads: the last one measured of each size and contestant. */
typedef struct Group {
    const char   *name, *room, *dtype;
    int           threads, n;
    const json_t *row[MAX_GROUP_ROWS];
} Group;
typedef struct Plots {
    const char   *folder, *gnuplot;
    const json_t *rows;
    Group        *group;
    int           groups, drawn;
    FILE         *say;
} Plots;

/* ---- script.c: rows ---------------------------------------------------------------------------------------------- */

const char *row_text(const json_t *, const char *key);          /* "" where there is none */
double      row_number(const json_t *, const char *key);        /* 0 where there is none */
bool        row_has_time(const json_t *), row_is_peer(const json_t *);
bool        row_same_size(const json_t *, const json_t *);
void        row_size_name(const json_t *, char *out, size_t room);      /* 64x128 */
void        row_series(const json_t *, char *out, size_t room);         /* "PyTorch 2.15.0" */

/* ---- plots.c: groups --------------------------------------------------------------------------------------------- */

int           group_contestants(const Group *, const json_t *out[MAX_SERIES]);  /* as they first come, a row of each */
int           group_sizes(const Group *, const json_t *out[MAX_POINTS]);        /* a row of each */
const json_t *group_row(const Group *, const json_t *size, const json_t *contestant);
double        group_fastest_peer(const Group *, const json_t *size);            /* seconds; 0: no peer */
const json_t *plots_run(const Plots *, const json_t *row);                      /* the run that measured it */

/* ---- script.c: gnuplot ------------------------------------------------------------------------------------------- */

/* Okabe and Ito's colours; a dash, a marker and a pattern of its own for each, so that nothing is told by colour alone.
 */
typedef struct Look { const char *label, *colour, *dash; int marker, pattern; } Look;
Look        script_look(const char *contestant, int *spares);   /* spares: counts those without a look of their own */
void        script_name(const Group *, const char *kind, char *out, size_t room);
void        script_provenance(const Plots *, const json_t *row, char *out, size_t room);
const char *script_threads(int n, char out[24]);                /* "2 threads" */
FILE       *script_open(const Plots *, const char *name, const char *title, const char *caption);
void        script_text(FILE *, const char *);                  /* quoted for gnuplot */
void        script_series(const json_t *, char *out, size_t room);      /* row_series for between single quotes */
const char *script_done(Plots *, FILE *, const char *name, const char *plot);   /* `plot` must be one command */

/* ---- plots_*.c: NULL, or why there is no picture ----------------------------------------------------------------- */

const char *plots_bars(Plots *, const Group *);
const char *plots_curve(Plots *, const Group *);
void        plots_say_slopes(const Group *, FILE *, int *said); /* one table for all groups: said counts its lines */
bool        plots_same_roof(const Group *, const Group *);      /* one picture for a room, type, number of threads */
const char *plots_roofline(Plots *, const Group *like);
const char *plots_scaling(Plots *, const json_t *rows);         /* of one file, in which one and more threads stand */
