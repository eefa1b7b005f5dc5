# SPDX-License-Identifier: GPL-3.0-or-later
"""Layer, instance, group and local response norm."""
import torch.nn.functional as F

from golden.common import Cases

LAYER = [
    (4, (7,), {}),
    (17, (5, 6), dict(axes=1)),
    (1, (3, 4, 5), {}),
    (3, (2, 4, 5), dict(axes=2, eps=0.01)),
    (17, (3, 2, 2), dict(affine=False)),
    (5, (3, 2, 3), dict(axes=1)),
]
# Of two elements nearly nothing is left but rounding: the gradient is that of epsilon alone. So sets have three or more.
INSTANCE = [
    (4, (3, 5), {}),
    (17, (2, 3, 2), dict(affine=True)),
    (1, (3, 4, 5), dict(affine=True, eps=0.01)),
    (3, (1, 1, 7), {}),
    (5, (9, 3), dict(affine=True)),
    (18, (2, 2, 2), dict(eps=0.1)),
]
GROUP = [
    (4, (6,), dict(groups=2)),
    (17, (4, 3), dict(groups=2)),
    (1, (6, 4, 3), dict(groups=3, eps=0.01)),
    (3, (5, 2, 2), {}),
    (17, (4, 3, 1), dict(groups=4, affine=False)),
    (5, (9, 1, 3), dict(groups=3)),
]
LRN = [
    (4, (7, 2, 3), dict(alpha=0.5)),
    (17, (4, 3), dict(size=3, alpha=0.7, beta=0.5, k=2.0)),
    (1, (5, 2, 2), dict(size=2, alpha=1.0)),
    (3, (3, 1, 4), dict(size=4, alpha=2.0, beta=1.5)),
    (5, (6, 2, 2), dict(size=5, alpha=0.2, k=2.0, convention="alexnet2012")),
    (2, (3, 3, 1), dict(size=1, alpha=1.0, beta=1.0)),
]


def add(out, layer, batch, shape, params, weight, function):
    weights = {}
    if params.get("affine", layer != "instance_norm") and weight:
        weights = {"weight": (out.source.normal(*weight) + 1).float().double(), "bias": out.source.normal(*weight)}
    x = (out.source.normal(batch, *shape, scale=2) + 0.5).float().double()
    out.add(layer, params, [x], weights, function)
    if batch == 1:
        out.add(layer, params, [x], weights, function, False)


def lrn(x, size=5, alpha=1e-4, beta=0.75, k=1.0, convention="pytorch"):
    # PyTorch divides alpha by the size.
    return F.local_response_norm(x, size, alpha * (size if convention == "alexnet2012" else 1), beta, k)


def make():
    out = Cases(71)
    for batch, shape, params in LAYER:
        axes = shape[-params.get("axes", 0):]
        add(out, "layer_norm", batch, shape, params, axes, lambda x, w: F.layer_norm(
            x[0], axes, w.get("weight"), w.get("bias"), params.get("eps", 1e-5)))
    for batch, shape, params in INSTANCE:
        add(out, "instance_norm", batch, shape, params, shape[:1], lambda x, w: F.instance_norm(
            x[0], None, None, w.get("weight"), w.get("bias"), True, 0.1, params.get("eps", 1e-5)))
    for batch, shape, params in GROUP:
        add(out, "group_norm", batch, shape, params, shape[:1], lambda x, w: F.group_norm(
            x[0], params.get("groups", 1), w.get("weight"), w.get("bias"), params.get("eps", 1e-5)))
    for batch, shape, params in LRN:
        add(out, "lrn", batch, shape, params, None, lambda x, w: lrn(x[0], **params))
    out.save("sample_norm")
