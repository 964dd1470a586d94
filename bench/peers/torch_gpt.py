"""GPT-2 in PyTorch: fused attention, fused AdamW, no bookkeeping where none is needed, a cache made beforehand."""
import torch
import torch.nn.functional as F
from torch import nn

SMALL = {"V": 65, "T": 256, "C": 384, "layers": 6, "heads": 6}
GPT2 = {"V": 50257, "T": 1024, "C": 768, "layers": 12, "heads": 12}


class Block(nn.Module):
    def __init__(self, C, heads):
        super().__init__()
        self.heads = heads
        self.ln_1, self.c_attn, self.out = nn.LayerNorm(C), nn.Linear(C, 3 * C), nn.Linear(C, C)
        self.ln_2, self.fc, self.proj = nn.LayerNorm(C), nn.Linear(C, 4 * C), nn.Linear(4 * C, C)

    def forward(self, x, cache, n):
        B, T, C = x.shape
        q, k, v = (p.view(B, T, self.heads, -1).transpose(1, 2) for p in self.c_attn(self.ln_1(x)).split(C, 2))
        if cache is not None:
            cache[0][:, :, n:n + T] = k
            cache[1][:, :, n:n + T] = v
            k, v = cache[0][:, :, :n + T], cache[1][:, :, :n + T]
        # A first piece of text, or one token, which sees all: PyTorch's causal mask starts at the first key.
        y = F.scaled_dot_product_attention(q, k, v, is_causal=T > 1)
        x = x + self.out(y.transpose(1, 2).reshape(B, T, C))
        return x + self.proj(F.gelu(self.fc(self.ln_2(x)), approximate="tanh"))


class Gpt(nn.Module):
    def __init__(self, V, T, C, layers, heads):
        super().__init__()
        self.wte, self.wpe = nn.Embedding(V, C), nn.Embedding(T, C)
        self.h = nn.ModuleList([Block(C, heads) for _ in range(layers)])
        self.ln_f = nn.LayerNorm(C)

    def forward(self, tokens, cache=None, n=0):
        x = self.wte(tokens) + self.wpe.weight[n:n + tokens.shape[1]]
        for i, block in enumerate(self.h):
            x = block(x, cache[i] if cache else None, n)
        return F.linear(self.ln_f(x if cache is None else x[:, -1]), self.wte.weight)


def start(model, noise):
    """Every matrix from the same numbers, which repeat: one after the other, in the order of their names in a file."""
    at = 0
    for p in model.parameters():
        if p.dim() == 2:
            times = -(-(at % len(noise) + p.numel()) // len(noise))
            p.copy_(noise.repeat(times)[at % len(noise):][:p.numel()].view(p.shape))
            at += p.numel()
        else:
            p.zero_()
    for m in model.modules():
        if isinstance(m, nn.LayerNorm):
            m.weight.fill_(1)


def ints(given, name, *shape):
    return torch.from_numpy(given[name]).reshape(*shape).long()


class Step:
    """Forward, backward, AdamW."""

    def __init__(self, size, given):
        self.tokens, self.targets = (ints(given, name, size[0], SMALL["T"]) for name in ("tokens", "targets"))
        self.noise = torch.from_numpy(given["noise"]).clone()
        self.model = Gpt(**SMALL)

    def before(self):
        start(self.model, self.noise)
        self.optim = torch.optim.AdamW(self.model.parameters(), 1e-3, weight_decay=0.1, fused=True)
        for p in self.model.parameters():       # its state is there, as in every step but the first
            p.grad = None
            self.optim.state[p] = {"step": torch.zeros(()), "exp_avg": torch.zeros_like(p),
                                   "exp_avg_sq": torch.zeros_like(p)}

    def loss(self):
        return F.cross_entropy(self.model(self.tokens).view(-1, SMALL["V"]), self.targets.view(-1))

    def call(self):
        with torch.enable_grad():
            self.was = self.loss()
            self.was.backward()
            self.optim.step()
            self.optim.zero_grad(set_to_none=True)

    def outputs(self):
        return {"loss": self.was.detach().reshape(1), "after": self.loss().reshape(1)}


class Generation:
    """What follows the last of `fresh` tokens, when `n` stand in the cache."""

    def __init__(self, given, n, fresh):
        self.n = n
        self.model = Gpt(**GPT2).eval()
        start(self.model, torch.from_numpy(given["noise"]).clone())
        D = GPT2["C"] // GPT2["heads"]
        self.cache = [[torch.zeros(1, GPT2["heads"], n + fresh, D) for _ in range(2)] for _ in self.model.h]
        self.tokens = ints(given, "tokens", 1, n + fresh)
        with torch.inference_mode():
            if n:
                self.model(self.tokens[:, :n], self.cache)
        self.fresh = self.tokens[:, n:]

    def call(self):
        with torch.inference_mode():
            self.scores = self.model(self.fresh, self.cache, self.n)

    def outputs(self):
        return {"scores": self.scores}


class BlockForward:
    """One block, its weights in the order of Block's parameters; matrices come as (IN,OUT)."""
    NAMES = ("norm1", "bias1", "qkv", "bqkv", "out", "bout", "norm2", "bias2", "wide", "bwide", "back", "bback")

    def __init__(self, size, given):
        B, T, C, H = size
        self.x = torch.from_numpy(given["x"]).reshape(B, T, C)
        self.block = Block(C, H)
        for name, p in zip(self.NAMES, self.block.parameters()):
            w = torch.from_numpy(given[name])
            p.data.copy_(w.reshape(p.shape[1], p.shape[0]).t() if p.ndim == 2 else w)

    def call(self):
        self.y = None
        self.y = self.block(self.x, None, 0)

    def outputs(self):
        return {"y": self.y.detach()}


class BlockStep(BlockForward):
    def __init__(self, size, given):
        super().__init__(size, given)
        self.dy = torch.from_numpy(given["dy"]).reshape(self.x.shape)
        for p in (self.x, *self.block.parameters()):
            p.requires_grad_()

    def call(self):
        with torch.enable_grad():
            self.y = self.x.grad = None
            self.block.zero_grad(set_to_none=True)
            self.y = self.block(self.x, None, 0)
            self.y.backward(self.dy)

    def outputs(self):
        return {"y": self.y.detach(), "dx": self.x.grad, "dqkv": self.block.c_attn.weight.grad.t().contiguous(),
                "dback": self.block.proj.weight.grad.t().contiguous()}


CASES = {"gpt_step": Step, "little_gpt_block": BlockForward, "little_gpt_block_step": BlockStep,
         "gpt_prefill": lambda size, given: Generation(given, 0, size[0]),
         "gpt_decode": lambda size, given: Generation(given, size[0], 1)}
