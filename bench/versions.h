/* versions.h -- which C libraries are measured. */
#pragma once

const char *version_openblas(void);     /* "0.3.21 SkylakeX", the kernels it chose for this processor */
const char *version_lapack(void);       /* "OpenBLAS 0.3.21" */
const char *version_onednn(void);       /* "2.6.3" */
const char *version_liblinear(void);    /* "2.30" */
const char *version_libsvm(void);       /* "3.24" */
