/* twin.cu -- lstm.h by way of the device: inputs there, lstm.cu, outputs back. So its probes are lstm.c's. */
#include "simt/twin.h"
#include "lstm_cuda.h"
extern "C" {
#include "lstm.h"
}

/* An input that may be NULL there and then is here. */
struct Maybe : In<float> {
    bool here;
    Maybe(const float *host, int n) : In<float>(host, host ? n : 0), here(host != nullptr) {}
    operator const float *() const { return here ? device : nullptr; }
};

void lstm_sums(float *z, const float *x, const float *before, const float *w_ih, const float *w_hh, const float *b,
               int B, int IN, int H)
{
    lstm_sums_cuda(Out<float>(z, B * 4 * H), In<float>(x, B * IN), Maybe(before, B * H), In<float>(w_ih, 4 * H * IN),
                   In<float>(w_hh, 4 * H * H), In<float>(b, 4 * H), B, IN, H);
}

void lstm_cell(float *h, float *c, float *gate, const float *z, const float *before, int B, int H)
{
    lstm_cell_cuda(Out<float>(h, B * H), Out<float>(c, B * H), Out<float>(gate, B * 4 * H), In<float>(z, B * 4 * H),
                   Maybe(before, B * H), B, H);
}

void lstm_forward(float *y, float *c, float *gate, const float *x, const float *h0, const float *c0, const float *w_ih,
                  const float *w_hh, const float *b, int T, int B, int IN, int H)
{
    int N = T * B;
    lstm_forward_cuda(Out<float>(y, N * H), Out<float>(c, N * H), Out<float>(gate, N * 4 * H), In<float>(x, N * IN),
                      Maybe(h0, B * H), Maybe(c0, B * H), In<float>(w_ih, 4 * H * IN), In<float>(w_hh, 4 * H * H),
                      In<float>(b, 4 * H), T, B, IN, H);
}

void lstm_cell_backward(float *dz, float *dc, const float *dh, const float *gate, const float *c, const float *before,
                        int B, int H)
{
    lstm_cell_backward_cuda(Out<float>(dz, B * 4 * H), InOut<float>(dc, B * H), In<float>(dh, B * H),
                            In<float>(gate, B * 4 * H), In<float>(c, B * H), Maybe(before, B * H), B, H);
}

void lstm_backward(float *dz, float *dh, float *dc, const float *dy, const float *gate, const float *c,
                   const float *c0, const float *w_hh, int T, int B, int H)
{
    int N = T * B;
    lstm_backward_cuda(Out<float>(dz, N * 4 * H), InOut<float>(dh, B * H), InOut<float>(dc, B * H), Maybe(dy, N * H),
                       In<float>(gate, N * 4 * H), In<float>(c, N * H), Maybe(c0, B * H), In<float>(w_hh, 4 * H * H),
                       T, B, H);
}

void lstm_weights_backward(float *dx, float *dw_ih, float *dw_hh, float *db, const float *dz, const float *x,
                           const float *h0, const float *y, const float *w_ih, int T, int B, int IN, int H)
{
    int        N = T * B;
    Out<float> in(dx, dx ? N * IN : 0);
    lstm_weights_backward_cuda(dx ? in.device : nullptr, InOut<float>(dw_ih, 4 * H * IN),
                               InOut<float>(dw_hh, 4 * H * H), InOut<float>(db, 4 * H), In<float>(dz, N * 4 * H),
                               In<float>(x, N * IN),
                               Maybe(h0, B * H), In<float>(y, N * H), In<float>(w_ih, 4 * H * IN), T, B, IN, H);
}

void lstm_chrono(float *b, const float *u, int T, int H)
{
    lstm_chrono_cuda(Out<float>(b, 4 * H), In<float>(u, H), T, H);
}

void lstm_kept(float *kept, const float *gate, int T, int B, int H)
{
    lstm_kept_cuda(Out<float>(kept, T * B * H), In<float>(gate, T * B * 4 * H), T, B, H);
}
