# SPDX-License-Identifier: GPL-3.0-or-later
"""Penalties and clipping: what is done to gradients before the optimizer sees them."""
import torch

from golden.common import Source, save

GRADIENTS = [
    dict(l1=0.1),
    dict(l2=0.25),
    dict(l1=0.01, l2=2.0),
    dict(clip_value=0.5),
    dict(clip_norm=1.0),
    dict(clip_norm=1000.0),
    dict(l2=0.5, clip_value=1.0),
    dict(l1=0.3, clip_norm=2.0),
    dict(l1=0.05, l2=0.1, clip_value=0.8, clip_norm=3.0),
]


def make():
    cases, tensors, source = [], {}, Source(31)
    for index, p in enumerate(GRADIENTS):
        weights = [source.normal(3, 5), source.normal(7), source.normal(11)]
        weights[1][2:5] = 0
        gradients = [source.normal(*w.shape) for w in weights]
        leaves = [w.clone().requires_grad_() for w in weights]
        loss = sum((w * g).sum() for w, g in zip(leaves, gradients))
        loss = loss + p.get("l1", 0) * sum(w.abs().sum() for w in leaves) + p.get("l2", 0) / 2 * sum((w * w).sum() for w in leaves)
        loss.backward()
        if "clip_value" in p:
            torch.nn.utils.clip_grad_value_(leaves, p["clip_value"])
        if "clip_norm" in p:
            torch.nn.utils.clip_grad_norm_(leaves, p["clip_norm"])
        for name, values in (("w", weights), ("g", gradients), ("after", [w.grad for w in leaves])):
            tensors[f"{index}.{name}"] = torch.cat([v.flatten() for v in values]).numpy()
        cases.append(dict(params=p))
    save("gradient", cases, tensors)
