# SPDX-License-Identifier: GPL-3.0-or-later
"""The losses of the first ten steps of LeNet-5."""
import numpy as np
import torch
import torch.nn.functional as F

from golden.common import save
from golden.optimizers import torch_optimizer

def formula(salt, n, scale):
    """n numbers between -scale and scale from a hash of their index; tests/engine/golden.c computes the same."""
    h = (np.arange(n, dtype=np.uint64) * 2654435761 + salt * 40503) & 0xFFFFFFFF
    for shift, factor in ((16, 0x85EBCA6B), (13, 0xC2B2AE35)):
        h ^= h >> np.uint64(shift)
        h = (h * factor) & 0xFFFFFFFF
    h ^= h >> np.uint64(16)
    return (scale * ((h >> np.uint64(8)).astype(np.float64) / 8388608 - 1)).astype(np.float32)


LENET = [("conv1", (6, 1, 5, 5)), ("conv2", (16, 6, 5, 5)), ("linear1", (120, 400)), ("linear2", (84, 120)), ("linear3", (10, 84))]


def lenet_weights():
    weights = {}
    for k, (name, shape) in enumerate(LENET):
        bound = 1 / np.sqrt(np.prod(shape[1:]))
        for j, (part, size) in enumerate((("weight", shape), ("bias", shape[:1]))):
            values = formula(100 + 2 * k + j, int(np.prod(size)), bound).astype(np.float64).reshape(size)
            weights[f"{name}.{part}"] = torch.from_numpy(values)
    return weights


def lenet(x, w):
    x = F.max_pool2d(F.relu(F.conv2d(x, w["conv1.weight"], w["conv1.bias"], padding=2)), 2)
    x = F.max_pool2d(F.relu(F.conv2d(x, w["conv2.weight"], w["conv2.bias"])), 2)
    x = F.relu(F.linear(torch.flatten(x, 1), w["linear1.weight"], w["linear1.bias"]))
    x = F.relu(F.linear(x, w["linear2.weight"], w["linear2.bias"]))
    return F.linear(x, w["linear3.weight"], w["linear3.bias"])


def lenet_data(n):
    """Images with a bright square whose place tells the class, in noise; labels i × 7 mod 10."""
    images = formula(1, n * 784, 0.5).astype(np.float64).reshape(n, 28, 28)
    labels = np.arange(n) * 7 % 10
    for i, label in enumerate(labels):
        row, column = 2 + label // 5 * 12, 2 + label % 5 * 5
        images[i, row:row + 8, column:column + 4] += 1
    return images.astype(np.float32), labels


LENET_OPTIMIZERS = [
    ("sgd", dict(learning_rate=0.3)),
    ("sgd", dict(learning_rate=0.1, momentum=0.9)),
    ("sgd", dict(learning_rate=0.1, momentum=0.9, nesterov=True, weight_decay=0.0005)),
    ("adam", dict(learning_rate=0.001)),
    ("adamw", dict(learning_rate=0.001, weight_decay=0.05)),
]


CLASS_WEIGHTS = [0.5, 2.0, 1.0, 0.25, 3.0, 1.5, 0.75, 1.25, 4.0, 0.125]

# Loss, its parameters, and the same in PyTorch.
LENET_LOSSES = [
    ("cross_entropy", {}, F.cross_entropy, LENET_OPTIMIZERS),
    ("mean_squared", {}, lambda y, t: F.mse_loss(y, F.one_hot(t, 10).double()), LENET_OPTIMIZERS),
    ("cross_entropy", dict(label_smoothing=0.1, class_weights="listed"),
     lambda y, t: F.cross_entropy(y, t, weight=torch.tensor(CLASS_WEIGHTS), label_smoothing=0.1), LENET_OPTIMIZERS[1:2]),
    ("mean_squared", dict(on=1.0, off=-1.0), lambda y, t: F.mse_loss(y, 2 * F.one_hot(t, 10).double() - 1), LENET_OPTIMIZERS[:1]),
    ("binary_cross_entropy", {}, lambda y, t: F.binary_cross_entropy_with_logits(y, F.one_hot(t, 10).double()),
     LENET_OPTIMIZERS[3:4]),
    ("multi_margin", dict(p=2, margin=0.5), lambda y, t: F.multi_margin_loss(y, t, p=2, margin=0.5), LENET_OPTIMIZERS[1:2]),
]


def make():
    cases, tensors = [], {}
    images, labels = lenet_data(640)
    x, targets = torch.from_numpy(images.astype(np.float64)).reshape(-1, 1, 28, 28), torch.from_numpy(labels)
    for loss, loss_params, function, optimizers in LENET_LOSSES:
        for name, params in optimizers:
            weights = {k: w.clone().requires_grad_() for k, w in lenet_weights().items()}
            assert sum(w.numel() for w in weights.values()) == 61706
            optimizer = torch_optimizer(name, params, list(weights.values()))
            losses, right = [], []
            for step in range(10):
                part = slice(step * 64, step * 64 + 64)
                y = lenet(x[part], weights)
                value = function(y, targets[part])
                optimizer.zero_grad()
                value.backward()
                optimizer.step()
                losses.append(value.item())
                right.append((y.argmax(1) == targets[part]).double().mean().item())
            index = len(cases)
            tensors[f"{index}.losses"] = np.array(losses)
            tensors[f"{index}.accuracies"] = np.array(right)
            case = dict(loss=loss, loss_params=loss_params, optimizer=name, params=params)
            if "class_weights" in loss_params:
                case["class_weights"] = CLASS_WEIGHTS
            cases.append(case)
            print("  ", loss, name, params, " ".join(f"{v:.6f}" for v in losses))
    tensors["sample.image"] = images[3]
    tensors["sample.weight"] = lenet_weights()["conv2.weight"].numpy()[:1]
    save("lenet", cases, tensors)
