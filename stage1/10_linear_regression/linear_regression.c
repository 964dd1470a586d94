/* linear_regression.c -- least squares by gradient descent, by normal equations, by QR; ridge; standard errors. */
#include <math.h>
#include "linear_regression.h"

/* yhat = X w */
void linear_regression_predict(double *yhat, const double *X, const double *w, int N, int D)
{
    /* exercise: yhat[n] is the dot product of row n of X with w */
    for (int n = 0; n < N; n++, X += D) {
        double sum = 0;
        for (int d = 0; d < D; d++)
            sum += X[d] * w[d];
        yhat[n] = sum;
    }
    /* end */
}

/* r = X w - y,  loss = sum r^2 / N,  dw = 2/N X^T r */
double linear_regression_loss(double *dw, const double *X, const double *y, const double *w, int N, int D)
{
    /* exercise: write the gradient of the mean squared error to dw, return the error */
    double sum = 0;
    for (int d = 0; d < D; d++)
        dw[d] = 0;
    for (int n = 0; n < N; n++, X += D) {
        double r = -y[n];
        for (int d = 0; d < D; d++)
            r += X[d] * w[d];
        sum += r * r;
        for (int d = 0; d < D; d++)
            dw[d] += 2 * r * X[d] / N;
    }
    return sum / N;
    /* end */
}

/* w = w - rate dw(w), again and again */
void linear_regression_descend(double *w, double *loss, double *dw, const double *X, const double *y, double rate,
                               int steps, int N, int D)
{
    /* exercise: in each step note the loss, then move every weight against its gradient */
    for (int s = 0; s < steps; s++) {
        loss[s] = linear_regression_loss(dw, X, y, w, N, D);
        for (int d = 0; d < D; d++)                 /* only now: dw belongs to the w of before */
            w[d] -= rate * dw[d];
    }
    /* end */
}

/* A[i][j] = sum over k <= j of L[i][k] L[j][k]: solved for L[i][j], column after column, in place */
bool linear_regression_cholesky(double *A, int D)
{
    /* exercise: replace the lower triangle of A by L, where L L^T = A; false where A is not positive definite */
    for (int j = 0; j < D; j++) {
        double *row = A + j * D, left = row[j];
        for (int k = 0; k < j; k++)
            left -= row[k] * row[k];
        if (!(left > LINEAR_REGRESSION_TINY * row[j]))      /* NaN stops here too */
            return false;
        row[j] = sqrt(left);
        for (int i = j + 1; i < D; i++) {
            double sum = A[i * D + j];
            for (int k = 0; k < j; k++)
                sum -= A[i * D + k] * row[k];
            A[i * D + j] = sum / row[j];
        }
    }
    return true;
    /* end */
}

/* L z = b from the top down,  L^T x = z from the bottom up */
void linear_regression_solve(double *x, const double *L, const double *b, int D)
{
    /* exercise: solve L z = b into x, then L^T x = z in place */
    for (int i = 0; i < D; i++) {
        double sum = b[i];
        for (int k = 0; k < i; k++)
            sum -= L[i * D + k] * x[k];
        x[i] = sum / L[i * D + i];
    }
    for (int i = D - 1; i >= 0; i--) {
        double sum = x[i];
        for (int k = i + 1; k < D; k++)
            sum -= L[k * D + i] * x[k];             /* row i of L^T is column i of L */
        x[i] = sum / L[i * D + i];
    }
    /* end */
}

/* (X^T X + lambda diag(0,1,...,1)) w = X^T y */
bool linear_regression_ridge(double *w, double *A, const double *X, const double *y, double lambda, int N, int D)
{
    /* exercise: build the lower triangle of X^T X plus the penalty in A, factor it, solve for w */
    for (int i = 0; i < D; i++)
        for (int j = 0; j <= i; j++)
            A[i * D + j] = i == j && i > 0 ? lambda : 0;    /* the intercept may be as large as it likes */
    const double *x = X;
    for (int n = 0; n < N; n++, x += D)             /* row by row: X is read once, in the order it lies in */
        for (int i = 0; i < D; i++)
            for (int j = 0; j <= i; j++)
                A[i * D + j] += x[i] * x[j];
    if (!linear_regression_cholesky(A, D))
        return false;
    for (int d = 0; d < D; d++)
        w[d] = 0;
    for (int n = 0; n < N; n++, X += D)
        for (int d = 0; d < D; d++)
            w[d] += X[d] * y[n];
    linear_regression_solve(w, A, w, D);
    return true;
    /* end */
}

/* a = a - beta v (v . a): the mirror image of a, where beta = 2 / |v|^2. The n elements of a lie step_a apart. */
static void reflect(double *a, int step_a, const double *v, int step_v, double beta, int n)
{
    double dot = 0;
    for (int i = 0; i < n; i++)
        dot += v[i * step_v] * a[i * step_a];
    for (int i = 0; i < n; i++)
        a[i * step_a] -= beta * dot * v[i * step_v];
}

/* R w = z from the bottom up */
static void back_substitute(double *w, const double *R, const double *z, int D)
{
    for (int j = D - 1; j >= 0; j--) {
        double sum = z[j];
        for (int c = j + 1; c < D; c++)
            sum -= R[j * D + c] * w[c];
        w[j] = sum / R[j * D + j];
    }
}

/* Mirror column after column onto (.., alpha, 0, .., 0): X becomes R, y becomes Q^T y. Then R w = Q^T y. */
bool linear_regression_qr(double *w, double *rss, double *X, double *y, int N, int D)
{
    /* exercise: reflect each column of X, the columns right of it and y, until X is R; then solve for w */
    for (int j = 0; j < D; j++) {
        double whole = 0, left = 0;                 /* squared lengths: the column, and from its diagonal down */
        for (int n = 0; n < N; n++)
            whole += X[n * D + j] * X[n * D + j];
        for (int n = j; n < N; n++)
            left += X[n * D + j] * X[n * D + j];
        if (!(sqrt(left) > LINEAR_REGRESSION_TINY * sqrt(whole)))
            return false;
        double *v = X + j * D + j;
        double alpha = *v > 0 ? -sqrt(left) : sqrt(left);   /* to the far side: *v - alpha cannot cancel */
        *v -= alpha;
        double beta = -1 / (alpha * *v);            /* = 2 / |v|^2 */
        for (int c = j + 1; c < D; c++)
            reflect(X + j * D + c, D, v, D, beta, N - j);
        reflect(y + j, 1, v, D, beta, N - j);
        *v = alpha;
    }
    back_substitute(w, X, y, D);
    *rss = 0;
    for (int n = D; n < N; n++)
        *rss += y[n] * y[n];
    return true;
    /* end */
}

/* s^2 = rss / (N - D),  se[j] = s |u|, where R^T u = e[j]: u is row j of R^-1 */
bool linear_regression_errors(double *se, double *t, const double *R, const double *w, double rss, int N, int D)
{
    /* exercise: the standard error of each weight from a row of the inverse of R, and the weight in units of it */
    if (N <= D)
        return false;
    for (int j = 0; j < D; j++) {
        double *u = t, square = 0;                  /* t is free until every se is known */
        for (int i = j; i < D; i++) {               /* u[0] .. u[j-1] are 0 */
            double sum = i == j;
            for (int k = j; k < i; k++)
                sum -= R[k * D + i] * u[k];
            u[i] = sum / R[i * D + i];
            square += u[i] * u[i];
        }
        se[j] = sqrt(rss / (N - D) * square);
    }
    for (int j = 0; j < D; j++)
        t[j] = w[j] / se[j];
    return true;
    /* end */
}
