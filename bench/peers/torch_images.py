"""Pools, batch norm, reductions, rows of a table and dropout by PyTorch."""
import torch
import torch.nn.functional as F

EPS = 1e-5
aten = torch.ops.aten


def tensor(given, name, *shape):
    return torch.from_numpy(given[name]).reshape(*shape).clone()


class Images:
    """y = what a subclass makes of x (N,C,S,S)."""

    def __init__(self, size, given):
        N, self.C, S = size
        self.x = tensor(given, "x", N, self.C, S, S)

    def call(self):
        self.y = None
        self.y = self.make()

    def outputs(self):
        return {"y": self.y}


class MaxPool(Images):
    """With the places of the maxima, as training wants them."""

    def make(self):
        return aten.max_pool2d_with_indices(self.x, [2, 2])[0]


class BatchNorm(Images):
    def __init__(self, size, given):
        super().__init__(size, given)
        self.w, self.b = tensor(given, "w", -1), tensor(given, "b", -1)

    def make(self):
        return aten.native_batch_norm(self.x, self.w, self.b, None, None, True, 0.1, EPS)[0]


class BatchNormBackward(Images):
    """The kernel itself, without autograd's bookkeeping."""

    def __init__(self, size, given):
        super().__init__(size, given)
        self.w, self.dy = tensor(given, "w", -1), tensor(given, "dy", *self.x.shape)
        _, self.mean, self.scale = aten.native_batch_norm(self.x, self.w, self.w, None, None, True, 0.1, EPS)

    def make(self):
        return aten.native_batch_norm_backward(self.dy, self.x, self.w, None, None, self.mean, self.scale, True, EPS,
                                               [True, True, True])

    def outputs(self):
        return dict(zip(("dx", "dw", "db"), self.y))


class SumRows(Images):
    def __init__(self, size, given):
        self.x = tensor(given, "x", *size)

    def make(self):
        return self.x.sum(1)


class SumColumns(SumRows):
    def make(self):
        return self.x.sum(0)


class VarRows(SumRows):
    def make(self):
        return self.x.var(1)


class Dropout(SumRows):
    def make(self):
        return F.dropout(self.x, 0.1)

    def outputs(self):
        return {"kept": (self.y != 0).float().mean().reshape(1)}


class Embedding(Images):
    def __init__(self, size, given):
        N, V, C = size
        self.table, self.index = tensor(given, "table", V, C), tensor(given, "index", N)

    def make(self):
        return F.embedding(self.index, self.table)


CASES = {
    "max_pool2d": MaxPool,
    "batchnorm": BatchNorm,
    "batchnorm_backward": BatchNormBackward,
    "sum_rows": SumRows,
    "sum_columns": SumColumns,
    "var_rows": VarRows,
    "dropout": Dropout,
    "embedding": Embedding,
}
