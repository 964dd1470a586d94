"""Ten training steps of four small models by PyTorch, in double: writes what test_trajectories.c replays.

    python3 grading/tests/trajectories.py > grading/tests/trajectories.h        # needs PyTorch

Weights and data come from a formula that both sides have, so only results are recorded: the loss before each step and
after the last, and of each parameter in the end its sum and a sum with random signs, so that no order or sign is
confused. Adam's eps is large: where a gradient is zero but for rounding (a bias that softmax does not see), a smaller
one would turn that rounding into steps of full length.
"""
import math
import sys

import torch
import torch.nn.functional as F

STEPS = 10
MASK = (1 << 64) - 1


def uniform(stream, i):
    """SplitMix64 of a number; -1 .. 1, exact in 24 bits."""
    z = ((stream << 32) + i + 1) * 0x9E3779B97F4A7C15 & MASK
    z = (z ^ z >> 30) * 0xBF58476D1CE4E5B9 & MASK
    z = (z ^ z >> 27) * 0x94D049BB133111EB & MASK
    return ((z ^ z >> 31) >> 40) * 2.0 ** -23 - 1


def reals(stream, *shape):
    values = [uniform(stream, i) for i in range(math.prod(shape))]
    return torch.tensor(values, dtype=torch.float64).reshape(shape)


def integers(stream, n, *shape):
    values = [int((uniform(stream, i) + 1) / 2 * n) for i in range(math.prod(shape))]
    return torch.tensor(values).reshape(shape)


def fill(parameters):
    """Parameter number p is stream 100 + p: matrices over sqrt of what is summed, a norm's weight near 1, the rest small."""
    for p, (name, w) in enumerate(parameters.items()):
        one = 1.0 if "ln_" in name and name.endswith("weight") else 0.0
        most = math.sqrt(3 / (w.numel() // w.shape[0])) if w.ndim > 1 else 0.1
        w.copy_((one + most * reals(100 + p, *w.shape)).float().double())


class Mlp(torch.nn.Sequential):
    def __init__(self):
        super().__init__(torch.nn.Linear(12, 16), torch.nn.Linear(16, 8), torch.nn.Linear(8, 4))

    def loss(self):
        x, target = reals(1, 10, 12), integers(2, 4, 10)
        return F.cross_entropy(self[2](F.relu(self[1](F.relu(self[0](x))))), target)


class LeNet(torch.nn.Module):
    def __init__(self):
        super().__init__()
        self.conv1, self.conv2 = torch.nn.Conv2d(1, 4, 5, padding=2), torch.nn.Conv2d(4, 6, 3)
        self.fc1, self.fc2 = torch.nn.Linear(24, 16), torch.nn.Linear(16, 5)

    def loss(self):
        x, target = reals(1, 6, 1, 12, 12), integers(2, 5, 6)
        x = F.max_pool2d(F.relu(self.conv1(x)), 2)
        x = F.max_pool2d(F.relu(self.conv2(x)), 2)
        return F.cross_entropy(self.fc2(F.relu(self.fc1(x.flatten(1)))), target)


class Lstm(torch.nn.Module):
    def __init__(self):
        super().__init__()
        self.embedding = torch.nn.Embedding(11, 8)
        self.lstm = torch.nn.LSTM(8, 8, 2)
        self.out = torch.nn.Linear(8, 11)

    def loss(self):
        x, target = integers(1, 11, 7, 3), integers(2, 11, 21)
        return F.cross_entropy(self.out(self.lstm(self.embedding(x))[0]).reshape(-1, 11), target)


class Block(torch.nn.Module):
    def __init__(self, C):
        super().__init__()
        self.ln_1 = torch.nn.LayerNorm(C)
        self.attn = torch.nn.ModuleDict({"c_attn": torch.nn.Linear(C, 3 * C), "c_proj": torch.nn.Linear(C, C)})
        self.ln_2 = torch.nn.LayerNorm(C)
        self.mlp = torch.nn.ModuleDict({"c_fc": torch.nn.Linear(C, 4 * C), "c_proj": torch.nn.Linear(4 * C, C)})

    def forward(self, x, heads):
        B, T, C = x.shape
        q, k, v = (z.reshape(B, T, heads, C // heads).transpose(1, 2)
                   for z in self.attn["c_attn"](self.ln_1(x)).split(C, 2))
        y = F.scaled_dot_product_attention(q, k, v, is_causal=True).transpose(1, 2).reshape(B, T, C)
        x = x + self.attn["c_proj"](y)
        return x + self.mlp["c_proj"](F.gelu(self.mlp["c_fc"](self.ln_2(x)), approximate="tanh"))


class Gpt(torch.nn.Module):
    def __init__(self):
        super().__init__()
        self.wte, self.wpe = torch.nn.Embedding(13, 12), torch.nn.Embedding(8, 12)
        self.h = torch.nn.ModuleList(Block(12) for _ in range(2))
        self.ln_f = torch.nn.LayerNorm(12)

    def loss(self):
        x, target = integers(1, 13, 2, 8), integers(2, 13, 2, 8)
        y = self.wte(x) + self.wpe(torch.arange(8))
        for block in self.h:
            y = block(y, 3)
        return F.cross_entropy((self.ln_f(y) @ self.wte.weight.T).reshape(-1, 13), target.reshape(-1))


MODELS = {
    "mlp": (Mlp, lambda p: torch.optim.Adam(p, 1e-2, eps=1e-5)),
    "lenet": (LeNet, lambda p: torch.optim.SGD(p, 5e-2, momentum=0.9, weight_decay=1e-3)),
    "lstm": (Lstm, lambda p: torch.optim.Adam(p, 1e-2, eps=1e-5)),
    "gpt": (Gpt, lambda p: torch.optim.AdamW(p, 1e-2, eps=1e-3, weight_decay=0.1)),
}


def run(name):
    make, optim = MODELS[name]
    net = make().double()
    parameters = dict(net.named_parameters())
    with torch.no_grad():
        fill(parameters)
    optim = optim(list(parameters.values()))
    losses = []
    for _ in range(STEPS):
        loss = net.loss()
        losses.append(loss.item())
        optim.zero_grad()
        loss.backward()
        optim.step()
    losses.append(net.loss().item())
    print(f"static const double {name}_losses[] = {{")
    print("".join(f"    {x:.17g},\n" for x in losses) + "};")
    print(f"static const Recorded {name}_end[] = {{")
    for p, (of, w) in enumerate(parameters.items()):
        sign = torch.where(reals(200 + p, *w.shape) < 0, -1.0, 1.0)
        print(f'    {{ "{of}", {w.sum().item():.17g}, {(sign * w).sum().item():.17g} }},')
    print("};")


if __name__ == "__main__":
    sys.stdout.write("/* Written by trajectories.py with PyTorch " + torch.__version__ + ": results, in double. */\n")
    for model in MODELS:
        run(model)
