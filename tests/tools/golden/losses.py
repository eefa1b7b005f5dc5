# SPDX-License-Identifier: GPL-3.0-or-later
"""Losses of a class per sample."""
import torch
import torch.nn.functional as F

from golden.common import Source, save

def make():
    cases, tensors, source = [], {}, Source(7)
    for loss in ("cross_entropy", "mean_squared"):
        for batch, n, scale in ((1, 10, 1.0), (17, 7, 3.0), (64, 10, 10.0), (33, 100, 1.0), (5, 2, 100.0)):
            index = len(cases)
            y = source.normal(batch, n, scale=scale).requires_grad_()
            targets = torch.from_numpy(source.random.randint(0, n, batch))
            if loss == "cross_entropy":
                value = F.cross_entropy(y, targets)
            else:
                value = F.mse_loss(y, F.one_hot(targets, n).double())
            value.backward()
            right = (y.argmax(1) == targets).double().mean()
            for name, tensor in (("y", y), ("loss", value), ("dy", y.grad), ("right", right), ("targets", targets)):
                tensors[f"{index}.{name}"] = tensor.detach().numpy()
            cases.append(dict(loss=loss, params={}))
    save("loss", cases, tensors)
