/* backwards.c -- an honest variant: insertion, the path walked from its end, products by looking for each column. */
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
    int *end = out->first; /* placed from the last row back: each column fills from its end */
    out->rows = m->columns, out->columns = m->rows;
    for (int c = 0; c <= m->columns; c++) {
        end[c] = 0;
        for (int k = 0; k < m->first[m->rows]; k++) end[c] += m->to[k] <= c;
    }
    for (int r = m->rows - 1; r >= 0; r--)
        for (int k = m->first[r + 1] - 1; k >= m->first[r]; k--) {
            int at = --end[m->to[k]];
            out->to[at] = r, out->times[at] = m->times[k];
        }
}

static double at(const Links *m, int row, int column)
{
    for (int k = m->first[row]; k < m->first[row + 1]; k++)
        if (m->to[k] == column) return m->times[k];
    return 0;
}

static double ways(const Links *A, const Links *B, int i, int j)
{
    double sum = 0;
    for (int a = A->first[i]; a < A->first[i + 1]; a++) sum += A->times[a] * at(B, A->to[a], j);
    return sum;
}

int pathsim_product_size(int *first, int *mark, const Links *A, const Links *B)
{
    (void)mark;
    first[0] = 0;
    for (int i = 0; i < A->rows; i++) {
        int n = 0;
        for (int j = 0; j < B->columns; j++) n += ways(A, B, i, j) > 0;
        first[i + 1] = first[i] + n;
    }
    return first[A->rows];
}

void pathsim_product(Links *C, double *sum, const Links *A, const Links *B)
{
    (void)sum;                                          /* stays all 0 */
    C->rows = A->rows, C->columns = B->columns;
    for (int i = 0; i < A->rows; i++)
        for (int j = 0, k = C->first[i]; j < B->columns; j++) {
            double all = ways(A, B, i, j);
            if (all > 0) C->to[k] = j, C->times[k++] = all;
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
    int x = 0;                                          /* all entries in one go; the rows pass by */
    for (int r = 0; r < W->rows; r++) self[r] = 0;
    for (int k = 0; k < W->first[W->rows]; k++) {
        while (k >= W->first[x + 1]) x++;
        self[x] += W->times[k] * W->times[k];
    }
}

void pathsim_scores(double *score, const Links *W, const Links *Wt, const double *self, int x)
{
    for (int y = 0; y < W->rows; y++) {                 /* how often x and y are in each of Wt's rows */
        double both = 0;
        for (int c = 0; c < Wt->rows; c++) both += at(Wt, c, x) * at(Wt, c, y);
        score[y] = both == 0 ? 0 : both * 2 / (self[y] + self[x]);
    }
}

/* From the last number to the first: a later one gives way to its equals. */
int pathsim_top(int *best, const double *score, int k, int x, int N)
{
    int n = 0;
    for (int y = N - 1; y >= 0; y--) {
        int place = 0;
        if (y == x || !(score[y] > 0)) continue;
        while (place < n && score[best[place]] > score[y]) place++;
        if (place == k) continue;
        n = n < k ? n + 1 : k;
        for (int i = n - 1; i > place; i--) best[i] = best[i - 1];
        best[place] = y;
    }
    return n;
}
