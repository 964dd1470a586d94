"""scikit-learn as a peer."""
import os
import warnings

import numpy as np
import sklearn
import threadpoolctl
from sklearn.linear_model import LinearRegression, Ridge

from peer import serve

threadpoolctl.threadpool_limits(int(os.environ["OMP_NUM_THREADS"]))
warnings.simplefilter("ignore")


class Regression:
    """Column 0 of X is all ones: the intercept, which scikit-learn finds by itself. What is checked and copied is its affair."""

    def __init__(self, size, given):
        self.X, self.y = np.ascontiguousarray(given["X"].reshape(size)[:, 1:]), given["y"]

    def call(self):
        self.model = self.make().fit(self.X, self.y)

    def outputs(self):
        return {"w": np.append(self.model.intercept_, self.model.coef_)}


class RidgeCholesky(Regression):
    @staticmethod
    def make():
        return Ridge(alpha=0, solver="cholesky")


class Ols(Regression):
    @staticmethod
    def make():
        return LinearRegression()


CASES = {
    "linear_regression_ridge": RidgeCholesky,
    "linear_regression_qr": Ols,
}

if __name__ == "__main__":
    blas = ", ".join(sorted({f"{p['internal_api']} {p['version']} {p['num_threads']} threads" for p in threadpoolctl.threadpool_info()}))
    with sklearn.config_context(assume_finite=True):
        serve(sklearn.__version__, f"NumPy {np.__version__}, {blas}", CASES)
