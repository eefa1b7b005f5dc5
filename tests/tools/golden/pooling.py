# SPDX-License-Identifier: GPL-3.0-or-later
"""Pooling."""
import torch.nn.functional as F

from golden.common import Cases, pair

MAX_POOL2D = [
    (3, (2, 7, 9), dict(size_y=2, size_x=2, stride_y=2, stride_x=2)),
    (17, (1, 7, 7), dict(size_y=3, size_x=3, stride_y=2, stride_x=2)),
    (2, (3, 8, 9), dict(size_y=3, size_x=2, stride_y=1, stride_x=2, padding_y=1, padding_x=1)),
    (1, (2, 9, 9), dict(size_y=2, size_x=3, stride_y=2, stride_x=1, dilation_y=3, dilation_x=2)),
    (2, (2, 8, 8), dict(size_y=3, size_x=3, stride_y=3, stride_x=3, ceil_mode=True)),
    (2, (2, 7, 6), dict(size_y=3, size_x=4, stride_y=2, stride_x=3, padding_y=1, padding_x=2, dilation_y=2, ceil_mode=True)),
]

AVG_POOL2D = [
    (3, (2, 7, 9), dict(size_y=2, size_x=2, stride_y=2, stride_x=2)),
    (17, (1, 7, 7), dict(size_y=3, size_x=2, stride_y=2, stride_x=3)),
    (2, (3, 8, 9), dict(size_y=3, size_x=3, stride_y=1, stride_x=2, padding_y=1, padding_x=1)),
    (2, (3, 8, 9), dict(size_y=3, size_x=3, stride_y=2, stride_x=2, padding_y=1, padding_x=1, count_include_pad=False)),
    (1, (2, 8, 8), dict(size_y=3, size_x=3, stride_y=3, stride_x=3, ceil_mode=True)),
    (2, (2, 8, 7), dict(size_y=3, size_x=4, stride_y=3, stride_x=2, padding_y=1, padding_x=2, ceil_mode=True,
                        count_include_pad=False)),
    (2, (2, 8, 7), dict(size_y=3, size_x=4, stride_y=3, stride_x=2, padding_y=1, padding_x=2, ceil_mode=True)),
]

MAX_POOL1D = [
    (3, (2, 9), dict(size=2, stride=2)),
    (17, (1, 7), dict(size=3, stride=1)),
    (2, (3, 10), dict(size=3, stride=2, padding=1)),
    (1, (2, 12), dict(size=3, stride=2, dilation=4)),
    (2, (2, 8), dict(size=3, stride=3, ceil_mode=True)),
    (5, (2, 9), dict(size=4, stride=3, padding=2, dilation=2, ceil_mode=True)),
]

AVG_POOL1D = [
    (3, (2, 9), dict(size=2, stride=2)),
    (17, (1, 7), dict(size=3, stride=1)),
    (2, (3, 10), dict(size=3, stride=2, padding=1)),
    (2, (3, 10), dict(size=3, stride=2, padding=1, count_include_pad=False)),
    (1, (2, 8), dict(size=3, stride=3, ceil_mode=True)),
    (5, (2, 9), dict(size=4, stride=3, padding=2, ceil_mode=True, count_include_pad=False)),
]

GLOBAL = [(3, (2, 5, 7), True), (17, (3, 1, 2), False), (1, (5, 3, 3), False), (2, (4, 9), True), (5, (3, 8), False),
          (2, (3, 2, 3, 4), True), (2, (2, 3, 2, 2, 2), False)]

SUBSAMPLING = [
    (3, (2, 6, 8), {}),
    (17, (1, 7, 7), dict(size_y=3, size_x=2, stride_y=2, stride_x=3)),
    (1, (5, 9, 4), dict(size_y=2, size_x=3, stride_y=1, stride_x=1)),
    (2, (3, 8, 9), dict(size_y=2, size_x=2, stride_y=3, stride_x=4)),
    (5, (2, 5, 5), dict(size_y=5, size_x=5, stride_y=5, stride_x=5)),
    (33, (4, 3, 6), dict(size_y=1, size_x=4, stride_y=1, stride_x=2)),
]


def subsampling(x, weight, bias, size, stride):
    """LeCun et al., 1998: the sum of a window, times a coefficient of the map, plus a bias of the map."""
    channels = x.shape[1]
    kernel = weight.reshape(channels, 1, 1, 1).expand(channels, 1, *size)
    return F.conv2d(x, kernel, bias, stride, groups=channels)


def make():
    out = Cases(2)
    for batch, shape, params in MAX_POOL2D:
        out.add("max_pool2d", params, [out.source.normal(batch, *shape)], {}, lambda x, w: F.max_pool2d(
            x[0], pair(params, "size", 2), pair(params, "stride", 2), pair(params, "padding", 0),
            pair(params, "dilation", 1), params.get("ceil_mode", False)))
    for batch, shape, params in AVG_POOL2D:
        out.add("avg_pool2d", params, [out.source.normal(batch, *shape)], {}, lambda x, w: F.avg_pool2d(
            x[0], pair(params, "size", 2), pair(params, "stride", 2), pair(params, "padding", 0),
            params.get("ceil_mode", False), params.get("count_include_pad", True)))
    for batch, shape, params in MAX_POOL1D:
        out.add("max_pool1d", params, [out.source.normal(batch, *shape)], {}, lambda x, w: F.max_pool1d(
            x[0], params["size"], params["stride"], params.get("padding", 0), params.get("dilation", 1),
            params.get("ceil_mode", False)))
    for batch, shape, params in AVG_POOL1D:
        out.add("avg_pool1d", params, [out.source.normal(batch, *shape)], {}, lambda x, w: F.avg_pool1d(
            x[0], params["size"], params["stride"], params.get("padding", 0), params.get("ceil_mode", False),
            params.get("count_include_pad", True)))
    for layer in ("global_max_pool", "global_avg_pool"):
        for batch, shape, keepdim in GLOBAL:
            axes = tuple(range(2, len(shape) + 1))
            function = (lambda x, w: x[0].amax(axes, keepdim)) if layer == "global_max_pool" else (
                lambda x, w: x[0].mean(axes, keepdim))
            out.add(layer, dict(keepdim=keepdim), [out.source.normal(batch, *shape)], {}, function)
    out.save("pool")
    out = Cases(21)
    for batch, shape, params in SUBSAMPLING:
        weights = {"weight": out.source.normal(shape[0]), "bias": out.source.normal(shape[0])}
        out.add("subsampling", params, [out.source.normal(batch, *shape)], weights, lambda x, w: subsampling(
            x[0], w["weight"], w["bias"], pair(params, "size", 2), pair(params, "stride", 2)))
    out.save("subsampling")
