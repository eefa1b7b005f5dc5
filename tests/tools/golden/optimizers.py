# SPDX-License-Identifier: GPL-3.0-or-later
"""Optimizers: some steps from given gradients."""
import torch

from golden.common import Source, save

OPTIMIZERS = [
    ("sgd", dict(learning_rate=0.1)),
    ("sgd", dict(learning_rate=0.1, momentum=0.9)),
    ("sgd", dict(learning_rate=0.05, momentum=0.8, dampening=0.3, weight_decay=0.01)),
    ("sgd", dict(learning_rate=0.05, momentum=0.9, nesterov=True, weight_decay=0.001)),
    ("adam", {}),
    ("adam", dict(learning_rate=0.01, beta1=0.8, beta2=0.95, epsilon=0.001, weight_decay=0.05)),
    ("adam", dict(beta1=0.0, beta2=0.5)),
    ("adam", dict(learning_rate=0.1, weight_decay=1.0)),
    ("adamw", {}),
    ("adamw", dict(learning_rate=0.01, beta1=0.8, beta2=0.95, weight_decay=0.3)),
    ("adamw", dict(learning_rate=0.1, weight_decay=0.0)),
    ("adamw", dict(beta1=0.5, epsilon=0.01)),
]


def torch_optimizer(name, params, weights):
    if name == "sgd":
        return torch.optim.SGD(weights, params.get("learning_rate", 0.01), params.get("momentum", 0),
                               params.get("dampening", 0), params.get("weight_decay", 0), params.get("nesterov", False))
    make = {"adam": torch.optim.Adam, "adamw": torch.optim.AdamW}[name]
    return make(weights, params.get("learning_rate", 0.001), (params.get("beta1", 0.9), params.get("beta2", 0.999)),
                params.get("epsilon", 1e-8), params.get("weight_decay", 0.01 if name == "adamw" else 0))


def make():
    cases, tensors, source = [], {}, Source(8)
    n, n_steps = 61, 5
    for name, params in OPTIMIZERS:
        index = len(cases)
        start = source.normal(n)
        gradients = torch.stack([source.normal(n, scale=10.0 ** -k) for k in range(n_steps)])
        w = start.clone().requires_grad_()
        optimizer = torch_optimizer(name, params, [w])
        after = []
        for k in range(n_steps):
            w.grad = gradients[k].clone()
            optimizer.step()
            after.append(w.detach().clone())
        tensors[f"{index}.start"] = start.numpy()
        tensors[f"{index}.gradients"] = gradients.numpy()
        tensors[f"{index}.after"] = torch.stack(after).numpy()
        cases.append(dict(optimizer=name, params=params))
    save("optimizer", cases, tensors)
