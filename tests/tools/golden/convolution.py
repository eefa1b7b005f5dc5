# SPDX-License-Identifier: GPL-3.0-or-later
"""Convolution."""
import torch
import torch.nn.functional as F

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



# What PyTorch's module has no words for: padding by rules, with a value, a bias a position, connection tables.
OPTIONS = [
    (3, (2, 5, 6), dict(filters=3, size_y=3, size_x=5, preset="half")),
    (17, (2, 5, 4), dict(filters=2, size_y=4, size_x=2, preset="half", stride_x=2)),
    (2, (3, 4, 3), dict(filters=4, size_y=3, size_x=2, dilation_x=2, preset="full")),
    (5, (2, 6, 5), dict(filters=3, size_y=4, size_x=3, dilation_y=3, dilation_x=2, preset="same")),
    (3, (1, 5, 7), dict(filters=2, size_y=2, size_x=4, preset="same", padding_mode="reflect", bias="position")),
    (2, (2, 4, 6), dict(filters=3, size_y=3, size_x=3, padding_y=2, padding_x=1, padding_mode="constant", padding_value=-1.5)),
    (19, (1, 8, 8), dict(filters=3, size_y=5, size_x=5, stride_y=2, stride_x=2, padding_y=2, padding_x=2,
                         padding_mode="constant", padding_value=-1.0, bias="position")),
    (4, (2, 5, 5), dict(filters=4, size_y=2, size_x=3, groups=2, bias="position")),
    (3, (6, 7, 6), dict(filters=16, size_y=3, size_x=2, table="lenet5_c3")),
    (2, (12, 8, 8), dict(filters=12, size_y=5, size_x=5, stride_y=2, stride_x=2, padding_y=2, padding_x=2, bias="position",
                         table="lecun1989_h2", padding_mode="constant", padding_value=-1.0)),
]

CONV1D = [
    (1, (1, 9), dict(filters=2, size=3)),
    (17, (3, 20), dict(filters=4, size=5, stride=2, padding=2)),
    (3, (4, 13), dict(filters=6, size=3, dilation=3, padding=4, groups=2, bias=False)),
    (5, (2, 8), dict(filters=3, size=4, padding=3, padding_mode="reflect")),
    (2, (2, 7), dict(filters=3, size=2, stride=3, padding=5, padding_mode="replicate")),
    (33, (1, 40), dict(filters=5, size=7, padding=1)),
    (4, (3, 6), dict(filters=2, size=1, stride=4, padding=2, padding_mode="constant", padding_value=0.75)),
    (2, (2, 7), dict(filters=3, size=4, dilation=2, stride=2, preset="half")),
    (3, (2, 5), dict(filters=2, size=3, preset="full", padding_mode="constant", padding_value=-1.5)),
    (5, (1, 9), dict(filters=3, size=4, preset="same")),
]

CONV_TRANSPOSE2D = [
    (1, (3, 4, 5), dict(filters=2)),
    (17, (2, 3, 7), dict(filters=3, size_y=4, size_x=4, padding_y=1, padding_x=1)),
    (5, (4, 5, 3), dict(filters=6, size_y=3, size_x=3, padding_y=1, padding_x=1, output_padding_y=1, output_padding_x=1,
                        groups=2)),
    (3, (2, 4, 6), dict(filters=5, size_y=3, size_x=2, stride_y=1, stride_x=3, dilation_y=2, dilation_x=3,
                        output_padding_y=1, output_padding_x=2, bias=False)),
    (2, (4, 3, 3), dict(filters=4, size_y=2, size_x=3, stride_y=3, stride_x=4, output_padding_y=2, groups=4)),
    (33, (6, 2, 2), dict(filters=1, size_y=5, size_x=5, padding_y=2, padding_x=3)),
    (6, (5, 1, 17), dict(filters=7, size_y=1, size_x=1, stride_y=1, stride_x=1)),
]

CONV_TRANSPOSE1D = [
    (1, (3, 5), dict(filters=2)),
    (17, (2, 7), dict(filters=3, size=4, padding=1)),
    (5, (4, 9), dict(filters=6, size=3, padding=1, output_padding=1, groups=2)),
    (3, (2, 6), dict(filters=5, size=2, stride=1, dilation=4, output_padding=3, bias=False)),
    (2, (4, 3), dict(filters=4, size=3, stride=4, padding=2, output_padding=2, groups=4)),
    (33, (6, 2), dict(filters=1, size=5, stride=3, padding=3)),
]

CONV3D = [
    (1, (1, 3, 4, 5), dict(filters=2)),
    (17, (2, 3, 3, 4), dict(filters=3, size_z=2, padding_z=1, padding_y=1, padding_x=1)),
    (3, (4, 5, 4, 7), dict(filters=6, size_z=1, size_y=2, size_x=4, stride_z=2, stride_y=3, stride_x=2, padding_x=3, groups=2)),
    (5, (2, 4, 3, 6), dict(filters=3, dilation_z=2, dilation_x=2, padding_z=2, padding_y=3, padding_x=1, bias=False)),
    (2, (3, 2, 5, 2), dict(filters=3, size_x=2, padding_z=1, stride_y=2, stride_z=3, groups=3)),
    (2, (5, 1, 1, 9), dict(filters=9, size_z=1, size_y=1, size_x=1, stride_x=4)),
    (3, (2, 3, 4, 3), dict(filters=3, size_z=2, dilation_x=2, preset="half", stride_y=2)),
    (2, (3, 2, 3, 4), dict(filters=2, size_y=2, size_x=2, dilation_y=2, preset="full")),
]


def triple(params, name, default):
    return tuple(params.get(f"{name}_{axis}", default) for axis in "zyx")


