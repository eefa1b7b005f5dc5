# SPDX-License-Identifier: GPL-3.0-or-later
"""Radial basis layers."""
import torch

from golden.common import Cases

RBF = [
    (1, (3,), dict(units=5)),
    (17, (2,), dict(units=4)),
    (33, (13,), dict(units=1)),
    (5, (33,), dict(units=17)),
    (3, (1,), dict(units=9)),
    (20, (50,), dict(units=11)),
]


def rbf(x, center, log_width):
    square = ((x.unsqueeze(1) - center) ** 2).sum(-1)
    return torch.exp(-square / (2 * log_width.exp() ** 2))


def make():
    out = Cases(22)
    for batch, shape, params in RBF:
        weights = {"weight": out.source.normal(params["units"], shape[0]),
                   "log_width": out.source.normal(params["units"], scale=0.3) + 0.5 * torch.log(torch.tensor(float(shape[0])))}
        weights["log_width"] = weights["log_width"].float().double()
        out.add("rbf", params, [out.source.normal(batch, *shape)], weights, lambda x, w: rbf(x[0], w["weight"], w["log_width"]))
    # An input at a center, and widths from far too small to far too large.
    x = out.source.normal(4, 6)
    center = torch.cat([x[:1], out.source.normal(4, 6)])
    width = torch.tensor([-3.0, -25.0, 0.5, 5.0, 25.0])
    out.add("rbf", dict(units=5), [x], {"weight": center, "log_width": width}, lambda x, w: rbf(x[0], w["weight"], w["log_width"]))
    out.save("rbf")
