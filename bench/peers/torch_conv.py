"""Convolution and LeNet-5 by PyTorch. Images as they come (N,C,H,W): its own best choice of what to do with them."""
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


class LeNet:
    """LeCun et al. 1998 as it is written today: ReLU, max pools, Adam; batches of rows in the order given."""

    def __init__(self, size, given):
        N, self.batch = size
        self.x = tensor(given, "x", N, 1, 28, 28)
        self.target = tensor(given, "target", N).long()
        self.order = tensor(given, "order", N).long()
        self.start = [tensor(given, f"{part}{i}", -1) for i in range(5) for part in "wb"]

    def before(self):
        nn = torch.nn
        self.net = nn.Sequential(nn.Conv2d(1, 6, 5, padding=2), nn.ReLU(), nn.MaxPool2d(2),
                                 nn.Conv2d(6, 16, 5), nn.ReLU(), nn.MaxPool2d(2), nn.Flatten(),
                                 nn.Linear(400, 120), nn.ReLU(), nn.Linear(120, 84), nn.ReLU(), nn.Linear(84, 10))
        for p, start in zip(self.net.parameters(), self.start):
            p.copy_(start.reshape(p.shape))
        self.optim = torch.optim.Adam(self.net.parameters(), 1e-3, fused=True)

    def call(self):
        with torch.enable_grad():
            for rows in self.order.split(self.batch):
                loss = F.cross_entropy(self.net(self.x[rows]), self.target[rows])
                self.optim.zero_grad(set_to_none=True)
                loss.backward()
                self.optim.step()

    def outputs(self):
        scores = torch.cat([self.net(x) for x in self.x.split(1000)])
        return {"loss": F.cross_entropy(scores, self.target).reshape(1),
                "accuracy": (scores.argmax(1) == self.target).float().mean().reshape(1)}


CASES = {
    "conv2d": Conv2d,
    "conv2d_relu": Conv2dRelu,
    "conv2d_backward": Conv2dBackward,
    "lenet_epoch": LeNet,
}
