"""PyTorch: a layer of heads, three products, fused attention, one product."""
import torch
import torch.nn.functional as F

WEIGHTS = ("wq", "wk", "wv", "wo")


class Forward:
    def __init__(self, size, given):
        self.B, self.T, self.C, self.H = size
        self.x = torch.from_numpy(given["x"]).reshape(self.B, self.T, self.C)
        self.w = [torch.from_numpy(given[name]).reshape(self.C, self.C).t().contiguous() for name in WEIGHTS]

    def heads(self, w):
        return F.linear(self.x, w).reshape(self.B, self.T, self.H, self.C // self.H).transpose(1, 2)

    def layer(self):
        q, k, v = (self.heads(w) for w in self.w[:3])
        o = F.scaled_dot_product_attention(q, k, v)
        return F.linear(o.transpose(1, 2).reshape(self.B, self.T, self.C), self.w[3])

    def call(self):
        self.y = None
        self.y = self.layer()

    def outputs(self):
        return {"y": self.y.detach()}


class Step(Forward):
    def __init__(self, size, given):
        super().__init__(size, given)
        self.dy = torch.from_numpy(given["dy"]).reshape(self.B, self.T, self.C)
        for p in (self.x, *self.w):
            p.requires_grad_()

    def call(self):
        with torch.enable_grad():
            self.y = None
            for p in (self.x, *self.w):
                p.grad = None
            self.y = self.layer()
            self.y.backward(self.dy)

    def outputs(self):
        return {"y": self.y.detach(), "dx": self.x.grad,
                **{f"d{name}": w.grad.t().contiguous() for name, w in zip(WEIGHTS, self.w)}}


CASES = {"multi_head_attention": Forward, "multi_head_attention_step": Step}
