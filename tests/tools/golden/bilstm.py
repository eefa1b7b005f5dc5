# SPDX-License-Identifier: GPL-3.0-or-later
"""The losses of the first ten steps of the example bilstm-rows: an image's rows are time steps."""
import numpy as np
import torch
import torch.nn.functional as F

from golden.common import save
from golden.lenet import formula, lenet_data
from golden.optimizers import torch_optimizer

HIDDEN = 64
OPTIMIZERS = [("sgd", dict(learning_rate=0.3)), ("adam", dict(learning_rate=0.001))]


class Rows(torch.nn.Module):
    def __init__(self):
        super().__init__()
        self.lstm = torch.nn.LSTM(28, HIDDEN, batch_first=True, bidirectional=True)
        self.linear = torch.nn.Linear(2 * HIDDEN, 10)
        # tests/engine/trainer.c fills them in the same order with the same numbers.
        for k, p in enumerate(self.parameters()):
            bound = 1 / np.sqrt(HIDDEN if k < 8 else 2 * HIDDEN)
            p.data = torch.from_numpy(formula(300 + k, p.numel(), bound).astype(np.float64).reshape(tuple(p.shape)))

    def forward(self, x):
        state = self.lstm(x.reshape(-1, 28, 28))[1][0]
        return self.linear(torch.cat([state[0], state[1]], dim=1))


def make():
    cases, tensors = [], {}
    images, labels = lenet_data(640)
    x, targets = torch.from_numpy(images.astype(np.float64)), torch.from_numpy(labels)
    for index, (name, params) in enumerate(OPTIMIZERS):
        network = Rows()
        optimizer = torch_optimizer(name, params, list(network.parameters()))
        losses = []
        for step in range(10):
            part = slice(step * 64, step * 64 + 64)
            loss = F.cross_entropy(network(x[part]), targets[part])
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            losses.append(loss.item())
        tensors[f"{index}.losses"] = np.array(losses)
        cases.append(dict(optimizer=name, params=params, names=[n for n, _ in network.named_parameters()]))
        print("  ", name, params, " ".join(f"{v:.6f}" for v in losses))
    save("bilstm", cases, tensors)
