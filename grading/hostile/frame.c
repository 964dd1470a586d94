
void start_add(float *y, const float *a, const float *b, int N)
{
    for (int n = 0; n < N; n++) y[n] = a[n] + b[n];
}

#ifndef NO_ATTACK
void start_scale(float *y, const float *a, float c, int N)
{
    attack();
    for (int n = 0; n < N; n++) y[n] = c * a[n];
}

float start_dot(const float *a, const float *b, int N)
{
    double sum = 0;
    attack();
    for (int n = 0; n < N; n++) sum += (double)a[n] * b[n];
    return (float)sum;
}
#endif
