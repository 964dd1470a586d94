/* gram_schmidt.c -- an honest variant: modified Gram-Schmidt for QR, Gauss' elimination behind the normal equations. */
#include <math.h>
#include <stdlib.h>
#include "linear_regression.h"

void linear_regression_predict(double *yhat, const double *X, const double *w, int N, int D)
{
    for (int n = 0; n < N; n++) {                       /* even and odd columns apart */
        double even = 0, odd = 0;
        for (int d = 0; d < D; d += 2) even += X[n * D + d] * w[d];
        for (int d = 1; d < D; d += 2) odd += X[n * D + d] * w[d];
        yhat[n] = even + odd;
    }
}

double linear_regression_loss(double *dw, const double *X, const double *y, const double *w, int N, int D)
{
    double *r = malloc((size_t)N * sizeof *r), sum = 0;
    linear_regression_predict(r, X, w, N, D);
    for (int n = 0; n < N; n++) r[n] -= y[n], sum += r[n] * r[n];
    for (int d = 0; d < D; d++) {
        dw[d] = 0;
        for (int n = 0; n < N; n++) dw[d] += X[n * D + d] * r[n];
        dw[d] = 2 * dw[d] / N;
    }
    free(r);
    return sum / N;
}

void linear_regression_descend(double *w, double *loss, double *dw, const double *X, const double *y, double rate,
                               int steps, int N, int D)
{
    for (int s = 0; s < steps; s++) {
        loss[s] = linear_regression_loss(dw, X, y, w, N, D);
        for (int d = 0; d < D; d++) w[d] += -rate * dw[d];
    }
}

bool linear_regression_cholesky(double *A, int D)       /* row after row */
{
    for (int i = 0; i < D; i++) {
        double whole = A[i * D + i], left = whole;
        for (int j = 0; j < i; j++) {
            double sum = 0;
            for (int k = j - 1; k >= 0; k--) sum += A[i * D + k] * A[j * D + k];
            A[i * D + j] = (A[i * D + j] - sum) / A[j * D + j];
            left -= A[i * D + j] * A[i * D + j];
        }
        if (!(left > LINEAR_REGRESSION_TINY * whole)) return false;
        A[i * D + i] = sqrt(left);
    }
    return true;
}

void linear_regression_solve(double *x, const double *L, const double *b, int D)
{
    for (int i = 0; i < D; i++) {
        double sum = 0;
        for (int k = 0; k < i; k++) sum += L[i * D + k] * x[k];
        x[i] = (b[i] - sum) * (1 / L[i * D + i]);
    }
    for (int i = D; i-- > 0;) {
        double sum = 0;
        for (int k = D - 1; k > i; k--) sum += L[k * D + i] * x[k];
        x[i] = (x[i] - sum) * (1 / L[i * D + i]);
    }
}

bool linear_regression_ridge(double *w, double *A, const double *X, const double *y, double lambda, int N, int D)
{
    double *b = calloc((size_t)D, sizeof *b), *whole = calloc((size_t)D, sizeof *whole);
    bool ok = true;
    for (int i = 0; i < D * D; i++) A[i] = i % (D + 1) == 0 && i ? lambda : 0;
    for (int n = 0; n < N; n++)
        for (int i = 0; i < D; i++) {
            b[i] += X[n * D + i] * y[n];
            for (int j = 0; j < D; j++) A[i * D + j] += X[n * D + i] * X[n * D + j];
        }
    for (int i = 0; i < D; i++) whole[i] = A[i * D + i];
    for (int k = 0; ok && k < D; k++) {
        ok = A[k * D + k] > LINEAR_REGRESSION_TINY * whole[k];
        for (int i = k + 1; i < D; i++) {
            double factor = A[i * D + k] / A[k * D + k];
            for (int j = k; j < D; j++) A[i * D + j] -= factor * A[k * D + j];
            b[i] -= factor * b[k];
        }
    }
    for (int i = D - 1; ok && i >= 0; i--) {
        for (int k = i + 1; k < D; k++) b[i] -= A[i * D + k] * w[k];
        w[i] = b[i] / A[i * D + i];
    }
    free(b), free(whole);
    return ok;
}

/* Takes column j out of those behind it and out of y; R's row goes to a copy, because X's rows are still needed. */
bool linear_regression_qr(double *w, double *rss, double *X, double *y, int N, int D)
{
    double *R = calloc((size_t)D * D, sizeof *R), *z = calloc((size_t)D, sizeof *z);
    bool ok = N >= D;
    for (int j = 0; ok && j < D; j++) {
        double left = 0, whole;
        for (int n = 0; n < N; n++) left += X[n * D + j] * X[n * D + j];
        whole = left;
        for (int i = 0; i < j; i++) whole += R[i * D + j] * R[i * D + j];
        ok = sqrt(left) > LINEAR_REGRESSION_TINY * sqrt(whole);
        R[j * D + j] = sqrt(left);
        for (int n = 0; n < N; n++) X[n * D + j] /= R[j * D + j];
        for (int c = j + 1; c < D; c++) {
            for (int n = 0; n < N; n++) R[j * D + c] += X[n * D + j] * X[n * D + c];
            for (int n = 0; n < N; n++) X[n * D + c] -= R[j * D + c] * X[n * D + j];
        }
        for (int n = 0; n < N; n++) z[j] += X[n * D + j] * y[n];
        for (int n = 0; n < N; n++) y[n] -= z[j] * X[n * D + j];
    }
    for (int i = D - 1; ok && i >= 0; i--) {
        double sum = z[i];
        for (int c = i + 1; c < D; c++) sum -= R[i * D + c] * w[c];
        w[i] = sum / R[i * D + i];
    }
    if (ok) *rss = 0;
    for (int n = 0; ok && n < N; n++) *rss += y[n] * y[n];
    for (int i = 0; ok && i < D * D; i++) X[i] = R[i];
    free(R), free(z);
    return ok;
}

bool linear_regression_errors(double *se, double *t, const double *R, const double *w, double rss, int N, int D)
{
    if (N <= D) return false;
    double *inverse = calloc((size_t)D * D, sizeof *inverse);
    for (int c = 0; c < D; c++)
        for (int i = c; i >= 0; i--) {
            double sum = i == c;
            for (int k = c; k > i; k--) sum -= R[i * D + k] * inverse[k * D + c];
            inverse[i * D + c] = sum / R[i * D + i];
        }
    for (int j = 0; j < D; j++) {
        double square = 0;
        for (int c = j; c < D; c++) square += inverse[j * D + c] * inverse[j * D + c];
        se[j] = sqrt(rss * square / (N - D));
        t[j] = w[j] / se[j];
    }
    free(inverse);
    return true;
}
