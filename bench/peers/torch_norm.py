"""Normalisation by PyTorch: the kernels themselves, without autograd's bookkeeping."""
import torch
import torch.nn.functional as F

EPS = 1e-5
aten = torch.ops.aten


def tensor(given, name, *shape):
    return torch.from_numpy(given[name]).reshape(*shape).clone()


class LayerNorm:
    def __init__(self, size, given):
        self.x, self.w, self.b = tensor(given, "x", *size), tensor(given, "w", -1), tensor(given, "b", -1)

    def call(self):
        self.y = None
        self.y = F.layer_norm(self.x, self.w.shape, self.w, self.b, EPS)

    def outputs(self):
        return {"y": self.y}


class LayerNormBackward:
    def __init__(self, size, given):
        self.x, self.w, self.dy = tensor(given, "x", *size), tensor(given, "w", -1), tensor(given, "dy", *size)
        self.b = torch.zeros_like(self.w)
        _, self.mean, self.scale = aten.native_layer_norm(self.x, self.w.shape, self.w, self.b, EPS)

    def call(self):
        self.d = None
        self.d = aten.native_layer_norm_backward(self.dy, self.x, self.w.shape, self.mean, self.scale, self.w, self.b,
                                                 [True, True, True])

    def outputs(self):
        return dict(zip(("dx", "dw", "db"), self.d))


class RmsNorm(LayerNorm):
    def __init__(self, size, given):
        self.x, self.w = tensor(given, "x", *size), tensor(given, "w", -1)

    def call(self):
        self.y = None
        self.y = F.rms_norm(self.x, self.w.shape, self.w, EPS)


class RmsNormBackward:
    def __init__(self, size, given):
        self.x, self.w = tensor(given, "x", *size).requires_grad_(), tensor(given, "w", -1).requires_grad_()
        self.dy = tensor(given, "dy", *size)

    def before(self):
        self.d = None
        with torch.enable_grad():
            self.y = F.rms_norm(self.x, self.w.shape, self.w, EPS)

    def call(self):
        self.d = torch.autograd.grad(self.y, (self.x, self.w), self.dy)

    def outputs(self):
        return dict(zip(("dx", "dw"), self.d))


CASES = {
    "layernorm": LayerNorm,
    "layernorm_backward": LayerNormBackward,
    "rmsnorm": RmsNorm,
    "rmsnorm_backward": RmsNormBackward,
}
