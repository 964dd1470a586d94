"""PyTorch's losses with their gradients, by autograd; the gradients of a product of three, by matmul."""
import torch
import torch.nn.functional as F


class Softmax:
    def __init__(self, size, given):
        self.z, self.target = torch.from_numpy(given["z"]).reshape(size), torch.from_numpy(given["target"]).long()
        self.z.requires_grad_()

    @torch.enable_grad()
    def call(self):
        self.z.grad = None
        self.loss = F.cross_entropy(self.z, self.target)
        self.loss.backward()

    def outputs(self):
        return {"loss": self.loss.detach(), "dz": self.z.grad}


class Margin:
    def __init__(self, size, given):
        self.z, self.y = torch.from_numpy(given["z"]), (torch.from_numpy(given["y"]).double() + 1) / 2
        self.z.requires_grad_()

    @torch.enable_grad()
    def call(self):
        self.z.grad = None
        self.loss = F.binary_cross_entropy_with_logits(self.z, self.y)
        self.loss.backward()

    def outputs(self):
        return {"loss": self.loss.detach(), "dz": self.z.grad}


class Product:
    def __init__(self, size, given):
        n = size[0]
        self.dY, self.A, self.X, self.B = (torch.from_numpy(given[k]).reshape(n, n) for k in ("dY", "A", "X", "B"))

    def call(self):
        self.dA = self.dY @ (self.X @ self.B).T
        self.dB = (self.A @ self.X).T @ self.dY
        self.dX = self.A.T @ (self.dY @ self.B.T)

    def outputs(self):
        return {"dA": self.dA, "dX": self.dX, "dB": self.dB}


CASES = {"derivatives_softmax": Softmax, "derivatives_margin": Margin, "derivatives_axb": Product}
