# SPDX-License-Identifier: GPL-3.0-or-later
"""Activations with parameters, and the less usual ones: two files, or they grow too large."""
import torch
import torch.nn.functional as F

from golden.common import Cases

SHAPES = [(1, (9,)), (5, (3, 3, 5)), (17, (2, 3, 1)), (3, (5, 4)), (2, (2, 3, 2, 2)), (33, (3,))]
RECTIFIERS = {
    "elu": ([{}, dict(alpha=0.5), dict(alpha=2)], lambda x, p: F.elu(x, p.get("alpha", 1.0))),
    "selu": ([{}], lambda x, p: F.selu(x)),
    "gelu": ([{}, dict(approximate="tanh")], lambda x, p: F.gelu(x, approximate=p.get("approximate", "none"))),
    "softplus": ([{}, dict(beta=2.5, threshold=3), dict(beta=0.5, threshold=-1)],
                 lambda x, p: F.softplus(x, p.get("beta", 1.0), p.get("threshold", 20.0))),
    "threshold": ([{}, dict(threshold=0.1, value=20), dict(threshold=0.5, value=-1)],
                  lambda x, p: F.threshold(x, p.get("threshold", 0.0), p.get("value", 0.0))),
    "clip": ([{}, dict(min=-1, max=2.5), dict(min=1.5, max=1.5)], lambda x, p: torch.clamp(x, p.get("min", 0), p.get("max", 6))),
}
LIMITED = {
    "softsign": ([{}], lambda x, p: F.softsign(x)),
    "hard_tanh": ([{}, dict(low=0, high=6), dict(low=-2, high=0.5)],
                  lambda x, p: F.hardtanh(x, p.get("low", -1.0), p.get("high", 1.0))),
    # The formula of LeCun 1998; PyTorch has no function of its own for it, nor for the Gaussian.
    "scaled_tanh": ([{}], lambda x, p: 1.7159 * torch.tanh(2 * x / 3)),
    # PyTorch's function has the slope 1/6; others are reached through its argument.
    "hard_sigmoid": ([dict(alpha=1 / 6), dict(alpha=0.5, beta=0.25), {}],
                     lambda x, p: F.hardsigmoid(6 * (p.get("alpha", 0.2) * x + p.get("beta", 0.5)) - 3)),
    "gaussian": ([{}, dict(formula="exp(-x^2/2)")],
                 lambda x, p: torch.exp(-x * x / (2 if "formula" in p else 1))),
    "identity": ([{}], lambda x, p: torch.nn.Identity()(x)),
}


def add(out, layers):
    for layer, (variants, function) in layers.items():
        for i, (batch, shape) in enumerate(SHAPES):
            params = variants[i % len(variants)]
            x = out.source.normal(batch, *shape, scale=3)
            out.add(layer, params, [x], {}, lambda inputs, w: function(inputs[0], params))


def make():
    out = Cases(21)
    add(out, RECTIFIERS)
    for i, (batch, shape) in enumerate(SHAPES):
        weight = out.source.normal(shape[0] if i % 2 else 1)
        out.add("prelu", dict(per_channel=bool(i % 2)), [out.source.normal(batch, *shape)], {"weight": weight},
                lambda inputs, w: F.prelu(inputs[0], w["weight"]))
    out.save("rectifier")
    out = Cases(22)
    add(out, LIMITED)
    for i, (batch, shape) in enumerate(SHAPES):
        at_zero = (1.0, 0.5, 0.0)[i % 3]
        x = out.source.normal(batch, *shape)
        x[0].view(-1)[0] = 0
        out.add("heaviside", dict(value_at_zero=at_zero), [x], {},
                lambda inputs, w: torch.heaviside(inputs[0], torch.tensor(at_zero)), training=False)
    out.save("limited")
