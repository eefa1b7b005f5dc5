# SPDX-License-Identifier: GPL-3.0-or-later
"""Optimizers: ten steps from given gradients."""
import torch

from golden.common import Source, save

OPTIMIZERS = [
    ("sgd", dict(learning_rate=0.1)),
    ("sgd", dict(learning_rate=0.1, momentum=0.9)),
    ("sgd", dict(learning_rate=0.05, momentum=0.8, dampening=0.3, weight_decay=0.01)),
    ("sgd", dict(learning_rate=0.05, momentum=0.9, nesterov=True, weight_decay=0.001)),
    ("sgd", dict(learning_rate=0.5, weight_decay=0.3)),
    ("sgd", dict(momentum=1.0, dampening=1.0)),
    ("adam", {}),
    ("adam", dict(learning_rate=0.01, beta1=0.8, beta2=0.95, epsilon=0.001, weight_decay=0.05)),
    ("adam", dict(beta1=0.0, beta2=0.5)),
    ("adam", dict(learning_rate=0.1, weight_decay=1.0)),
    ("adam", dict(beta1=0.99, epsilon=1.0)),
    ("adam", dict(learning_rate=0.3, beta1=0.5, beta2=0.0)),
    ("adamw", {}),
    ("adamw", dict(learning_rate=0.01, beta1=0.8, beta2=0.95, weight_decay=0.3)),
    ("adamw", dict(learning_rate=0.1, weight_decay=0.0)),
    ("adamw", dict(beta1=0.5, epsilon=0.01)),
    ("adamw", dict(learning_rate=0.5, weight_decay=1.5)),
    ("adamw", dict(beta1=0.0, beta2=0.9, weight_decay=10.0)),
    ("rmsprop", {}),
    ("rmsprop", dict(learning_rate=0.02, alpha=0.9, epsilon=0.001, momentum=0.8, weight_decay=0.05)),
    ("rmsprop", dict(learning_rate=0.005, centered=True)),
    ("rmsprop", dict(alpha=0.8, epsilon=0.01, momentum=0.5, centered=True, weight_decay=0.1)),
    ("rmsprop", dict(alpha=0.0, weight_decay=1.0)),
    ("rmsprop", dict(learning_rate=0.1, alpha=0.5, momentum=1.0)),
    ("adagrad", {}),
    ("adagrad", dict(learning_rate=0.1, lr_decay=0.1)),
    ("adagrad", dict(learning_rate=0.1, initial_accumulator_value=0.5)),
    ("adagrad", dict(lr_decay=0.01, initial_accumulator_value=2.0, epsilon=0.001, weight_decay=0.05)),
    ("adagrad", dict(learning_rate=1.0, epsilon=1.0)),
    ("adagrad", dict(learning_rate=0.3, weight_decay=2.0)),
    ("adadelta", {}),
    ("adadelta", dict(learning_rate=0.5, rho=0.7)),
    ("adadelta", dict(rho=0.0, epsilon=0.001)),
    ("adadelta", dict(epsilon=0.1, weight_decay=0.05)),
    ("adadelta", dict(learning_rate=10.0, rho=0.99)),
    ("adadelta", dict(learning_rate=0.1, rho=0.5, epsilon=1.0, weight_decay=3.0)),
]


def torch_optimizer(name, params, weights):
    """Our names of parameters are PyTorch's but for the rate, the betas and epsilon; so are the initial values."""
    names = dict(learning_rate="lr", epsilon="eps")
    given = {names.get(key, key): value for key, value in params.items() if not key.startswith("beta")}
    if name.startswith("adam"):
        given["betas"] = (params.get("beta1", 0.9), params.get("beta2", 0.999))
    if name == "sgd":
        given.setdefault("lr", 0.01)
    make = dict(sgd=torch.optim.SGD, adam=torch.optim.Adam, adamw=torch.optim.AdamW, rmsprop=torch.optim.RMSprop,
                adagrad=torch.optim.Adagrad, adadelta=torch.optim.Adadelta)[name]
    return make(weights, **given)


def make():
    cases, tensors, source = [], {}, Source(8)
    n, n_steps = 29, 10
    for name, params in OPTIMIZERS:
        index = len(cases)
        start = source.normal(n)
        gradients = torch.stack([source.normal(n, scale=10.0 ** -(k % 5)) for k in range(n_steps)])
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