# Rows: the 1998 paper's Table I, which map of S2 feeds which map of C3.
LENET5_C3 = ["X   XXX  XXXX XX", "XX   XXX  XXXX X", "XXX   XXX  X XXX", " XXX  XXXX  X XX", "  XXX  XXXX XX X", "   XXX  XXXX XXX"]


def connections(table):
    if table == "lenet5_c3":
        return torch.tensor([[float(row[k] == "X") for row in LENET5_C3] for k in range(16)])
    groups = [(0, 1), (1, 2), (0, 2)]
    return torch.tensor([[float(channel // 4 in groups[k // 4]) for channel in range(12)] for k in range(12)])


def fill(x, pads, params):
    """x with left, right, top, bottom of pads added (1-D: left, right)."""
    mode = params.get("padding_mode", "zeros")
    if mode in ("zeros", "constant"):
        return F.pad(x, pads, value=params.get("padding_value", 0.0))
    return F.pad(x, pads, mode=mode)


def add_bias(y, weights):
    if "bias" not in weights:
        return y
    bias = weights["bias"]
    return y + (bias if bias.dim() > 1 else bias.reshape(-1, *[1] * (y.dim() - 2)))


def find_pads(params, size, dilation, padding):
    """Before and after along one axis."""
    reach, preset = dilation * (size - 1), params.get("preset")
    if preset == "half":
        return [(reach + 1) // 2] * 2
    if preset == "full":
        return [reach] * 2
    if preset == "same":
        return [reach // 2, reach - reach // 2]
    return [padding] * 2


def conv2d_options(params):
    def function(inputs, weights):
        pads = []
        for axis in "xy":
            pads += find_pads(params, params["size_" + axis], params.get("dilation_" + axis, 1), params.get("padding_" + axis, 0))
        w = weights["weight"]
        if params.get("table"):
            w = w * connections(params["table"])[:, :, None, None]
        y = F.conv2d(fill(inputs[0], pads, params), w, None, pair(params, "stride", 1), 0, pair(params, "dilation", 1),
                     params.get("groups", 1))
        if params.get("preset") == "same" and params.get("padding_mode", "zeros") == "zeros":
            with torch.no_grad():
                assert torch.allclose(y, F.conv2d(inputs[0], w, None, 1, "same", pair(params, "dilation", 1)))
        return add_bias(y, weights)

    return function


def conv1d(params):
    def function(inputs, weights):
        pads = find_pads(params, params["size"], params.get("dilation", 1), params.get("padding", 0))
        y = F.conv1d(fill(inputs[0], pads, params), weights["weight"], None, params.get("stride", 1), 0,
                     params.get("dilation", 1), params.get("groups", 1))
        return add_bias(y, weights)

    return function


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
    make_options()
    make_1d()
    make_transposed()
    make_3d()


def padding_3d(params):
    """Both sides of each axis alike."""
    axes = zip(triple(params, "size", 3), triple(params, "dilation", 1), triple(params, "padding", 0))
    return tuple(find_pads(params, *axis)[0] for axis in axes)


def make_3d():
    out = Cases(23)
    for batch, shape, params in CONV3D:
        groups = params.get("groups", 1)
        weights = {"weight": out.source.normal(params["filters"], shape[0] // groups, *triple(params, "size", 3), scale=0.3)}
        if params.get("bias", True):
            weights["bias"] = out.source.normal(params["filters"])
        out.add("conv3d", params, [out.source.normal(batch, *shape)], weights, lambda x, w: F.conv3d(
            x[0], w["weight"], w.get("bias"), triple(params, "stride", 1), padding_3d(params),
            triple(params, "dilation", 1), groups))
    out.save("conv3d")


def make_options():
    out = Cases(20)
    for batch, shape, params in OPTIONS:
        size, channels = pair(params, "size", 5), shape[0] // params.get("groups", 1)
        x = out.source.normal(batch, *shape)
        weights = {"weight": out.source.normal(params["filters"], channels, *size, scale=0.3)}
        y = conv2d_options(params)([x], weights)
        position = params.get("bias") == "position"
        weights["bias"] = out.source.normal(*(y.shape[1:] if position else (params["filters"],)))
        out.add("conv2d", params, [x], weights, conv2d_options(params))
    out.save("conv2d_options")


def make_1d():
    out = Cases(21)
    for batch, shape, params in CONV1D:
        weights = {"weight": out.source.normal(params["filters"], shape[0] // params.get("groups", 1), params["size"], scale=0.3)}
        if params.get("bias", True):
            weights["bias"] = out.source.normal(params["filters"])
        out.add("conv1d", params, [out.source.normal(batch, *shape)], weights, conv1d(params))
    out.save("conv1d")


def make_transposed():
    out = Cases(22)
    for layer, cases in (("conv_transpose2d", CONV_TRANSPOSE2D), ("conv_transpose1d", CONV_TRANSPOSE1D)):
        for batch, shape, params in cases:
            one = layer == "conv_transpose1d"
            def get(name, default):
                return params.get(name, default) if one else pair(params, name, default)
            size, groups = get("size", 2), params.get("groups", 1)
            weights = {"weight": out.source.normal(shape[0], params["filters"] // groups, *((size,) if one else size), scale=0.3)}
            if params.get("bias", True):
                weights["bias"] = out.source.normal(params["filters"])
            out.add(layer, params, [out.source.normal(batch, *shape)], weights,
                    lambda x, w: (F.conv_transpose1d if one else F.conv_transpose2d)(
                        x[0], w["weight"], w.get("bias"), get("stride", 2), get("padding", 0), get("output_padding", 0), groups,
                        get("dilation", 1)))
    out.save("conv_transpose")
