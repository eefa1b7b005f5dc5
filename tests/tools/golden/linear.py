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

# On the last axis of any shape.
ROWS = [
    (1, (5, 7), dict(units=3)),
    (17, (4, 9), dict(units=13)),
    (33, (3, 2, 5), dict(units=1)),
    (5, (2, 3, 18), dict(units=6, bias=False)),
    (3, (2, 2, 3, 1), dict(units=4)),
    (2, (2, 1, 2, 3, 17), dict(units=11)),
    (20, (70, 3), dict(units=2)),
]


def add(out, cases):
    for batch, shape, params in cases:
        weights = {"weight": out.source.normal(params["units"], shape[-1], scale=0.3)}
        if params.get("bias", True):
            weights["bias"] = out.source.normal(params["units"])
        out.add("linear", params, [out.source.normal(batch, *shape)], weights,
                lambda x, w: F.linear(x[0], w["weight"], w.get("bias")))


def make():
    out = Cases(3)
    add(out, LINEAR)
    out.save("linear")
    out = Cases(23)
    add(out, ROWS)
    out.save("linear_rows")
