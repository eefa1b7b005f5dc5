# SPDX-License-Identifier: GPL-3.0-or-later
"""Losses: of a class per sample, of targets made from the class, and of the input as target."""
import torch
import torch.nn.functional as F

from golden.common import Source, save

SIZES = ((1, 10, 1.0), (17, 7, 3.0), (18, 10, 10.0), (3, 50, 1.0), (5, 2, 100.0), (20, 3, 0.1))

CLASS_LOSSES = {
    "cross_entropy": (
        lambda y, t, w, p: F.cross_entropy(y, t, weight=w, label_smoothing=p.get("label_smoothing", 0)),
        [{}, {}, {}, {}, {}, {}, dict(label_smoothing=0.1), dict(label_smoothing=1.0), dict(class_weights="listed"),
         dict(class_weights="listed", label_smoothing=0.2), dict(class_weights="listed"), dict(label_smoothing=0.5)]),
    "multi_margin": (
        lambda y, t, w, p: F.multi_margin_loss(y, t, p=p.get("p", 1), margin=p.get("margin", 1.0)),
        [{}, dict(p=2), dict(margin=0.25), dict(p=2, margin=3.5), dict(margin=0.0), dict(p=2, margin=0.5)]),
}

ELEMENT_LOSSES = {
    "mean_squared": (lambda y, t, p: F.mse_loss(y, t), [{}]),
    "mean_absolute": (lambda y, t, p: F.l1_loss(y, t), [{}]),
    "huber": (lambda y, t, p: F.huber_loss(y, t, delta=p.get("delta", 1.0)),
              [{}, dict(delta=0.1), dict(delta=5.0), dict(delta=1.5), dict(delta=0.75), dict(delta=20.0)]),
    "binary_cross_entropy": (lambda y, t, p: F.binary_cross_entropy_with_logits(y, t), [{}]),
}

# Values of the right class and of the others.
LEVELS = [{}, dict(on=1.0, off=-1.0), dict(on=0.9, off=0.1), {}, dict(on=0.75, off=0.25), dict(on=1.0, off=0.5)]

# Batch, shape of the output, of the input, scale.
PICTURES = ((1, (7,), (7,), 1.0), (17, (3, 2, 3), (3, 2, 3), 3.0), (5, (24,), (2, 4, 3), 1.0), (19, (2, 3, 2), (12,), 0.1),
            (1, (1, 13, 11), (1, 13, 11), 10.0), (2, (70,), (70,), 1.0))


def make():
    cases, tensors, source = [], {}, Source(7)

    def add(name, params, **values):
        index = len(cases)
        for key, tensor in values.items():
            if tensor is not None:
                tensors[f"{index}.{key}"] = tensor.detach().numpy()
        cases.append(dict(loss=name, params=params))

    def draw(batch, n, scale):
        y = source.normal(batch, n, scale=scale).requires_grad_()
        return y, torch.from_numpy(source.random.randint(0, n, batch))

    for loss, (function, sets) in CLASS_LOSSES.items():
        for k, params in enumerate(sets):
            y, targets = draw(*SIZES[k % len(SIZES)])
            weights = source.normal(y.shape[1]).abs() + 0.25 if "class_weights" in params else None
            if weights is not None:
                weights = weights.float().double()
            value = function(y, targets, weights, params)
            value.backward()
            right = (y.argmax(1) == targets).double().mean()
            add(loss, params, y=y, targets=targets, weights=weights, loss=value, dy=y.grad, right=right)
    for loss, (function, sets) in ELEMENT_LOSSES.items():
        for k in range(6):
            own = sets[k % len(sets)]
            levels = LEVELS[k]
            if loss == "binary_cross_entropy" and levels.get("off", 0) < 0:
                levels = dict(on=0.8, off=0.0)
            y, targets = draw(*SIZES[k])
            hot = F.one_hot(targets, y.shape[1]).double()
            on, off = levels.get("on", 1.0), levels.get("off", 0.0)
            value = function(y, hot * on + (1 - hot) * off, own)
            value.backward()
            right = (y.argmax(1) == targets).double().mean()
            add(loss, dict(own, **levels), y=y, targets=targets, loss=value, dy=y.grad, right=right)
        for k, (batch, shape, input_shape, scale) in enumerate(PICTURES):
            own = sets[k % len(sets)]
            y = source.normal(batch, *shape, scale=scale).requires_grad_()
            x = source.normal(batch, *input_shape, scale=scale)
            if loss == "binary_cross_entropy":
                x = torch.sigmoid(x).float().double()
            value = function(y, x.reshape(y.shape), own)
            value.backward()
            add(loss, dict(own, target="input"), y=y, x=x, loss=value, dy=y.grad)
    save("loss", cases, tensors)
