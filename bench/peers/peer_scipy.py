"""SciPy's sparse matrices as a peer."""
import numpy as np
import scipy
from scipy import sparse

from peer import serve


class Product:
    """Rows come out in no order, which is SciPy's choice and the faster one."""

    def __init__(self, size, given):
        authors, papers, n = size
        self.ap = sparse.csr_matrix((np.ones(n), (given["author"], given["paper"])), shape=(authors, papers))
        self.ap.sum_duplicates()
        self.pa = self.ap.T.tocsr()

    def call(self):
        self.c = self.ap @ self.pa

    def outputs(self):
        return {"first": self.c.indptr.astype(np.int32), "paths": np.asarray(self.c.sum(axis=1)).ravel()}


CASES = {"pathsim_product": Product}

if __name__ == "__main__":
    serve(scipy.__version__, f"NumPy {np.__version__}", CASES)
