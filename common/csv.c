/* csv.c -- tables as RFC 4180 has them: the whole file is cut into cells and judged, then memory is asked for, once. */
#include "check.h"
#include "data.h"
#include "file.h"
#include "parse.h"

enum { MAX_COLUMNS = 65536, LINE_OF_MEMORY = 64 };

/* Cells are cut in place: quotes are undone and a 0 put behind each, so a cell is a pointer into the file's bytes. */
typedef struct Cutter {
    const char *path;
    char    *at, *end;                  /* *end is 0 */
    char     separator;
    int64_t  line;                      /* that at stands in, from 1 */
    char   **cell;
    int64_t  cells, room;
} Cutter;

static const char *add_cell(Cutter *c, char *cell)
{
    if (c->cells == c->room) {
        int64_t room = c->room ? 2 * c->room : 1024;
        char **bigger = realloc(c->cell, (size_t)room * sizeof *bigger);
        if (!bigger) return sentence("%s:%lld: no memory for more cells", c->path, (long long)c->line);
        c->cell = bigger;
        c->room = room;
    }
    c->cell[c->cells++] = cell;
    return NULL;
}

/* at stands behind the opening quote; leaves it behind the closing one. */
static const char *cut_quoted(Cutter *c)
{
    int64_t opened = c->line;
    char *to = c->at;
    for (;; c->at++) {
        if (c->at == c->end) return sentence("%s:%lld: a quote is opened and never closed", c->path, (long long)opened);
        if (*c->at == 0) return sentence("%s:%lld: a zero byte; this is not text", c->path, (long long)c->line);
        if (*c->at == '\n') c->line++;
        if (*c->at == '"' && *++c->at != '"') break; /* a doubled quote is one */
        *to++ = *c->at;
    }
    *to = 0;
    return NULL;
}

static const char *cut_plain(Cutter *c)
{
    while (c->at < c->end && *c->at != c->separator && *c->at != '\n' && *c->at != '\r') {
        if (*c->at == 0) return sentence("%s:%lld: a zero byte; this is not text", c->path, (long long)c->line);
        c->at++;
    }
    return NULL;
}

/* One line into cells: *n of them, 0 for an empty line. */
static const char *cut_line(Cutter *c, int64_t *n)
{
    int64_t line = c->line;
    *n = 0;
    for (bool more = true; more;) {
        char *cell = c->at;
        bool quoted = *cell == '"';
        if (quoted) cell = ++c->at;
        const char *wrong = quoted ? cut_quoted(c) : cut_plain(c);
        if (wrong) return wrong;
        char *stop = c->at, ended = *c->at;
        more = c->at < c->end && ended == c->separator;
        if (quoted && !more && c->at < c->end && ended != '\n' && ended != '\r')
            return sentence("%s:%lld: text follows the closing quote of cell %lld", c->path, (long long)c->line,
                            (long long)*n + 1);
        if (ended == '\r' && c->at[1] != '\n')
            return sentence("%s:%lld: a carriage return without a line feed", c->path, (long long)c->line);
        c->at += ended == '\r' ? 2 : c->at < c->end;
        if (!more && ended) c->line++;
        *stop = 0;
        if (!more && !quoted && *n == 0 && !*cell) return NULL; /* nothing on this line */
        if (++*n > MAX_COLUMNS)
            return sentence("%s:%lld: more than %d cells in a line", c->path, (long long)line, MAX_COLUMNS);
        if ((wrong = add_cell(c, cell))) return wrong;
    }
    return NULL;
}

static const char *cut_all(Cutter *c, CsvArg arg, int64_t *columns)
{
    if (c->end - c->at >= 3 && !memcmp(c->at, "\xEF\xBB\xBF", 3)) c->at += 3;
    for (int i = 0; i < arg.skip_lines && c->at < c->end; i++, c->line++) {
        char *stop = memchr(c->at, '\n', (size_t)(c->end - c->at));
        c->at = stop ? stop + 1 : c->end;
    }
    *columns = 0;
    while (c->at < c->end) {
        int64_t line = c->line, n;
        const char *wrong = cut_line(c, &n);
        if (wrong) return wrong;
        if (n == 0) continue;
        if (*columns && n != *columns)
            return sentence("%s:%lld: %lld cells, %lld expected", c->path, (long long)line, (long long)n,
                            (long long)*columns);
        *columns = n;
    }
    if (c->cells == 0) return sentence("%s:%lld: nothing in it", c->path, (long long)c->line);
    if (!arg.no_header && c->cells == *columns)
        return sentence("%s:%lld: a header and no rows", c->path, (long long)c->line);
    return NULL;
}

static bool is_missing(const char *cell)
{
    cell = parse_skip_blanks(cell);
    size_t n = *cell == '?' ? 1 : !strncmp(cell, "NA", 2) ? 2 : 0;
    return !*parse_skip_blanks(cell + n);
}

typedef struct Plan {                   /* what a column will be */
    bool    text;
    char  **value;                      /* the different texts, sorted; in a block of its own */
    int64_t values;
    size_t  characters;                 /* of all of them, with their zeros */
} Plan;

static int by_text(const void *a, const void *b) { return strcmp(*(char *const *)a, *(char *const *)b); }

