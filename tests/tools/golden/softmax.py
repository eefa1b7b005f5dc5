# SPDX-License-Identifier: GPL-3.0-or-later
"""Softmax and log-softmax over each axis of a sample."""
import torch.nn.functional as F

from golden.common import Cases

AXES = [
    (1, (9,), 0),
    (5, (3, 5, 7), 1),
    (17, (2, 3, 4), -1),
    (3, (5, 4), 1),
    (2, (2, 3, 4, 3), 1),
    (3, (2, 3, 2, 3), -2),
    (2, (2, 3, 2, 3, 2), 2),
    (33, (7,), -1),
]


def make():
    out = Cases(23)
    for layer, function in (("softmax", F.softmax), ("log_softmax", F.log_softmax)):
        for batch, shape, axis in AXES:
            dim = axis if axis < 0 else axis + 1
            x = out.source.normal(batch, *shape, scale=20 if axis == 0 else 3)
            out.add(layer, dict(axis=axis), [x], {}, lambda inputs, w: function(inputs[0], dim=dim))
    out.save("softmax")
