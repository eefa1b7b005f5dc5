# SPDX-License-Identifier: GPL-3.0-or-later
"""Element-wise layers of several inputs whose shapes differ."""
from golden.common import Cases

# Batch, then the samples' shapes: axes of size 1 and missing axes are repeated.
PAIRS = [
    (1, (7,), (7,)),
    (17, (3, 2, 3), (3, 1, 1)),
    (5, (1, 3, 4), (2, 3, 4)),
    (3, (5,), (2, 3, 5)),
    (2, (4, 1), (2, 3, 1, 5)),
    (19, (2, 3), (1,)),
    (2, (3, 1, 4), (5, 1)),
    (3, (2, 1, 3, 1, 2), (3, 4, 1)),
]
SUMS = [
    (5, (3, 1, 1), (3, 2, 3), (2, 3)),
    (17, (2, 3), (2, 3), (3,)),
    (2, (1,), (4, 1), (2, 1, 3), (2, 4, 3)),
]


def align(tensor, n_dims):
    """Missing axes go behind the batch."""
    return tensor.reshape(tensor.shape[0], *(1,) * (n_dims + 1 - tensor.dim()), *tensor.shape[1:])


def total(inputs):
    result = inputs[0]
    for x in inputs[1:]:
        result = result + x
    return result


FORMULAS = {"add": total, "sub": lambda x: x[0] - x[1], "mul": lambda x: x[0] * x[1], "div": lambda x: x[0] / x[1]}


def add(out, layer, batch, shapes):
    inputs = [out.source.normal(batch, *shape) for shape in shapes]
    n_dims = max(map(len, shapes))
    if layer == "div":      # a half keeps it away from the pole, and exact in 32 bits
        inputs[1] = (inputs[1].float() + inputs[1].float().sign() / 2).double()
    out.add(layer, {}, inputs, {}, lambda x, w: FORMULAS[layer]([align(t, n_dims) for t in x]))


def make():
    out = Cases(81)
    for layer in FORMULAS:
        for batch, *shapes in PAIRS:
            add(out, layer, batch, shapes)
    for batch, *shapes in SUMS:
        add(out, "add", batch, shapes)
    out.save("broadcast")
