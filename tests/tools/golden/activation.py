# SPDX-License-Identifier: GPL-3.0-or-later
"""Layers that work element by element."""
import torch
import torch.nn.functional as F

from golden.common import Cases

SHAPES = [(1, [(9,)]), (5, [(3, 5, 7)]), (17, [(2, 3, 1)]), (3, [(5, 4)])]
ACTIVATIONS = {
    "relu": ([{}], lambda x, p: F.relu(x)),
    "leaky_relu": ([{}, dict(negative_slope=0.2)], lambda x, p: F.leaky_relu(x, p.get("negative_slope", 0.01))),
    "sigmoid": ([{}], lambda x, p: torch.sigmoid(x)),
    "tanh": ([{}], lambda x, p: torch.tanh(x)),
    "softmax": ([{}], lambda x, p: F.softmax(x, dim=1)),
    "silu": ([{}], lambda x, p: F.silu(x)),
    "flatten": ([{}], lambda x, p: torch.flatten(x, 1)),
}


def make():
    out = Cases(4)
    for layer, (variants, function) in ACTIVATIONS.items():
        for params in variants:
            for batch, shapes in SHAPES:
                x = out.source.normal(batch, *shapes[0], scale=3)
                out.add(layer, params, [x], {}, lambda inputs, w: function(inputs[0], params))
    for batch, shapes in SHAPES:
        out.add("dropout", dict(p=0.3), [out.source.normal(batch, *shapes[0])], {}, lambda x, w: F.dropout(x[0], 0.3, False),
                training=False)
    out.save("activation")
