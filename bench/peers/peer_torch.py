"""PyTorch as a peer: for each case what a user would write, run as fast as PyTorch runs it."""
import glob
import importlib
import os

import numpy as np
import torch
import torch.nn.functional as F

from peer import serve

torch.set_num_threads(int(os.environ["OMP_NUM_THREADS"]))


def tensor(given, name, *shape):
    return torch.from_numpy(given[name]).reshape(*shape).clone()


class Softmax:
    function = staticmethod(F.softmax)

    def __init__(self, size, given):
        self.x = tensor(given, "x", *size)

    def call(self):
        self.y = None       # its memory serves for the new one
        self.y = self.function(self.x, -1)

    def outputs(self):
        return {"y": self.y}


class SoftmaxLog(Softmax):
    function = staticmethod(F.log_softmax)


class SoftmaxBackward:
    """The kernel itself, without autograd's bookkeeping."""

    def __init__(self, size, given):
        self.y, self.dy = tensor(given, "y", *size), tensor(given, "dy", *size)

    def call(self):
        self.dx = None
        self.dx = torch._softmax_backward_data(self.dy, self.y, -1, torch.float32)

    def outputs(self):
        return {"dx": self.dx}


class CrossEntropyStep:
    def __init__(self, size, given):
        self.x = tensor(given, "x", *size).requires_grad_()
        self.target = tensor(given, "target", size[0]).long()

    def call(self):
        with torch.enable_grad():
            self.x.grad = None
            self.loss = F.cross_entropy(self.x, self.target)
            self.loss.backward()

    def outputs(self):
        return {"loss": self.loss.detach(), "dx": self.x.grad}


class Gemm:
    def __init__(self, size, given):
        M, N, K = size
        self.A, self.B, self.C = tensor(given, "A", M, K), tensor(given, "B", K, N), torch.empty(M, N)

    def call(self):
        torch.mm(self.A, self.B, out=self.C)

    def outputs(self):
        result, self.C = self.C, torch.full_like(self.C, np.nan)
        return {"C": result}


class Linear:
    def __init__(self, size, given):
        N, IN, OUT = size
        self.x, self.w, self.b = tensor(given, "x", N, IN), tensor(given, "w", OUT, IN), tensor(given, "b", OUT)

    def call(self):
        self.y = None
        self.y = F.linear(self.x, self.w, self.b)

    def outputs(self):
        return {"y": self.y}


class LinearBackward:
    """dw and db are added to, as the textbook's are."""

    def __init__(self, size, given):
        N, IN, OUT = size
        self.x, self.w, self.dy = tensor(given, "x", N, IN), tensor(given, "w", OUT, IN), tensor(given, "dy", N, OUT)
        self.start = tensor(given, "dw", OUT, IN), tensor(given, "db", OUT)
        self.dw, self.db = torch.empty_like(self.start[0]), torch.empty_like(self.start[1])

    def before(self):
        self.dw.copy_(self.start[0])
        self.db.copy_(self.start[1])

    def call(self):
        self.dx = None
        self.dx = self.dy @ self.w
        self.dw.addmm_(self.dy.T, self.x)
        self.db += self.dy.sum(0)

    def outputs(self):
        return {"dx": self.dx, "dw": self.dw, "db": self.db}


CASES = {
    "softmax": Softmax,
    "softmax_backward": SoftmaxBackward,
    "softmax_log": SoftmaxLog,
    "cross_entropy_step": CrossEntropyStep,
    "gemm": Gemm,
    "mlp_linear": Linear,
    "mlp_linear_backward": LinearBackward,
}

if __name__ == "__main__":
    for path in sorted(glob.glob(os.path.join(os.path.dirname(os.path.abspath(__file__)), "torch_*.py"))):
        CASES.update(importlib.import_module(os.path.basename(path)[:-3]).CASES)
    with torch.no_grad():
        serve(torch.__version__, f"{torch.backends.cpu.get_cpu_capability()}, {torch.get_num_threads()} threads, "
                                 f"MKL {torch.backends.mkl.is_available()}, oneDNN {torch.backends.mkldnn.is_available()}", CASES)
