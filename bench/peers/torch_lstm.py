"""PyTorch: a character model's training step."""
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


CASES = {"lstm_step": Step}
