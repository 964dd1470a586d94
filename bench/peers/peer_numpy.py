"""NumPy as a peer: arrays, views of them, and products."""
import numpy as np

from peer import serve


class AddRow:
    """(N,C) + (C), into an array that is there."""

    def __init__(self, size, given):
        self.x, self.row = given["x"].reshape(size), given["row"]
        self.y = np.empty_like(self.x)

    def call(self):
        np.add(self.x, self.row, out=self.y)

    def outputs(self):
        return {"y": self.y.ravel()}


class AddTurned:
    """y (C,N) = x^T + z."""

    def __init__(self, size, given):
        self.x, self.z = given["x"].reshape(size), given["z"].reshape(size[::-1])
        self.y = np.empty_like(self.z)

    def call(self):
        np.add(self.x.T, self.z, out=self.y)

    def outputs(self):
        return {"y": self.y.ravel()}


class SumFirst:
    """Columns' sums: whole rows are added up, in float."""

    def __init__(self, size, given):
        self.x, self.y = given["x"].reshape(size), np.empty(size[1], np.float32)

    def call(self):
        np.add.reduce(self.x, axis=0, out=self.y)

    def outputs(self):
        return {"y": self.y}


class Product:
    """C = A^T B: a view goes to BLAS as it is."""

    def __init__(self, size, given):
        m, n, k = size
        self.a, self.b = given["A"].reshape(k, m).T, given["B"].reshape(k, n)
        self.c = np.empty((m, n), np.float32)

    def call(self):
        np.matmul(self.a, self.b, out=self.c)

    def outputs(self):
        return {"C": self.c.ravel()}


class Parts:
    def __init__(self, size, given):
        self.predicted, self.truth = given["predicted"].reshape(size), given["truth"]

    def call(self):
        variance = self.predicted.var(axis=0, ddof=1)
        bias = (self.predicted.mean(axis=0) - self.truth) ** 2 - variance / len(self.predicted)
        self.parts = np.array([bias.mean(), variance.mean()])

    def outputs(self):
        return {"parts": self.parts}


class Legendre:
    def __init__(self, size, given):
        self.x, self.scale = given["x"], np.sqrt(2 * np.arange(size[1]) + 1)

    def call(self):
        self.X = np.polynomial.legendre.legvander(self.x, len(self.scale) - 1) * self.scale

    def outputs(self):
        return {"X": np.ascontiguousarray(self.X)}


CASES = {"bias_variance_decompose": Parts, "bias_variance_features": Legendre,
         "ndarray_add_row": AddRow, "ndarray_add_turned": AddTurned, "ndarray_sum_first": SumFirst,
         "ndarray_matmul": Product}

if __name__ == "__main__":
    serve(np.__version__, "", CASES)
