# SPDX-License-Identifier: GPL-3.0-or-later
"""Layers of several inputs."""
import torch

from golden.common import Cases

def make():
    out = Cases(6)
    for batch, n, shape in ((1, 2, (7,)), (17, 3, (2, 3, 4)), (5, 4, (3, 1)), (33, 2, (1, 2, 2))):
        out.add("add", {}, [out.source.normal(batch, *shape) for _ in range(n)], {}, lambda x, w: sum(x[1:], x[0]))
    for batch, channels, rest in ((1, (7, 2), ()), (17, (2, 1, 4), (3, 2)), (5, (3, 5, 1, 2), (3,)), (33, (1, 1), (2, 5))):
        out.add("concat", {}, [out.source.normal(batch, c, *rest) for c in channels], {}, lambda x, w: torch.cat(x, 1))
    for batch, axis, shapes in ((1, 1, ((2, 3), (2, 1), (2, 4))), (17, -1, ((3, 2, 1), (3, 2, 3))), (5, 1, ((2, 1, 3), (2, 4, 3), (2, 2, 3))),
                                (3, 2, ((2, 3, 1, 2), (2, 3, 4, 2))), (2, -5, ((1, 2, 1, 2, 2), (3, 2, 1, 2, 2))), (33, -1, ((2,), (3,)))):
        dim = axis + 1 if axis >= 0 else axis
        out.add("concat", dict(axis=axis), [out.source.normal(batch, *shape) for shape in shapes], {}, lambda x, w: torch.cat(x, dim))
    out.save("join")
