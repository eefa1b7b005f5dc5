# SPDX-License-Identifier: GPL-3.0-or-later
"""The losses of the first ten steps of an auto-encoder, 784-128-32-128-784, whose target is its input."""
import numpy as np
import torch
import torch.nn.functional as F

from golden.common import save
from golden.lenet import formula, lenet_data
from golden.optimizers import torch_optimizer

LAYERS = [("linear1", (128, 784)), ("linear2", (32, 128)), ("linear3", (128, 32)), ("linear4", (784, 128))]

LOSSES = [
    ("mean_squared", {}, lambda y, t: F.mse_loss(y, t), "adam", dict(learning_rate=0.001)),
    ("mean_squared", {}, lambda y, t: F.mse_loss(y, t), "sgd", dict(learning_rate=0.5, momentum=0.9)),
    ("mean_absolute", {}, lambda y, t: F.l1_loss(y, t), "adam", dict(learning_rate=0.001)),
    ("huber", dict(delta=0.25), lambda y, t: F.huber_loss(y, t, delta=0.25), "sgd", dict(learning_rate=1.0)),
]


def start_weights():
    weights = {}
    for k, (name, shape) in enumerate(LAYERS):
        bound = 1 / np.sqrt(shape[1])
        for j, (part, size) in enumerate((("weight", shape), ("bias", shape[:1]))):
            values = formula(200 + 2 * k + j, int(np.prod(size)), bound).astype(np.float64).reshape(size)
            weights[f"{name}.{part}"] = torch.from_numpy(values)
    return weights


def network(x, w):
    for name in ("linear1", "linear2", "linear3"):
        x = F.relu(F.linear(x, w[name + ".weight"], w[name + ".bias"]))
    return F.linear(x, w["linear4.weight"], w["linear4.bias"])


def make():
    cases, tensors = [], {}
    x = torch.from_numpy(lenet_data(640)[0].astype(np.float64)).reshape(-1, 784)
    for loss, loss_params, function, name, params in LOSSES:
        weights = {k: w.clone().requires_grad_() for k, w in start_weights().items()}
        optimizer = torch_optimizer(name, params, list(weights.values()))
        losses = []
        for step in range(10):
            part = x[step * 64:step * 64 + 64]
            value = function(network(part, weights), part)
            optimizer.zero_grad()
            value.backward()
            optimizer.step()
            losses.append(value.item())
        tensors[f"{len(cases)}.losses"] = np.array(losses)
        cases.append(dict(loss=loss, loss_params=dict(loss_params, target="input"), optimizer=name, params=params))
        print("  ", loss, name, params, " ".join(f"{v:.6f}" for v in losses))
    save("autoencoder", cases, tensors)
