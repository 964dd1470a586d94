/* vectors.c -- an honest variant: qsort, vectors pushed along the path, gathered columns, a search for each place. */
#include <stdlib.h>
#include "pathsim.h"

static const int *sort_from, *sort_to;
static int by_pair(const void *a, const void *b)
{
    int i = *(const int *)a, j = *(const int *)b;
    return sort_from[i] != sort_from[j] ? sort_from[i] - sort_from[j] : sort_to[i] - sort_to[j];
}

void pathsim_links(Links *out, int *order, int *count, const int *from, const int *to, int n)
{
    int e = -1, row = 0;
    (void)count;
    for (int i = 0; i < n; i++) order[i] = i;
    sort_from = from, sort_to = to;
    qsort(order, (size_t)n, sizeof *order, by_pair);
    out->first[0] = 0;
    for (int i = 0; i < n; i++) {
        int r = from[order[i]], c = to[order[i]];
        if (e < 0 || r != row || c != out->to[e]) {
            while (row < r) out->first[++row] = e + 1;
            out->to[++e] = c, out->times[e] = 0;
        }
        out->times[e] += 1;
    }
    while (row < out->rows) out->first[++row] = e + 1;
}

void pathsim_transpose(Links *out, const Links *m)
{
    int at = 0;                                         /* column by column, each by a look at all links */
    out->rows = m->columns, out->columns = m->rows, out->first[0] = 0;
    for (int c = 0; c < m->columns; out->first[++c] = at)
        for (int r = 0; r < m->rows; r++)
            for (int k = m->first[r]; k < m->first[r + 1]; k++)
                if (m->to[k] == c) out->to[at] = r, out->times[at++] = m->times[k];
}

int pathsim_product_size(int *first, int *mark, const Links *A, const Links *B)
{
    int entries = 0;
    for (int i = 0; i < A->rows; i++) {
        first[i] = entries;
        for (int j = 0; j < B->columns; j++) mark[j] = 0;
        for (int a = A->first[i]; a < A->first[i + 1]; a++)
            for (int b = B->first[A->to[a]]; b < B->first[A->to[a] + 1]; b++) mark[B->to[b]] = 1;
        for (int j = 0; j < B->columns; j++) entries += mark[j];
    }
    return first[A->rows] = entries;
}

void pathsim_product(Links *C, double *sum, const Links *A, const Links *B)
{
    C->rows = A->rows, C->columns = B->columns;
    for (int i = 0; i < A->rows; i++) {
        int at = C->first[i];
        for (int a = A->first[i + 1] - 1; a >= A->first[i]; a--)
            for (int b = B->first[A->to[a]]; b < B->first[A->to[a] + 1]; b++)
                sum[B->to[b]] += B->times[b] * A->times[a];
        for (int j = 0; j < B->columns; j++)            /* all columns, in their order: nothing to sort */
            if (sum[j] > 0) C->to[at] = j, C->times[at++] = sum[j], sum[j] = 0;
    }
}

double pathsim_walk(const Links *const *path, int steps, int start, int end)
{
    double *here = calloc((size_t)path[0]->rows, sizeof *here), paths;
    here[start] = 1;
    for (int s = 0; s < steps; s++) {
        double *next = calloc((size_t)path[s]->columns, sizeof *next);
        for (int r = 0; r < path[s]->rows; r++)
            for (int k = path[s]->first[r]; k < path[s]->first[r + 1]; k++)
                next[path[s]->to[k]] += here[r] * path[s]->times[k];
        free(here);
        here = next;
    }
    paths = here[end];
    free(here);
    return paths;
}

void pathsim_self(double *self, const Links *W)
{
    for (int x = W->rows - 1; x >= 0; x--) {
        double sum = 0;
        for (int k = W->first[x + 1] - 1; k >= W->first[x]; k--) sum += W->times[k] * W->times[k];
        self[x] = sum;
    }
}

void pathsim_scores(double *score, const Links *W, const Links *Wt, const double *self, int x)
{
    (void)Wt;                                           /* both rows merged, column by column */
    for (int y = 0; y < W->rows; y++) {
        double paths = 0;
        int    k = W->first[x], b = W->first[y];
        while (k < W->first[x + 1] && b < W->first[y + 1]) {
            if (W->to[k] == W->to[b]) paths += W->times[k++] * W->times[b++];
            else if (W->to[k] < W->to[b]) k++;
            else b++;
        }
        score[y] = paths > 0 ? paths / (0.5 * self[x] + 0.5 * self[y]) : 0;
    }
}

int pathsim_top(int *best, const double *score, int k, int x, int N)
{
    for (int n = 0; n < k; n++) {                       /* the next one: below the last, or its equal behind it */
        int at = -1;
        for (int y = 0; y < N; y++) {
            if (y == x || !(score[y] > 0) || (at >= 0 && score[y] <= score[at])) continue;
            if (n == 0 || score[y] < score[best[n - 1]] || (score[y] == score[best[n - 1]] && y > best[n - 1])) at = y;
        }
        if (at < 0) return n;
        best[n] = at;
    }
    return k;
}
