/* backwards.c -- an honest variant: insertion, the path walked from its end, products by looking for each column. */
#include <stdlib.h>
#include "pathsim.h"

void pathsim_links(Links *out, int *order, int *count, const int *from, const int *to, int n)
{
    int e = 0;
    (void)count;
    for (int i = 0; i < n; i++) {
        int k = i;
        for (; k > 0; k--) {
            int j = order[k - 1];
            if (from[j] < from[i] || (from[j] == from[i] && to[j] <= to[i])) break;
            order[k] = j;
        }
        order[k] = i;
    }
    for (int r = 0, i = 0; r < out->rows; r++) {
        out->first[r] = e;
        while (i < n && from[order[i]] == r) {
            int c = to[order[i]], many = 0;
            for (; i < n && from[order[i]] == r && to[order[i]] == c; i++) many++;
            out->to[e] = c, out->times[e++] = many;
        }
    }
    out->first[out->rows] = e;
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
    const Links *last = path[steps - 1];                /* from the end: who leads there, and how one gets to them */
    double       paths = 0;
    for (int r = 0; r < last->rows; r++)
        for (int k = last->first[r]; k < last->first[r + 1]; k++) {
            if (last->to[k] != end) continue;
            paths += last->times[k] * (steps > 1 ? pathsim_walk(path, steps - 1, start, r) : start == r);
        }
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
