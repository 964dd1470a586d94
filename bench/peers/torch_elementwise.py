"""PyTorch's exp and activations: the kernels, without autograd's bookkeeping."""
import torch
import torch.nn.functional as F


class Map:
    def __init__(self, size, given):
        self.x = torch.from_numpy(given["x"]).reshape(*size).clone()

    def call(self):
        self.y = None       # its memory serves for the new one
        self.y = self.function(self.x)

    def outputs(self):
        return {"y": self.y}


class MapBackward(Map):
    def __init__(self, size, given):
        super().__init__(size, given)
        self.dy = torch.from_numpy(given["dy"]).reshape(*size).clone()

    def call(self):
        self.dx = None
        self.dx = self.function(self.dy, self.x)

    def outputs(self):
        return {"dx": self.dx}


def case(function, base=Map):
    return type(base.__name__, (base,), {"function": staticmethod(function)})


aten = torch.ops.aten
CASES = {
    "exp": case(torch.exp),
    "gelu": case(F.gelu),
    "gelu_tanh": case(lambda x: F.gelu(x, approximate="tanh")),
    "gelu_backward": case(aten.gelu_backward, MapBackward),
    "gelu_tanh_backward": case(lambda dy, x: aten.gelu_backward(dy, x, approximate="tanh"), MapBackward),
    "silu": case(F.silu),
    "silu_backward": case(aten.silu_backward, MapBackward),
    "sigmoid": case(torch.sigmoid),
    "tanh": case(torch.tanh),
    "softplus": case(F.softplus),
    "relu": case(torch.relu),
    "elu": case(F.elu),
}
