#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""Writes tests/golden/*.safetensors: what PyTorch computes for every layer, loss and optimizer, and the losses of the
first ten steps of LeNet-5. Needs PyTorch and NumPy (Debian: python3-torch); the tests themselves need neither.

    python3 tests/tools/make-golden.py [FOLDER]

Everything is computed in 64-bit floats from inputs that 32-bit floats hold exactly, so that the expected values are
better than what any 32-bit program can reach. The same PyTorch gives the same bytes on each run."""
import json
import pathlib
import struct
import sys

import numpy as np
import torch
import torch.nn.functional as F

torch.set_default_dtype(torch.float64)
torch.set_num_threads(1)

FOLDER = pathlib.Path(sys.argv[1] if len(sys.argv) > 1 else pathlib.Path(__file__).parent.parent / "golden")


def save(name, cases, tensors):
    """A safetensors file; the description of the cases is a text in its metadata."""
    header = {"__metadata__": {"cases": json.dumps(cases, separators=(",", ":"))}}
    data = b""
    for key in sorted(tensors):
        array = np.asarray(tensors[key])
        kind = "I32" if array.dtype.kind in "iu" else "F32"
        raw = array.astype("<i4" if kind == "I32" else "<f4").tobytes()
        header[key] = {"dtype": kind, "shape": list(array.shape), "data_offsets": [len(data), len(data) + len(raw)]}
        data += raw
    text = json.dumps(header, separators=(",", ":")).encode()
    text += b" " * (-len(text) % 8)
    path = FOLDER / (name + ".safetensors")
    path.write_bytes(struct.pack("<Q", len(text)) + text + data)
    print(f"{path.name}: {len(cases)} cases, {path.stat().st_size} bytes")


class Source:
    """Random numbers that 32-bit floats hold exactly."""

    def __init__(self, seed):
        self.random = np.random.RandomState(seed)

    def normal(self, *shape, scale=1.0):
        return torch.from_numpy((self.random.standard_normal(shape) * scale).astype(np.float32).astype(np.float64))


# ---- Layers ----

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

MAX_POOL2D = [
    (3, (2, 7, 9), dict(size_y=2, size_x=2, stride_y=2, stride_x=2)),
    (17, (1, 7, 7), dict(size_y=3, size_x=3, stride_y=2, stride_x=2)),
    (2, (3, 8, 9), dict(size_y=3, size_x=2, stride_y=1, stride_x=2, padding_y=1, padding_x=1)),
    (1, (2, 9, 9), dict(size_y=2, size_x=3, stride_y=2, stride_x=1, dilation_y=3, dilation_x=2)),
    (2, (2, 8, 8), dict(size_y=3, size_x=3, stride_y=3, stride_x=3, ceil_mode=True)),
    (2, (2, 7, 6), dict(size_y=3, size_x=4, stride_y=2, stride_x=3, padding_y=1, padding_x=2, dilation_y=2, ceil_mode=True)),
]

AVG_POOL2D = [
    (3, (2, 7, 9), dict(size_y=2, size_x=2, stride_y=2, stride_x=2)),
    (17, (1, 7, 7), dict(size_y=3, size_x=2, stride_y=2, stride_x=3)),
    (2, (3, 8, 9), dict(size_y=3, size_x=3, stride_y=1, stride_x=2, padding_y=1, padding_x=1)),
    (2, (3, 8, 9), dict(size_y=3, size_x=3, stride_y=2, stride_x=2, padding_y=1, padding_x=1, count_include_pad=False)),
    (1, (2, 8, 8), dict(size_y=3, size_x=3, stride_y=3, stride_x=3, ceil_mode=True)),
    (2, (2, 8, 7), dict(size_y=3, size_x=4, stride_y=3, stride_x=2, padding_y=1, padding_x=2, ceil_mode=True,
                        count_include_pad=False)),
    (2, (2, 8, 7), dict(size_y=3, size_x=4, stride_y=3, stride_x=2, padding_y=1, padding_x=2, ceil_mode=True)),
]

LINEAR = [
    (1, (7,), dict(units=5)),
    (17, (30,), dict(units=10)),
    (64, (13,), dict(units=1)),
    (5, (33,), dict(units=17, bias=False)),
    (3, (1,), dict(units=4)),
    (35, (100,), dict(units=50)),
]

SHAPES = [(1, [(9,)]), (5, [(3, 5, 7)]), (17, [(2, 3, 1)]), (3, [(5, 4)])]
ACTIVATIONS = {
    "relu": ([{}], lambda x, p: F.relu(x)),
    "leaky_relu": ([{}, dict(negative_slope=0.2)], lambda x, p: F.leaky_relu(x, p.get("negative_slope", 0.01))),
    "sigmoid": ([{}], lambda x, p: torch.sigmoid(x)),
    "tanh": ([{}], lambda x, p: torch.tanh(x)),
    "softmax": ([{}], lambda x, p: F.softmax(x, dim=1)),
    "flatten": ([{}], lambda x, p: torch.flatten(x, 1)),
}

BATCH_NORM = [
    (4, (3, 5, 7), {}),
    (17, (2, 3, 2), dict(eps=0.001, momentum=0.3)),
    (33, (6,), {}),
    (5, (4, 2, 3), dict(affine=False, momentum=1.0)),
    (2, (1, 4, 4), dict(momentum=0.0)),
]


class Cases:
    """Collects the cases of one file."""

    def __init__(self, seed):
        self.cases, self.tensors, self.source = [], {}, Source(seed)

    def add(self, layer, params, inputs, weights, function, training=True, state=()):
        """function (inputs, weights) gives the output; `state` names weights that are kept, not trained."""
        index = len(self.cases)
        inputs = [x.clone().requires_grad_(training) for x in inputs]
        trained = {k: w.clone().requires_grad_(training) for k, w in weights.items() if k not in state}
        kept = {k: weights[k].clone() for k in state}
        for k, x in enumerate(inputs):
            self.put(index, f"x{k}", x)
        for k, w in {**trained, **kept}.items():
            self.put(index, f"w.{k}", w)
        y = function(inputs, {**trained, **kept})
        self.put(index, "y", y)
        if training:
            dy = self.source.normal(*y.shape)
            y.backward(dy)
            self.put(index, "dy", dy)
            for k, x in enumerate(inputs):
                self.put(index, f"dx{k}", x.grad)
            for k, w in trained.items():
                self.put(index, f"dw.{k}", w.grad)
            for k, w in kept.items():
                self.put(index, f"after.{k}", w)
        self.cases.append(dict(layer=layer, params=params, batch=inputs[0].shape[0], inputs=len(inputs), training=training))

    def put(self, index, name, tensor):
        self.tensors[f"{index}.{name}"] = tensor.detach().numpy().copy()

    def save(self, name):
        save(name, self.cases, self.tensors)


def pair(params, name, default):
    return (params.get(name + "_y", default), params.get(name + "_x", default))


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


def make_conv2d():
    out = Cases(1)
    for batch, shape, params in CONV2D:
        size, channels = pair(params, "size", 5), shape[0] // params.get("groups", 1)
        weights = {"weight": out.source.normal(params["filters"], channels, *size, scale=0.3)}
        if params.get("bias", True):
            weights["bias"] = out.source.normal(params["filters"])
        out.add("conv2d", params, [out.source.normal(batch, *shape)], weights, conv2d(params, shape[0]))
    out.save("conv2d")


def make_pools():
    out = Cases(2)
    for batch, shape, params in MAX_POOL2D:
        out.add("max_pool2d", params, [out.source.normal(batch, *shape)], {}, lambda x, w: F.max_pool2d(
            x[0], pair(params, "size", 2), pair(params, "stride", 2), pair(params, "padding", 0),
            pair(params, "dilation", 1), params.get("ceil_mode", False)))
    for batch, shape, params in AVG_POOL2D:
        out.add("avg_pool2d", params, [out.source.normal(batch, *shape)], {}, lambda x, w: F.avg_pool2d(
            x[0], pair(params, "size", 2), pair(params, "stride", 2), pair(params, "padding", 0),
            params.get("ceil_mode", False), params.get("count_include_pad", True)))
    out.save("pool")


def make_linear():
    out = Cases(3)
    for batch, shape, params in LINEAR:
        weights = {"weight": out.source.normal(params["units"], shape[0], scale=0.3)}
        if params.get("bias", True):
            weights["bias"] = out.source.normal(params["units"])
        out.add("linear", params, [out.source.normal(batch, *shape)], weights,
                lambda x, w: F.linear(x[0], w["weight"], w.get("bias")))
    out.save("linear")


def make_activations():
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


def make_batch_norm():
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


def make_joins():
    out = Cases(6)
    for batch, n, shape in ((1, 2, (7,)), (17, 3, (2, 3, 4)), (5, 4, (3, 1)), (33, 2, (1, 2, 2))):
        out.add("add", {}, [out.source.normal(batch, *shape) for _ in range(n)], {}, lambda x, w: sum(x[1:], x[0]))
    for batch, channels, rest in ((1, (7, 2), ()), (17, (2, 1, 4), (3, 2)), (5, (3, 5, 1, 2), (3,)), (33, (1, 1), (2, 5))):
        out.add("concat", {}, [out.source.normal(batch, c, *rest) for c in channels], {}, lambda x, w: torch.cat(x, 1))
    out.save("join")


# ---- Losses ----

def make_losses():
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


# ---- Optimizers ----

OPTIMIZERS = [
    ("sgd", dict(learning_rate=0.1)),
    ("sgd", dict(learning_rate=0.1, momentum=0.9)),
    ("sgd", dict(learning_rate=0.05, momentum=0.8, dampening=0.3, weight_decay=0.01)),
    ("sgd", dict(learning_rate=0.05, momentum=0.9, nesterov=True, weight_decay=0.001)),
    ("adam", {}),
    ("adam", dict(learning_rate=0.01, beta1=0.8, beta2=0.95, epsilon=0.001, weight_decay=0.05)),
    ("adam", dict(beta1=0.0, beta2=0.5)),
    ("adam", dict(learning_rate=0.1, weight_decay=1.0)),
    ("adamw", {}),
    ("adamw", dict(learning_rate=0.01, beta1=0.8, beta2=0.95, weight_decay=0.3)),
    ("adamw", dict(learning_rate=0.1, weight_decay=0.0)),
    ("adamw", dict(beta1=0.5, epsilon=0.01)),
]


def torch_optimizer(name, params, weights):
    if name == "sgd":
        return torch.optim.SGD(weights, params.get("learning_rate", 0.01), params.get("momentum", 0),
                               params.get("dampening", 0), params.get("weight_decay", 0), params.get("nesterov", False))
    make = {"adam": torch.optim.Adam, "adamw": torch.optim.AdamW}[name]
    return make(weights, params.get("learning_rate", 0.001), (params.get("beta1", 0.9), params.get("beta2", 0.999)),
                params.get("epsilon", 1e-8), params.get("weight_decay", 0.01 if name == "adamw" else 0))


def make_optimizers():
    cases, tensors, source = [], {}, Source(8)
    n, n_steps = 61, 5
    for name, params in OPTIMIZERS:
        index = len(cases)
        start = source.normal(n)
        gradients = torch.stack([source.normal(n, scale=10.0 ** -k) for k in range(n_steps)])
        w = start.clone().requires_grad_()
        optimizer = torch_optimizer(name, params, [w])
        after = []
        for k in range(n_steps):
            w.grad = gradients[k].clone()
            optimizer.step()
            after.append(w.detach().clone())
        tensors[f"{index}.start"] = start.numpy()
        tensors[f"{index}.gradients"] = gradients.numpy()
        tensors[f"{index}.after"] = torch.stack(after).numpy()
        cases.append(dict(optimizer=name, params=params))
    save("optimizer", cases, tensors)


# ---- LeNet-5 ----

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


def make_lenet():
    cases, tensors = [], {}
    images, labels = lenet_data(640)
    x, targets = torch.from_numpy(images.astype(np.float64)).reshape(-1, 1, 28, 28), torch.from_numpy(labels)
    for loss in ("cross_entropy", "mean_squared"):
        for name, params in LENET_OPTIMIZERS:
            weights = {k: w.clone().requires_grad_() for k, w in lenet_weights().items()}
            assert sum(w.numel() for w in weights.values()) == 61706
            optimizer = torch_optimizer(name, params, list(weights.values()))
            losses, right = [], []
            for step in range(10):
                part = slice(step * 64, step * 64 + 64)
                y = lenet(x[part], weights)
                if loss == "cross_entropy":
                    value = F.cross_entropy(y, targets[part])
                else:
                    value = F.mse_loss(y, F.one_hot(targets[part], 10).double())
                optimizer.zero_grad()
                value.backward()
                optimizer.step()
                losses.append(value.item())
                right.append((y.argmax(1) == targets[part]).double().mean().item())
            index = len(cases)
            tensors[f"{index}.losses"] = np.array(losses)
            tensors[f"{index}.accuracies"] = np.array(right)
            cases.append(dict(loss=loss, optimizer=name, params=params))
            print("  ", loss, name, params, " ".join(f"{v:.6f}" for v in losses))
    tensors["sample.image"] = images[3]
    tensors["sample.weight"] = lenet_weights()["conv2.weight"].numpy()[:1]
    save("lenet", cases, tensors)


def main():
    FOLDER.mkdir(parents=True, exist_ok=True)
    make_conv2d()
    make_pools()
    make_linear()
    make_activations()
    make_batch_norm()
    make_joins()
    make_losses()
    make_optimizers()
    make_lenet()


if __name__ == "__main__":
    main()
