"""PyTorch's SGD with momentum down the same bowl, its gradient written by hand: no graph is recorded."""
import torch


class Momentum:
    """v without the rate, as PyTorch has it: from rest the walk is the same."""

    def __init__(self, size, given):
        (d,) = size
        self.A, self.b = torch.from_numpy(given["A"]).reshape(d, d), torch.from_numpy(given["b"])
        self.w = torch.zeros(d, dtype=torch.float64)
        self.w.grad = torch.zeros_like(self.w)
        self.loss = torch.zeros(50, dtype=torch.float64)

    def call(self):
        w, g = self.w.zero_(), self.w.grad
        optim = torch.optim.SGD([w], 0.5, momentum=0.8, fused=True)
        for s in range(50):
            torch.addmv(self.b, self.A, w, beta=-1, out=g)
            self.loss[s] = torch.dot(w, g - self.b) / 2
            optim.step()

    def outputs(self):
        return {"w": self.w, "loss": self.loss}


CASES = {"gradient_descent_momentum": Momentum}
