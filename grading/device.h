/* device.h -- what a probe of a folder of kind gpu says of the device: buffers there, and what its kernels may cost. */
#pragma once

#ifdef __cplusplus
extern "C" {
#endif

/*
 * PROBE(gpu_x_scale, awkward_sizes)
 * {
 *     int N = probe_pick(1, 31, 33, 1000);
 *     const float *x = device_in("x", probe_floats(N), N);
 *     float *y = device_out("y", N);
 *     gpu_x_scale(y, x, 2, N);
 *     emit("y", device_back(y), N);
 *     emit_counter("global_store_sectors_per_request");
 * }
 *
 * A buffer has the name by which a finding calls it: the parameter's. All are given back after the trial; what the
 * learner's code leaves there then is a finding, a leak.
 */
const float *device_in(const char *name, const float *host, int n);             /* a copy; checked unchanged */
const int   *device_in_ints(const char *name, const int *host, int n);
float       *device_inout(const char *name, const float *host, int n);          /* a copy that may change */
int         *device_inout_ints(const char *name, const int *host, int n);
float       *device_out(const char *name, int n);       /* poisoned as probe_output(); in check mode nobody wrote it */
int         *device_out_ints(const char *name, int n);

/* All of a buffer, on the host, once the device has done what it was asked to. An error of CUDA's ends the process. */
const float *device_back(const float *device);
const int   *device_back_ints(const int *device);

/* From now on in this trial the device has that many bytes left: cudaMalloc of more fails. */
void device_leaves(int bytes);

/* A finding of that kind is no fault in this trial: the probe asks for it (README.md of common/simt lists kinds). */
void device_expects(const char *kind);

/* The counter over all kernels of this trial so far, which is held to the reference's. Only check mode counts. */
void emit_counter(const char *counter);

#ifdef __cplusplus
}
#endif
