# SPDX-License-Identifier: GPL-3.0-or-later
"""Convolution."""
import torch

from golden.common import Cases, pair

# The batch of 17 fills one block of 16 images and one lane of the next.
CONV2D = [
    (1, (1, 7, 9), dict(filters=2, size_y=3, size_x=3)),
    (5, (3, 9, 8), dict(filters=4, size_y=5, size_x=3, stride_y=2, stride_x=1, padding_y=2, padding_x=1)),
    (17, (2, 7, 7), dict(filters=3, size_y=3, size_x=2, stride_y=1, stride_x=3, bias=False)),
    (3, (4, 9, 10), dict(filters=6, size_y=3, size_x=3, dilation_y=2, dilation_x=3, padding_y=2, padding_x=3, groups=2)),
    (2, (4, 6, 5), dict(filters=4, size_y=3, size_x=3, padding_y=1, padding_x=1, groups=4)),
    (3, (2, 6, 7), dict(filters=3, size_y=3, size_x=5, padding_y=1, padding_x=2, padding_mode="reflect")),
    (3, (2, 6, 7), dict(filters=3, size_y=5, size_x=3, padding_y=3, padding_x=2, padding_mode="replicate")),
    (2, (3, 7, 8), dict(filters=2, size_y=3, size_x=3, stride_y=2, stride_x=2, padding_y=2, padding_x=2,
                        padding_mode="reflect", dilation_y=2)),
    (33, (1, 8, 8), dict(filters=6, size_y=5, size_x=5, padding_y=2, padding_x=2)),
    (6, (5, 4, 3), dict(filters=7, size_y=1, size_x=1)),
    (2, (3, 5, 6), dict(filters=5, size_y=5, size_x=6)),
    (2, (2, 11, 11), dict(filters=2, size_y=11, size_x=11, stride_y=4, stride_x=4, padding_y=5, padding_x=5)),
]


def conv2d(params, channels):
    module = torch.nn.Conv2d(channels, params["filters"], pair(params, "size", 5), pair(params, "stride", 1),
                             pair(params, "padding", 0), pair(params, "dilation", 1), params.get("groups", 1), False,
                             params.get("padding_mode", "zeros"))

    def function(inputs, weights):
        del module.weight
        module.weight = weights["weight"]
        y = module(inputs[0])
        return y + weights["bias"].reshape(1, -1, 1, 1) if "bias" in weights else y

    return function


def make():
    out = Cases(1)
    for batch, shape, params in CONV2D:
        size, channels = pair(params, "size", 5), shape[0] // params.get("groups", 1)
        weights = {"weight": out.source.normal(params["filters"], channels, *size, scale=0.3)}
        if params.get("bias", True):
            weights["bias"] = out.source.normal(params["filters"])
        out.add("conv2d", params, [out.source.normal(batch, *shape)], weights, conv2d(params, shape[0]))
    out.save("conv2d")
