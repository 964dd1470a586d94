/* tools.h -- the tools that a program's flags ask for, all on the one door. */
#pragma once
#include "tape.h"

typedef struct ToolsArg {
    bool        profile, nan_trap, memory, summary;
    const char *trace, *graph;          /* paths; NULL: not wanted */
} ToolsArg;
typedef struct Tools Tools;
const char *tools_new(Tools **, ToolsArg);      /* NULL, or why a file cannot be written */
void        tools_watch(Tools *, Tape *);       /* once a tape, before its first step */
const char *tools_done(Tools *, int threads, FILE *);   /* prints, writes, frees; NULL, or a sentence */
