# SPDX-License-Identifier: GPL-3.0-or-later
"""What the modules beside this one share: files, numbers, cases."""
import json
import pathlib
import struct
import sys

import numpy as np
import torch

torch.set_default_dtype(torch.float64)
torch.set_num_threads(1)

FOLDER = pathlib.Path(sys.argv[1] if len(sys.argv) > 1 else pathlib.Path(__file__).parents[2] / "golden")


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
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(struct.pack("<Q", len(text)) + text + data)
    print(f"{name}: {len(cases)} cases, {path.stat().st_size} bytes")


class Source:
    """Random numbers that 32-bit floats hold exactly."""

    def __init__(self, seed):
        self.random = np.random.RandomState(seed)

    def normal(self, *shape, scale=1.0):
        return torch.from_numpy((self.random.standard_normal(shape) * scale).astype(np.float32).astype(np.float64))


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
        save("layers/" + name, self.cases, self.tensors)


def pair(params, name, default):
    return (params.get(name + "_y", default), params.get(name + "_x", default))
