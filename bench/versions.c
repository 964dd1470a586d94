/* versions.c -- asks the libraries themselves: what was linked is not always what was compiled against. */
#include <cblas.h>
#include <stdio.h>
#include <string.h>
#ifdef HAVE_DNNL
#include <oneapi/dnnl/dnnl.h>
#endif
#ifdef HAVE_LIBLINEAR
#include <linear.h>
#endif
#ifdef HAVE_LIBSVM
extern int libsvm_version;              /* of svm.h, whose names meet those of linear.h */
#endif
#include "versions.h"

/* openblas_get_config says "OpenBLAS 0.3.21 NO_LAPACKE DYNAMIC_ARCH ...". */
const char *version_openblas(void)
{
    static char text[80];
    char        number[32] = "";
    sscanf(openblas_get_config(), "OpenBLAS %31s", number);
    snprintf(text, sizeof text, "%s %s", number, openblas_get_corename());
    return text;
}

const char *version_lapack(void)
{
    static char text[48];
    char        number[32] = "";
    sscanf(openblas_get_config(), "OpenBLAS %31s", number);
    snprintf(text, sizeof text, "OpenBLAS %s", number);
    return text;
}

const char *version_onednn(void)
{
#ifdef HAVE_DNNL
    static char           text[32];
    const dnnl_version_t *v = dnnl_version();
    snprintf(text, sizeof text, "%d.%d.%d", v->major, v->minor, v->patch);
    return text;
#else
    return "";
#endif
}

/* Until 2.50 no function of the library says which it is: the header's number, which Debian keeps beside it. */
const char *version_liblinear(void)
{
#ifdef HAVE_LIBLINEAR
    static char text[16];
    snprintf(text, sizeof text, "%d.%02d", LIBLINEAR_VERSION / 100, LIBLINEAR_VERSION % 100);
    return text;
#else
    return "";
#endif
}

const char *version_libsvm(void)
{
#ifdef HAVE_LIBSVM
    static char text[16];
    snprintf(text, sizeof text, "%d.%02d", libsvm_version / 100, libsvm_version % 100);
    return text;
#else
    return "";
#endif
}
