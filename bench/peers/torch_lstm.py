"""PyTorch: an LSTM layer, forth and back; a character model's training step."""
import torch
import torch.nn.functional as F

V = 65


class Step:
    def __init__(self, size, given):
        self.H, self.L, S, B = size
        self.x = torch.from_numpy(given["x"]).reshape(S, B).long()
        self.target = torch.from_numpy(given["target"]).long()
        self.start = torch.from_numpy(given["start"]).clone()

    def before(self):
        self.embedding = torch.nn.Embedding(V, self.H)
        self.lstm = torch.nn.LSTM(self.H, self.H, self.L)
        self.out = torch.nn.Linear(self.H, V)
        params = [*self.embedding.parameters(), *self.lstm.parameters(), *self.out.parameters()]
        at = 0
        for p in params:
            p.copy_(self.start[at:at + p.numel()].reshape(p.shape))
            at += p.numel()
        self.optim = torch.optim.Adam(params, 2e-3, fused=True)

    def find_loss(self):
        return F.cross_entropy(self.out(self.lstm(self.embedding(self.x))[0]).reshape(-1, V), self.target)

    def call(self):
        with torch.enable_grad():
            loss = self.find_loss()
            self.optim.zero_grad(set_to_none=True)
            loss.backward()
            self.optim.step()
            self.loss = loss.detach()

    def outputs(self):
        return {"loss": torch.stack([self.loss, self.find_loss()])}


class Layer:
    def __init__(self, size, given):
        T, B, IN, H = size
        self.x = torch.from_numpy(given["x"]).reshape(T, B, IN)
        self.lstm = torch.nn.LSTM(IN, H)
        with torch.no_grad():
            for name, to in (("w_ih", "weight_ih_l0"), ("w_hh", "weight_hh_l0"), ("b", "bias_ih_l0")):
                getattr(self.lstm, to).copy_(torch.from_numpy(given[name]).reshape(getattr(self.lstm, to).shape))
            self.lstm.bias_hh_l0.zero_()

    def call(self):
        self.y = self.lstm(self.x)[0]

    def outputs(self):
        return {"y": self.y.detach()}


class LayerStep(Layer):
    def __init__(self, size, given):
        super().__init__(size, given)
        self.dy = torch.from_numpy(given["dy"]).reshape(size[0], size[1], size[3])
        self.x.requires_grad_()

    def call(self):
        with torch.enable_grad():
            self.y = self.x.grad = None
            self.lstm.zero_grad(set_to_none=True)
            self.y = self.lstm(self.x)[0]
            self.y.backward(self.dy)

    def outputs(self):
        return {"y": self.y.detach(), "dx": self.x.grad, "dw_ih": self.lstm.weight_ih_l0.grad,
                "dw_hh": self.lstm.weight_hh_l0.grad, "db": self.lstm.bias_ih_l0.grad}


CASES = {"lstm_layer": Layer, "lstm_layer_step": LayerStep, "lstm_step": Step}
