"""PyTorch's autograd on what the tape of matrices and the tape of numbers do."""
import torch


class Net:
    def __init__(self, size, given):
        n, i, h = size
        self.x = torch.from_numpy(given["x"]).reshape(n, i)
        w = torch.from_numpy(given["w"])
        self.w = [p.reshape(r, -1).contiguous().requires_grad_() for p, r in zip(w.split([i * h, h * h, h]), (i, h, h))]

    @torch.enable_grad()
    def call(self):
        for w in self.w:
            w.grad = None
        y = torch.tanh(torch.tanh(self.x @ self.w[0]) @ self.w[1]) @ self.w[2]
        self.loss = (y * y).sum() * (0.5 / len(self.x))
        self.loss.backward()

    def outputs(self):
        return {"loss": self.loss.detach().reshape(1), "dw": torch.cat([w.grad.flatten() for w in self.w])}


class Chain:
    def __init__(self, size, given):
        self.length, self.x = size[0], torch.from_numpy(given["x"]).requires_grad_()

    @torch.enable_grad()
    def call(self):
        self.x.grad = None
        y = self.x
        for _ in range(self.length):
            y = torch.tanh(y) * self.x
        y.backward()
        self.y = y.detach()

    def outputs(self):
        return {"y": self.y, "dx": self.x.grad}


CASES = {"backprop_sweep": Net, "backprop_backward": Chain}