/* cell: the first of the column, each next one `columns` further. */
static const char *plan_column(const char *path, Plan *p, char **cell, int64_t rows, int64_t columns)
{
    double ignored;
    for (int64_t i = 0; i < rows && !p->text; i++)
        p->text = !is_missing(cell[i * columns]) && !parse_number(cell[i * columns], &ignored);
    if (!p->text) return NULL;
    p->value = malloc((size_t)rows * sizeof *p->value);
    if (!p->value) return sentence("%s: no memory for %lld rows", path, (long long)rows);
    int64_t n = 0;
    for (int64_t i = 0; i < rows; i++)
        if (!is_missing(cell[i * columns])) p->value[n++] = cell[i * columns];
    qsort(p->value, (size_t)n, sizeof *p->value, by_text);
    for (int64_t i = 0; i < n; i++)
        if (i == 0 || strcmp(p->value[i], p->value[p->values - 1])) {
            p->value[p->values++] = p->value[i];
            p->characters += strlen(p->value[i]) + 1;
        }
    return NULL;
}

/* A table is one piece of memory, so that it is there whole or not at all. Called with memory NULL it only measures. */
typedef struct Carver { char *memory; size_t used; } Carver;

static void *carve(Carver *c, size_t bytes)
{
    void *p = c->memory ? c->memory + c->used : NULL;
    c->used += (bytes + LINE_OF_MEMORY - 1) / LINE_OF_MEMORY * LINE_OF_MEMORY;
    return p;
}

static Tensor *carve_tensor(Carver *c, Arena *a, Dtype dtype, int64_t rows)
{
    Tensor *t = carve(c, sizeof *t);
    void *data = carve(c, (size_t)rows * tensor_size(dtype));
    if (!t) return NULL;
    *t = (Tensor){ .arena = a, .device = DEV_CPU, .dtype = dtype, .data = data };
    tensor_set_shape(t, 1, &rows);
    return t;
}

static void fill_numbers(Column *c, char **cell, int64_t rows, int64_t columns)
{
    double *x = c->number->data;
    for (int64_t i = 0; i < rows; i++)
        if (is_missing(cell[i * columns]) || !parse_number(cell[i * columns], &x[i])) x[i] = __builtin_nan("");
}

static void fill_texts(Column *c, const Plan *p, char *text, char **cell, int64_t rows, int64_t columns)
{
    int32_t *code = c->code->data;
    for (int64_t i = 0; i < rows; i++) {
        char **at = is_missing(cell[i * columns])
                        ? NULL
                        : bsearch(&cell[i * columns], p->value, (size_t)p->values, sizeof *p->value, by_text);
        code[i] = at ? (int32_t)(at - p->value) : -1;
    }
    for (int64_t i = 0; i < p->values; i++) {
        size_t n = strlen(p->value[i]) + 1;
        c->value[i] = memcpy(text, p->value[i], n);
        text += n;
    }
}

static void lay_out(Carver *m, Arena *a, const Plan *plan, char **name, char **cell, int64_t rows, int columns,
                    Table *out)
{
    Column *column = carve(m, (size_t)columns * sizeof *column);
    for (int k = 0; k < columns; k++) {
        const Plan *p = &plan[k];
        Column c = { .values = (int)p->values };
        if (p->text) c.code = carve_tensor(m, a, I32, rows);
        else c.number = carve_tensor(m, a, F64, rows);
        c.value = p->text ? carve(m, (size_t)p->values * sizeof *c.value) : NULL;
        char *text = p->text ? carve(m, p->characters) : NULL;
        if (!m->memory) continue;
        if (name) snprintf(c.name, sizeof c.name, "%s", name[k]);
        else snprintf(c.name, sizeof c.name, "column%d", k + 1);
        if (p->text) fill_texts(&c, p, text, cell + k, rows, columns);
        else fill_numbers(&c, cell + k, rows, columns);
        column[k] = c;
    }
    *out = (Table){ .column = column, .columns = columns, .rows = rows };
}

static const char *build(Arena *a, const char *path, Plan *plan, const Cutter *c, bool header, int columns, Table *out)
{
    char **cell = header ? c->cell + columns : c->cell;
    int64_t rows = c->cells / columns - header;
    if (rows > INT32_MAX) return sentence("%s: %lld rows; at most %d are read", path, (long long)rows, INT32_MAX);
    for (int k = 0; k < columns; k++) {
        const char *wrong = plan_column(path, &plan[k], cell + k, rows, columns);
        if (wrong) return wrong;
    }
    Carver m = { 0 };
    lay_out(&m, a, plan, NULL, cell, rows, columns, out);
    size_t bytes = m.used;
    m = (Carver){ .memory = arena_try(a, DEV_CPU, bytes, "tables") };
    if (!m.memory) return sentence("%s: no memory for its table of %zu bytes", path, bytes);
    lay_out(&m, a, plan, header ? c->cell : NULL, cell, rows, columns, out);
    return NULL;
}

const char *csv_read(Arena *a, const char *path, CsvArg arg, Table *out)
{
    FileBytes b;
    int64_t columns = 0;
    Plan *plan = NULL;
    *out = (Table){ 0 };
    const char *wrong = file_read(path, &b);
    if (wrong) return wrong;
    Cutter c = { .path = path, .at = (char *)b.data, .end = (char *)b.data + b.size, .line = 1,
                 .separator = arg.separator ? arg.separator : ',' };
    wrong = cut_all(&c, arg, &columns);
    if (!wrong && !(plan = calloc((size_t)columns, sizeof *plan))) wrong = sentence("%s: no memory", path);
    if (!wrong) wrong = build(a, path, plan, &c, !arg.no_header, (int)columns, out);
    for (int64_t k = 0; plan && k < columns; k++) free(plan[k].value);
    free(plan);
    free(c.cell);
    free(b.data);
    return wrong;
}
