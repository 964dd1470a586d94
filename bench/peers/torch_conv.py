"""Convolution by PyTorch. Images as they come (N,C,H,W): its own best choice of what to do with them."""
import torch
import torch.nn.functional as F


def tensor(given, name, *shape):
    return torch.from_numpy(given[name]).reshape(*shape).clone()


class Conv2d:
    def __init__(self, size, given):
        N, C, S, O, K = size
        self.x, self.w, self.b = tensor(given, "x", N, C, S, S), tensor(given, "w", O, C, K, K), tensor(given, "b", O)
        self.pad = K // 2

    def call(self):
        self.y = None
        self.y = F.conv2d(self.x, self.w, self.b, padding=self.pad)

    def outputs(self):
        return {"y": self.y}


class Conv2dRelu(Conv2d):
    def call(self):
        self.y = None
        self.y = F.relu_(F.conv2d(self.x, self.w, self.b, padding=self.pad))


class Conv2dBackward:
    """The kernel itself, without autograd's bookkeeping."""

    def __init__(self, size, given):
        N, C, S, O, K = size
        self.x, self.w = tensor(given, "x", N, C, S, S), tensor(given, "w", O, C, K, K)
        self.dy = tensor(given, "dy", N, O, S, S)
        self.O, self.pad = O, K // 2

    def call(self):
        self.d = None
        self.d = torch.ops.aten.convolution_backward(self.dy, self.x, self.w, [self.O], [1, 1], [self.pad, self.pad],
                                                     [1, 1], False, [0, 0], 1, [True, True, True])

    def outputs(self):
        return dict(zip(("dx", "dw", "db"), self.d))


CASES = {
    "conv2d": Conv2d,
    "conv2d_relu": Conv2dRelu,
    "conv2d_backward": Conv2dBackward,
}
