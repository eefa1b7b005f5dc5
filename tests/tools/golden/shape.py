# SPDX-License-Identifier: GPL-3.0-or-later
"""Layers that move numbers: reshape, permute, slice, crop, pad."""
import torch
import torch.nn.functional as F

from golden.common import Cases

RESHAPE = [
    (1, (24,), dict(size_1=2, size_2=3, size_3=4)),
    (17, (1, 5, 2), dict(size_1=-1)),
    (3, (4, 3, 2), dict(size_1=2, size_2=-1, size_3=3)),
    (2, (6, 5), dict(size_1=5, size_2=6)),
    (5, (2, 3, 2, 2), dict(size_1=3, size_2=-1)),
    (2, (4, 9), dict(size_1=2, size_2=2, size_3=3, size_4=1, size_5=3)),
]
PERMUTE = [(1, (5, 3), (1, 0)), (17, (3, 2, 2), (1, 2, 0)), (3, (2, 5, 3), (0, 2, 1)), (2, (3, 4, 5), (2, 1, 0)),
           (5, (2, 3, 1, 4), (3, 0, 2, 1)), (2, (2, 3, 1, 4, 2), (4, 2, 0, 3, 1)), (3, (7,), (0,))]
SLICE = [(1, (7,), 0, 2, 4), (17, (3, 2, 2), 0, 1, 2), (3, (3, 4, 5), 1, 0, 3), (2, (3, 4, 5), -1, -3, 2), (5, (6, 3), 1, 1, 0),
         (2, (2, 3, 4, 5), 2, 1, 2)]
STEPS = [(3, (7,), 0, 1, 0, 2), (17, (2, 5), -1, -1, 0, -1), (2, (3, 8, 2), 1, 6, 3, -2), (1, (4, 3, 7), 2, 0, 2, 5)]
CROP = [
    (1, (2, 5, 7), dict(top=1, left=2, bottom=1, right=3)),
    (17, (3, 4, 3), dict(bottom=2, left=1)),
    (3, (2, 9), dict(left=3, right=1)),
    (2, (2, 5, 7), dict(mode="center", height=2, width=4)),
    (2, (1, 6, 9), dict(mode="center", height=3, width=8)),
    (5, (2, 3, 4, 4), dict(top=1, right=1)),
]
PAD = [
    (1, (2, 3, 4), dict(top=1, left=2, bottom=3, right=0)),
    (17, (1, 2, 3), dict(top=0, left=1, bottom=1, right=2, value=-0.75)),
    (3, (2, 4, 5), dict(mode="reflect", top=2, left=3, bottom=3, right=1)),
    (2, (2, 4, 5), dict(mode="replicate", top=2, left=6, bottom=3, right=1)),
    (2, (3, 7), dict(mode="reflect", top=0, left=4, bottom=0, right=6)),
    (5, (3, 3), dict(mode="replicate", top=0, left=1, bottom=0, right=2)),
    (3, (2, 1, 2), dict(mode="replicate", top=1, left=0, bottom=1, right=1)),
]


def crop(x, p):
    if p.get("mode") == "center":      # as torchvision's center_crop
        top, left = round((x.shape[-2] - p["height"]) / 2), round((x.shape[-1] - p["width"]) / 2)
        return x[..., top:top + p["height"], left:left + p["width"]]
    x = x[..., p.get("left", 0):x.shape[-1] - p.get("right", 0)]
    return x if x.dim() == 3 else x[..., p.get("top", 0):x.shape[-2] - p.get("bottom", 0), :]


def pad(x, p):
    sizes = (p["left"], p["right"]) + ((p["top"], p["bottom"]) if x.dim() > 3 else ())
    mode = p.get("mode", "constant")
    return F.pad(x, sizes, mode, p.get("value", 0.0)) if mode == "constant" else F.pad(x, sizes, mode)


def make():
    out = Cases(60)
    for batch, shape, params in RESHAPE:
        sizes = [params[f"size_{k}"] for k in range(1, 6) if f"size_{k}" in params]
        out.add("reshape", params, [out.source.normal(batch, *shape)], {}, lambda x, w: x[0].reshape(batch, *sizes))
    for batch, shape, order in PERMUTE:
        params = {f"axis_{k}": (order[k - 1] if k <= len(order) else -1) for k in range(1, 6)}
        out.add("permute", params, [out.source.normal(batch, *shape)], {},
                lambda x, w: x[0].permute(0, *(k + 1 for k in order)))
    for batch, shape, axis, start, length in SLICE:
        n, dim = shape[axis], axis + 1 if axis >= 0 else axis
        first = start % n
        out.add("slice", dict(axis=axis, start=start, length=length), [out.source.normal(batch, *shape)], {},
                lambda x, w: x[0].narrow(dim, first, length or n - first))
    for batch, shape, params in CROP:
        out.add("crop", params, [out.source.normal(batch, *shape)], {}, lambda x, w: crop(x[0], params))
    for batch, shape, params in PAD:
        out.add("pad", params, [out.source.normal(batch, *shape)], {}, lambda x, w: pad(x[0], params))
    for batch, shape, axis, start, length, step in STEPS:
        places = list(range(start % shape[axis], shape[axis] if step > 0 else -1, step))[:length or None]
        out.add("slice", dict(axis=axis, start=start, length=length, step=step), [out.source.normal(batch, *shape)], {},
                lambda x, w: x[0].index_select(axis + 1 if axis >= 0 else axis, torch.tensor(places)))
    out.save("shape")
