# SPDX-License-Identifier: GPL-3.0-or-later
"""Batch norm."""
import numpy as np
import torch.nn.functional as F

from golden.common import Cases

BATCH_NORM = [
    (4, (3, 5, 7), {}),
    (17, (2, 3, 2), dict(eps=0.001, momentum=0.3)),
    (33, (6,), {}),
    (5, (4, 2, 3), dict(affine=False, momentum=1.0)),
    (2, (1, 4, 4), dict(momentum=0.0)),
]


def make():
    out = Cases(5)
    for batch, shape, params in BATCH_NORM:
        for training in (True, False):
            weights = {}
            if params.get("affine", True):
                weights["weight"] = out.source.normal(shape[0]) + 1
                weights["bias"] = out.source.normal(shape[0])
            weights["running_mean"] = out.source.normal(shape[0])
            weights["running_var"] = out.source.normal(shape[0]).abs() + 0.5
            weights = {k: w.float().double() for k, w in weights.items()}
            out.add("batch_norm", params, [out.source.normal(batch, *shape, scale=2) + 1], weights, lambda x, w: F.batch_norm(
                x[0], w["running_mean"], w["running_var"], w.get("weight"), w.get("bias"), training,
                params.get("momentum", 0.1), params.get("eps", 1e-5)), training, ("running_mean", "running_var"))
    for k in out.tensors:
        out.tensors[k] = out.tensors[k].astype(np.float32)
    out.save("batch_norm")
