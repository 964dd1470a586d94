/* pathsim.c -- who is alike in a network of authors, papers and venues: paths counted by sparse products. */
#include <stdlib.h>
#include "pathsim.h"

/* order = 0 .. n-1 by key[], equal ones as they stood in before (NULL: 0, 1, 2, ..). (n), (keys + 1) */
static void sort_by(int *order, int *count, const int *key, const int *before, int n, int keys)
{
    for (int k = 0; k <= keys; k++)
        count[k] = 0;
    for (int i = 0; i < n; i++)
        count[key[i] + 1]++;
    for (int k = 0; k < keys; k++)
        count[k + 1] += count[k];
    for (int i = 0; i < n; i++) {
        int one = before ? before[i] : i;
        order[count[key[one]]++] = one;
    }
}

void pathsim_links(Links *out, int *order, int *count, const int *from, const int *to, int n)
{
    int *by_column = out->to;                       /* free until the links are written */
    sort_by(by_column, count, to, NULL, n, out->columns);
    sort_by(order, count, from, by_column, n, out->rows);
    /* exercise: take the links in that order; a pair like the one before adds to times, any other begins an entry */
    int entries = 0;
    for (int r = 0; r <= out->rows; r++)
        out->first[r] = 0;
    for (int i = 0; i < n; i++) {
        int r = from[order[i]], c = to[order[i]];
        if (i > 0 && r == from[order[i - 1]] && c == to[order[i - 1]]) {
            out->times[entries - 1]++;
            continue;
        }
        out->to[entries] = c;
        out->times[entries++] = 1;
        out->first[r + 1] = entries;                /* so far: the row's end */
    }
    for (int r = 0; r < out->rows; r++)             /* a row without links ends where it begins */
        if (out->first[r + 1] < out->first[r])
            out->first[r + 1] = out->first[r];
    /* end */
}

void pathsim_transpose(Links *out, const Links *m)
{
    /* exercise: count the links of each column, add up where each begins, then place the links row by row */
    out->rows = m->columns, out->columns = m->rows;
    for (int c = 0; c <= m->columns; c++)
        out->first[c] = 0;
    for (int k = 0; k < m->first[m->rows]; k++)
        out->first[m->to[k] + 1]++;
    for (int c = 0; c < m->columns; c++)
        out->first[c + 1] += out->first[c];
    for (int r = 0; r < m->rows; r++)
        for (int k = m->first[r]; k < m->first[r + 1]; k++) {
            int at = out->first[m->to[k]]++;        /* now it says where the next one goes */
            out->to[at] = r;
            out->times[at] = m->times[k];
        }
    for (int c = m->columns; c > 0; c--)            /* each has moved on to where the one after it began */
        out->first[c] = out->first[c - 1];
    out->first[0] = 0;
    /* end */
}

int pathsim_product_size(int *first, int *mark, const Links *A, const Links *B)
{
    /* exercise: for each row of A count the different columns that its links reach in B; mark[] remembers the row */
    for (int j = 0; j < B->columns; j++)
        mark[j] = -1;
    first[0] = 0;
    for (int i = 0; i < A->rows; i++) {
        first[i + 1] = first[i];
        for (int a = A->first[i]; a < A->first[i + 1]; a++)
            for (int b = B->first[A->to[a]]; b < B->first[A->to[a] + 1]; b++) {
                first[i + 1] += mark[B->to[b]] != i;
                mark[B->to[b]] = i;
            }
    }
    return first[A->rows];
    /* end */
}

static int by_number(const void *a, const void *b) { return *(const int *)a - *(const int *)b; }

/* Most rows are short, and for them a call a comparison would cost more than all the rest. */
static void sort_columns(int *to, int n)
{
    if (n > 32) {
        qsort(to, (size_t)n, sizeof *to, by_number);
        return;
    }
    for (int i = 1; i < n; i++) {
        int j = i, column = to[i];
        for (; j > 0 && to[j - 1] > column; j--)
            to[j] = to[j - 1];
        to[j] = column;
    }
}

void pathsim_product(Links *C, double *sum, const Links *A, const Links *B)
{
    C->rows = A->rows, C->columns = B->columns;
    for (int i = 0; i < A->rows; i++) {
        int end = C->first[i];
        /* exercise: add A's times B's into sum[]; a column that was 0 goes to C->to[end++] */
        for (int a = A->first[i]; a < A->first[i + 1]; a++)
            for (int b = B->first[A->to[a]]; b < B->first[A->to[a] + 1]; b++) {
                int j = B->to[b];
                if (sum[j] == 0)
                    C->to[end++] = j;
                sum[j] += A->times[a] * B->times[b];
            }
        /* end */
        sort_columns(C->to + C->first[i], end - C->first[i]);
        /* exercise: write the sums to C->times in the order of the columns, and leave 0 behind */
        for (int k = C->first[i]; k < end; k++) {
            C->times[k] = sum[C->to[k]];
            sum[C->to[k]] = 0;
        }
        /* end */
    }
}

double pathsim_walk(const Links *const *path, int steps, int start, int end)
{
    /* exercise: no step left: one path if start is end. Else take each link of the first step, and walk on */
    if (steps == 0)
        return start == end;
    double paths = 0;
    for (int k = path[0]->first[start]; k < path[0]->first[start + 1]; k++)
        paths += path[0]->times[k] * pathsim_walk(path + 1, steps - 1, path[0]->to[k], end);
    return paths;
    /* end */
}

/* M[x][x] = sum over k of W[x][k]^2 */
void pathsim_self(double *self, const Links *W)
{
    /* exercise: self[x] is the sum of the squares of row x */
    for (int x = 0; x < W->rows; x++) {
        self[x] = 0;
        for (int k = W->first[x]; k < W->first[x + 1]; k++)
            self[x] += W->times[k] * W->times[k];
    }
    /* end */
}

/* M[x][y] = sum over k of W[x][k] W^T[k][y]: only the links of x, and of what they lead to, are looked at */
void pathsim_scores(double *score, const Links *W, const Links *Wt, const double *self, int x)
{
    /* exercise: first score[y] = M[x][y], by way of W and Wt; then divide by the mean of both self counts */
    for (int y = 0; y < W->rows; y++)
        score[y] = 0;
    for (int k = W->first[x]; k < W->first[x + 1]; k++)
        for (int b = Wt->first[W->to[k]]; b < Wt->first[W->to[k] + 1]; b++)
            score[Wt->to[b]] += W->times[k] * Wt->times[b];
    for (int y = 0; y < W->rows; y++)
        if (score[y] > 0)                           /* 0 / 0 stays 0: no path, not alike */
            score[y] = 2 * score[y] / (self[x] + self[y]);
    /* end */
}

int pathsim_top(int *best, const double *score, int k, int x, int N)
{
    /* exercise: keep the k best so far in order; each y is put in its place, or nowhere */
    int n = 0;
    for (int y = 0; y < N; y++) {
        if (y == x || !(score[y] > 0) || (n == k && score[y] <= score[best[n - 1]]))
            continue;
        int at = n < k ? n++ : k - 1;
        for (; at > 0 && score[best[at - 1]] < score[y]; at--)
            best[at] = best[at - 1];
        best[at] = y;
    }
    return n;
    /* end */
}
