# SPDX-License-Identifier: GPL-3.0-or-later
"""Dense layers."""
import torch.nn.functional as F

from golden.common import Cases

LINEAR = [
    (1, (7,), dict(units=5)),
    (17, (30,), dict(units=10)),
    (64, (13,), dict(units=1)),
    (5, (33,), dict(units=17, bias=False)),
    (3, (1,), dict(units=4)),
    (35, (100,), dict(units=50)),
]


def make():
    out = Cases(3)
    for batch, shape, params in LINEAR:
        weights = {"weight": out.source.normal(params["units"], shape[0], scale=0.3)}
        if params.get("bias", True):
            weights["bias"] = out.source.normal(params["units"])
        out.add("linear", params, [out.source.normal(batch, *shape)], weights,
                lambda x, w: F.linear(x[0], w["weight"], w.get("bias")))
    out.save("linear")
