/* data.h -- read the files people already have; find the data sets. */
#pragma once
#include "tensor.h"

/* Readers return NULL, or a sentence that names file and line or offset. Each takes plain files and gzip, and checks
 * every count against the file's size (unpacked) before it allocates. Nothing is left half made. */
const char *idx_read(Arena *, const char *path, Tensor **out);  /* IDX, 1 to 6 dimensions; U8 I8 I32 F32 F64 */

/* A table: columns of numbers, and columns of text as indices into their sorted different values. */
typedef struct Column {
    char    name[64];
    Tensor *number;                     /* (rows) F64; NaN where the cell is empty, NA or ? */
    Tensor *code;                       /* (rows) I32 into value[], -1 where empty; NULL for a column of numbers */
    char  **value; int values;
} Column;
typedef struct Table { Column *column; int columns; int64_t rows; } Table;
typedef struct CsvArg { char separator; bool no_header; int skip_lines; } CsvArg;   /* separator 0: a comma */
/* RFC 4180: quotes, CRLF or LF, a byte-order mark; empty lines are skipped, numbers may have blanks around. A ragged
 * line or an open quote gets "path:line: ...". */
const char *csv_read(Arena *, const char *path, CsvArg, Table *out);

/* LIBSVM's format, "label index:value ...", as compressed rows: row i's entries are row[i] .. row[i+1]-1, their indices
 * counted from 0 and growing. dtype F32 or F64; columns 0: as many as the largest index. */
typedef struct Libsvm {
    int64_t rows, columns;
    Tensor *y, *row;                    /* (rows) labels; (rows + 1) I64 */
    Tensor *index, *value;              /* (entries) I32, (entries) */
} Libsvm;
typedef struct LibsvmArg { Dtype dtype; int64_t columns; bool from_zero; } LibsvmArg;   /* as the file counts */
const char *libsvm_read(Arena *, const char *path, LibsvmArg, Libsvm *out);
const char *libsvm_dense(Arena *, const Libsvm *, Tensor **out);    /* (rows,columns), unless nearly all is 0 */
const char *libsvm_signed(const Libsvm *);      /* F64: a sentence, unless labels are 1 and -1, and values numbers */

/* NumPy's .npy, versions 1 to 3, either byte order, C or Fortran order, 0 to 6 dimensions: every dtype here (two bytes
 * without a kind are BF16, as ml_dtypes saves it), bool as U8. */
const char *npy_read(Arena *, const char *path, Tensor **out);

/* A whole file, U8 (N), a 0 behind it that N does not count. TEXT_UTF8: it must be that, without zero bytes; a
 * byte-order mark is left out. JSON Lines: jsonl.h. */
typedef enum { TEXT_BYTES, TEXT_UTF8 } TextKind;
const char *text_read(Arena *, const char *path, TextKind, Tensor **out);

/* PNG, PGM, PPM (P2 P3 P5 P6) as (H,W,C): C is 1 gray, 2 gray and alpha, 3 RGB, 4 RGBA; U8 with white at 255, or I32
 * with white at 65535 where the file has more than 8 bits. Palettes are looked up; transparent colours become alpha. */
const char *image_read(Arena *, const char *path, Tensor **out);

/* Writers make a temporary file beside the target, and rename it: a reader sees the old file or the new one. */
const char *libsvm_write(const char *path, const Libsvm *);             /* indices from 1 */
const char *npy_write(const char *path, const Tensor *);
const char *image_write(const char *path, const Tensor *);              /* by the name's end: .png .pgm .ppm */
const char *pgm_write(const char *path, const uint8_t *pixel, int height, int width);

/* The data sets. Rows to learn from come first. One with no split of its own is split by row: i % 5 == 4 is unseen. */
typedef struct Dataset {
    char     name[32];
    char     from[128];                 /* "common/data/digits.csv.gz (embedded)": for the program's first line */
    Tensor  *x;                         /* (N,D) in the dtype asked for */
    Tensor  *y;                         /* (N) I32 classes, or targets in the dtype asked for */
    int      classes;                   /* 0: regression */
    int64_t  train;                     /* rows 0 .. train-1 to learn from, the others unseen */
    char   (*feature)[32];              /* D names, or NULL */
    int      height, width;             /* of an image; 0: no image */
} Dataset;

/* digits 1797x64 (pixels / 16), iris 150x4, wine 178x13, breast_cancer 569x30, diabetes 442x10; norris 36x1,
 * longley 16x6, filip 82x1, whose least squares NIST certifies: embedded.
 * mnist 70000x784 (pixels / 255), california 20640x13 (one-hot ocean_proximity, missing bedrooms by the training
 * median), chameleon_t4, _t5 8000x2, _t7 10000x2 (label 0: noise; none unseen), a9a 48842x123, heart_scale 270x13
 * (label 1: class 1): after `make data`, else a sentence that says so. dtype: F32 or F64. */
const char *data_load(Arena *, const char *name, Dtype, Dataset *out);
bool        data_here(const char *name);    /* of texts too */
/* Characters to learn from, U8 (N). "lessons": this course's own prose, embedded, of 89 different ones;
 * "tinyshakespeare": plays, of 65, after `make data`. */
const char *data_text(Arena *, const char *name, Tensor **out);
const char *data_root(void);            /* the repository's folder, from the program's own path, else the current one */
