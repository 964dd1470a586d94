/* trace.h -- every operation as a bar in time: a file that ui.perfetto.dev and chrome://tracing open. */
#pragma once
#include "tape.h"

typedef struct Trace Trace;
const char *trace_new(Trace **, const char *path);      /* NULL, or why the file cannot be written */
void        trace_watch(Trace *, Tape *);
const char *trace_done(Trace *);        /* closes the file and frees; NULL, or a sentence. tape_unhook() it first */
