/* record.h -- what a worker sends on fd 4: records, closed by END. The reader believes nothing it has not checked. */
#pragma once
#include <stdint.h>

enum { RECORD_TAG = 0x31434552, RECORD_DIMS = 6, RECORD_NAME = 32 };

enum {
    RECORD_TRIAL,    /* line: its number; scale: seconds since the start */
    RECORD_VALUES,   /* mode, dtype, shape, terms, scale; the values follow */
    RECORD_INPUT,    /* an input of at most 16 values, to be shown; dtype, shape */
    RECORD_CHANGED,  /* an input changed, or something was written before a buffer; a sentence follows */
    RECORD_TODO,     /* line; what to write follows */
    RECORD_MISSING,  /* a function of the header that the object lacks; its name follows */
    RECORD_MEMORY,   /* an allocation failed; its size in bytes follows, as text */
    RECORD_CRASH,    /* line: the signal; return addresses follow, as int64, counted from the start of the program */
    RECORD_TOUCHED,  /* before a CRASH: the buffer whose guard page was touched, or what was asked for; words follow */
    RECORD_FOUND,    /* name: the kind; what the emulator found in a kernel (common/simt), a sentence, follows */
    RECORD_COUNT,    /* scale: what it counted in this trial; the counter's name follows */
    RECORD_END
};

typedef struct Record {
    uint32_t tag;
    uint8_t  kind, dtype, mode, ndim;   /* dtype and mode as in probe.h */
    int32_t  shape[RECORD_DIMS];
    int32_t  terms, line;
    uint32_t bytes;                     /* of what follows */
    uint32_t unused;
    double   scale;
    char     name[RECORD_NAME];
} Record;

_Static_assert(sizeof(Record) == 88, "no padding: a record is written as it lies in memory");

static inline unsigned record_value_size(int dtype) { return dtype == 1 ? 8 : 4; }
