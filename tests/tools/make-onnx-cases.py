#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""Writes tests/cli/onnx-cases: what ONNX's published cases leave out, in their form. Expected values are PyTorch's or, where it has
no such operator, follow the operator's text in double precision.

Usage: /usr/bin/python3 tests/tools/make-onnx-cases.py   (from the root of the sources; needs onnx and torch)
"""
import io
import pathlib
import shutil

import numpy as np
import torch
from onnx import TensorProto, helper, numpy_helper

FOLDER = pathlib.Path("tests/cli/onnx-cases")
RANDOM = np.random.default_rng(7)


def normal(*shape):
    return RANDOM.normal(size=shape).astype(np.float32)


def write(name, op, inputs, outputs, opset=17, names=None, **attributes):
    """inputs: arrays or None for one that is left out; of the outputs those that are None too."""
    in_names = [f"in{i}" if x is not None else "" for i, x in enumerate(inputs)]
    out_names = [f"out{i}" if y is not None else "" for i, y in enumerate(outputs)]
    node = helper.make_node(op, in_names, out_names, name="node", **attributes)
    tensors = [[(n, np.asarray(x)) for n, x in zip(ns, xs) if n] for ns, xs in ((in_names, inputs), (out_names, outputs))]
    infos = [[helper.make_tensor_value_info(n, helper.np_dtype_to_tensor_dtype(x.dtype) if hasattr(helper, "np_dtype_to_tensor_dtype")
                                            else TensorProto.FLOAT if x.dtype == np.float32 else
                                            TensorProto.INT32 if x.dtype == np.int32 else TensorProto.INT64, x.shape)
              for n, x in group] for group in tensors]
    model = helper.make_model(helper.make_graph([node], name, *infos), opset_imports=[helper.make_opsetid("", opset)], ir_version=8)
    folder = FOLDER / name / "test_data_set_0"
    folder.mkdir(parents=True)
    (FOLDER / name / "model.onnx").write_bytes(model.SerializeToString())
    for kind, group in zip(("input", "output"), tensors):
        for i, (n, x) in enumerate(group):
            (folder / f"{kind}_{i}.pb").write_bytes(numpy_helper.from_array(x, n).SerializeToString())


def write_chain(name, x, nodes, constants, y, batch=None, opset=17):
    """Several nodes: (operator, inputs, output, attributes); of the values "x" goes in and "y" comes out. batch: a name for the
    axis 0 of both, whose size is left open."""
    shapes = [[batch or v.shape[0], *v.shape[1:]] for v in (x, y)]
    graph = helper.make_graph([helper.make_node(op, inputs, [output], **attributes) for op, inputs, output, attributes in nodes], name,
                              [helper.make_tensor_value_info("x", TensorProto.FLOAT, shapes[0])],
                              [helper.make_tensor_value_info("y", TensorProto.FLOAT, shapes[1])],
                              [numpy_helper.from_array(v, n) for n, v in constants.items()])
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", opset)], ir_version=8)
    folder = FOLDER / name / "test_data_set_0"
    folder.mkdir(parents=True)
    (FOLDER / name / "model.onnx").write_bytes(model.SerializeToString())
    for n, v in (("input_0", x), ("output_0", y)):
        (folder / (n + ".pb")).write_bytes(numpy_helper.from_array(np.ascontiguousarray(v), n).SerializeToString())


# ---- Recurrent ----

def sigmoid(x):
    return 1 / (1 + np.exp(-x))


def run_cell(kind, x, w, r, b, h, c, p, lengths, backward, reset_after, f, g):
    """One direction of ONNX's text, x [times, samples, features]; what it shows, the last state and the last cell."""
    times, samples, n = x.shape[0], x.shape[1], r.shape[1]
    x, w, r, b = (np.asarray(v, np.float64) for v in (x, w, r, b))
    h, c = np.asarray(h, np.float64).copy(), np.asarray(c, np.float64).copy()
    shown = np.zeros((times, samples, n))
    for t in (range(times - 1, -1, -1) if backward else range(times)):
        for s in range(samples):
            if t >= lengths[s]:
                continue
            wx, rh = w @ x[t, s] + b[:len(w)], r @ h[s] + b[len(w):]
            part = [slice(k * n, (k + 1) * n) for k in range(4)]
            if kind == "RNN":
                h[s] = f(wx + rh)
            elif kind == "GRU":
                z, reset = sigmoid((wx + rh)[part[0]]), sigmoid((wx + rh)[part[1]])
                late = reset * rh[part[2]] if reset_after else r[part[2]] @ (reset * h[s]) + b[len(w):][part[2]]
                h[s] = (1 - z) * g(wx[part[2]] + late) + z * h[s]
            else:
                i, o, forget, new = ((wx + rh)[k] for k in part)
                c_new = sigmoid(forget + p[2 * n:] * c[s]) * c[s] + sigmoid(i + p[:n] * c[s]) * g(new)
                h[s] = sigmoid(o + p[n:2 * n] * c_new) * np.tanh(c_new)
                c[s] = c_new
            shown[t, s] = h[s]
    return shown, h, c


def recurrent(name, kind, times, samples, features, hidden, directions=1, direction=None, state=False, lengths=None, peepholes=False,
              wants=(True, True, True), bias=True, layout=0, activations=None, **attributes):
    gates = {"RNN": 1, "GRU": 3, "LSTM": 4}[kind]
    x = normal(times, samples, features)
    w, r = normal(directions, gates * hidden, features), normal(directions, gates * hidden, hidden)
    b = normal(directions, 2 * gates * hidden) if bias else np.zeros((directions, 2 * gates * hidden), np.float32)
    h, c = (normal(directions, samples, hidden) * (1 if state else 0) for _ in range(2))
    p = normal(directions, 3 * hidden) * (1 if peepholes else 0)
    given = np.array(lengths if lengths else [times] * samples, np.int32)
    f = g = np.tanh
    if activations:
        f = g = {"Relu": lambda v: np.maximum(v, 0), "Softsign": lambda v: v / (1 + np.abs(v))}[activations[-1 if kind == "GRU" else 0]]
    parts = [run_cell(kind, x, w[d], r[d], b[d], h[d], c[d], p[d], given, d == 1 or direction == "reverse",
                      attributes.get("linear_before_reset", 0), f, g) for d in range(directions)]
    y = [np.stack([part[0] for part in parts], 1), np.stack([part[1] for part in parts]), np.stack([part[2] for part in parts])]
    if layout:
        x, h, c = x.transpose(1, 0, 2), h.transpose(1, 0, 2), c.transpose(1, 0, 2)
        y = [y[0].transpose(2, 0, 1, 3), y[1].transpose(1, 0, 2), y[2].transpose(1, 0, 2)]
    inputs = [x, w, r, b if bias else None, given if lengths else None, h if state else None]
    if kind == "LSTM":
        inputs += [c if state else None, p if peepholes else None]
    while inputs[-1] is None:
        inputs.pop()
    outputs = [np.ascontiguousarray(v, np.float32) if want else None for v, want in zip(y[:3 if kind == "LSTM" else 2], wants)]
    while outputs[-1] is None:
        outputs.pop()
    if direction or directions == 2:
        attributes["direction"] = direction or "bidirectional"
    if activations:
        attributes["activations"] = activations
    if layout:
        attributes["layout"] = layout
    write(name, kind, [np.ascontiguousarray(v) if v is not None else None for v in inputs], outputs, opset=14, hidden_size=hidden, **attributes)


def make_recurrent():
    recurrent("lstm_reverse", "LSTM", 4, 2, 3, 5, direction="reverse", wants=(True, True))
    recurrent("gru_reverse_last", "GRU", 3, 1, 2, 3, direction="reverse", wants=(True, True), linear_before_reset=1)
    recurrent("lstm_state", "LSTM", 3, 2, 4, 3, state=True)
    recurrent("lstm_cells", "LSTM", 3, 1, 2, 3, bias=False, wants=(False, False, True))
    recurrent("lstm_everything", "LSTM", 3, 3, 2, 4, directions=2, state=True, lengths=[3, 1, 2], peepholes=True)
    recurrent("lstm_layout", "LSTM", 3, 2, 2, 3, directions=2, state=True, layout=1)
    recurrent("gru_before", "GRU", 4, 2, 3, 5)
    recurrent("gru_before_both", "GRU", 3, 2, 2, 3, directions=2, lengths=[2, 3], state=True)
    recurrent("gru_after_state", "GRU", 3, 2, 3, 4, state=True, linear_before_reset=1)
    recurrent("gru_softsign", "GRU", 2, 2, 3, 4, activations=["Sigmoid", "Softsign"], linear_before_reset=1)
    recurrent("rnn_lengths", "RNN", 3, 2, 3, 4, lengths=[2, 0])
    recurrent("rnn_relu_reverse", "RNN", 3, 1, 3, 4, direction="reverse", activations=["Relu"])
    recurrent("rnn_softsign", "RNN", 2, 2, 3, 2, activations=["Softsign"], state=True)


# ---- Windows, norms, parts ----

def transposed(name, channels, filters, size, kernel, groups=1, bias=True, **options):
    x, w = normal(1, channels, *size), normal(channels, filters // groups, *kernel)
    b = normal(filters) if bias else None
    y = torch.nn.functional.conv_transpose3d(torch.tensor(x), torch.tensor(w), torch.tensor(b) if bias else None, groups=groups, **options)
    attributes = {"group": groups, "strides": options.get("stride"), "dilations": options.get("dilation"),
                  "output_padding": options.get("output_padding"), "pads": options["padding"] * 2 if "padding" in options else None}
    write(name, "ConvTranspose", [x, w] + ([b] if bias else []), [y.numpy()], opset=11, **{k: v for k, v in attributes.items() if v})


def local_response(name, channels, size, alpha, beta, bias):
    x = normal(2, channels, 3, 2)
    y = np.empty_like(x)
    for c in range(channels):     # the text: from c - floor ((size - 1) / 2) to c + ceil ((size - 1) / 2)
        low, high = max(0, c - (size - 1) // 2), min(channels - 1, c + size // 2)
        y[:, c] = x[:, c] / (bias + alpha / size * (x[:, low:high + 1].astype(np.float64) ** 2).sum(1)) ** beta
    write(name, "LRN", [x], [y], opset=13, size=size, alpha=alpha, beta=beta, bias=bias)


def layer_norm(name, shape, axis, epsilon, constant=False):
    x = np.full(shape, 3, np.float32) if constant else normal(*shape)
    axes = tuple(range(axis, len(shape)))
    mean = x.astype(np.float64).mean(axes, keepdims=True)
    inverse = 1 / np.sqrt(((x - mean) ** 2).mean(axes, keepdims=True) + epsilon)
    w, b = normal(*shape[axis:]), normal(*shape[axis:])
    y = (x - mean) * inverse * w + b
    write(name, "LayerNormalization", [x, w, b], [v.astype(np.float32) for v in (y, mean, inverse)], axis=axis, epsilon=epsilon)


def slice_of(name, shape, starts, ends, axes, steps):
    x = normal(*shape)
    places = [slice(None)] * len(shape)
    for start, end, axis, step in zip(starts, ends, axes, steps):
        places[axis] = slice(start, None if end < -10 ** 6 else end, step)
    lists = [np.array(v, np.int64) for v in (starts, ends, axes, steps)]
    write(name, "Slice", [x, *lists], [np.ascontiguousarray(x[tuple(places)])], opset=13)


def resize(name, shape, sizes, mode, torch_mode, transform, **options):
    x = normal(*shape)
    y = torch.nn.functional.interpolate(torch.tensor(x), size=sizes[2:], mode=torch_mode, **options)
    write(name, "Resize", [x, None, None, np.array(sizes, np.int64)], [y.numpy()], opset=13, mode=mode, coordinate_transformation_mode=transform,
          **({"nearest_mode": "floor"} if mode == "nearest" else {}))


# ---- Element by element ----

def broadcast(name, op, shape, other, opset=13, swapped=False, old=None):
    """A tensor and a constant; old: (shape it means, axis) of the sets before 7."""
    x, c = normal(*shape), normal(*other)
    a, b = (c, x) if swapped else (x, c.reshape(old[0]) if old else c)
    if op == "Div":
        b += np.sign(b) / 2
    y = {"Add": np.add, "Sub": np.subtract, "Mul": np.multiply, "Div": np.divide}[op](a, b)
    write_chain(name, x, [(op, ["c", "x"] if swapped else ["x", "c"], "y", dict(broadcast=1, axis=old[1]) if old else {})], {"c": c}, y,
                opset=opset)


def make_arithmetic():
    broadcast("mul_channels", "Mul", (2, 3, 4, 5), (3, 1, 1))
    broadcast("sub_rows_first", "Sub", (2, 3, 4), (1, 3, 4), swapped=True)
    broadcast("div_number", "Div", (2, 3, 4), ())
    broadcast("sub_larger_constant", "Sub", (2, 1, 4), (3, 1), swapped=True)
    broadcast("mul_more_axes", "Mul", (2, 5), (3, 1, 5))
    broadcast("div_mixed_batch", "Div", (2, 3), (2, 1))
    broadcast("add_old_axis", "Add", (2, 3, 4, 5), (3, 4), opset=6, old=((3, 4, 1), 1))
    # Squeeze and excitation with an open batch: both factors are computed.
    x, w, v = normal(3, 4, 5, 6), normal(2, 4), normal(4, 2)
    t = torch.tensor(x)
    hidden = torch.relu(t.mean((2, 3)) @ torch.tensor(w).T)
    y = t * torch.sigmoid(hidden @ torch.tensor(v).T)[:, :, None, None]
    write_chain("squeeze_excitation", x, [
        ("GlobalAveragePool", ["x"], "pooled", {}), ("Flatten", ["pooled"], "row", {}), ("Gemm", ["row", "w"], "h", dict(transB=1)),
        ("Relu", ["h"], "r", {}), ("Gemm", ["r", "v"], "s", dict(transB=1)), ("Sigmoid", ["s"], "gate", {}),
        ("Unsqueeze", ["gate", "axes"], "wide", {}), ("Mul", ["x", "wide"], "y", {})],
        {"w": w, "v": v, "axes": np.array([2, 3], np.int64)}, y.numpy(), batch="N")
    # A mean over columns and one over rows, subtracted and divided crosswise.
    x = normal(2, 3, 4, 5)
    rows, columns = x.mean(3, keepdims=True), x.mean(2, keepdims=True)
    write_chain("div_computed", x, [
        ("ReduceMean", ["x"], "rows", dict(axes=[3])), ("ReduceMean", ["x"], "columns", dict(axes=[2])), ("Sub", ["rows", "columns"], "d", {}),
        ("Sigmoid", ["d"], "s", {}), ("Div", ["rows", "s"], "y", {})], {}, rows * (1 + np.exp(columns - rows)), opset=13)


# ---- PyTorch's own exporter ----

class Last(torch.nn.Module):
    """A recurrent layer and a linear one on its last step; its first state is made of the shape of the input."""

    def __init__(self, kind, **options):
        super().__init__()
        self.recurrent = kind(7, 5, batch_first=True, **options)
        self.output = torch.nn.Linear(10 if options.get("bidirectional") else 5, 3)

    def forward(self, x):
        return self.output(self.recurrent(x)[0][:, -1])


def exported(name, module, x):
    buffer = io.BytesIO()
    module.eval()
    torch.onnx.export(module, torch.tensor(x), buffer, opset_version=16, input_names=["x"], output_names=["y"], dynamic_axes={"x": {0: "N"}})
    folder = FOLDER / name / "test_data_set_0"
    folder.mkdir(parents=True)
    (FOLDER / name / "model.onnx").write_bytes(buffer.getvalue())
    (folder / "input_0.pb").write_bytes(numpy_helper.from_array(x, "x").SerializeToString())
    (folder / "output_0.pb").write_bytes(numpy_helper.from_array(module(torch.tensor(x)).detach().numpy(), "y").SerializeToString())


def main():
    torch.manual_seed(3)
    shutil.rmtree(FOLDER, ignore_errors=True)
    make_recurrent()
    transposed("convtranspose_3d_stride", 2, 3, (2, 3, 2), (2, 3, 3), stride=(2, 1, 3), padding=(1, 0, 1), output_padding=(1, 0, 2))
    transposed("convtranspose_3d_groups", 4, 6, (2, 2, 3), (3, 2, 2), groups=2, bias=False, stride=(1, 2, 1), dilation=(2, 1, 2))
    transposed("convtranspose_3d_padding", 2, 2, (3, 3, 4), (3, 3, 3), padding=(1, 2, 1))
    local_response("lrn_even", 7, 4, 0.3, 0.75, 1.0)
    local_response("lrn_two", 3, 2, 0.5, 0.5, 2.0)
    layer_norm("layer_norm_outputs", (3, 4, 5), 2, 1e-5)
    layer_norm("layer_norm_flat", (2, 6), 1, 1e-5, constant=True)
    layer_norm("layer_norm_all", (2, 3, 4), 0, 0.1)
    slice_of("slice_every_second", (2, 3, 9), (1, -1), (9, -10 ** 7), (2, 1), (2, -1))
    slice_of("slice_far_steps", (3, 5, 4), (4, 0), (-100, 3), (1, 2), (-3, 100))
    resize("resize_volume", (1, 2, 3, 4, 5), (1, 2, 5, 4, 8), "nearest", "nearest", "asymmetric")
    resize("resize_signal", (2, 3, 7), (2, 3, 5), "linear", "linear", "half_pixel", align_corners=False)
    resize("resize_cubic", (2, 2, 5, 4), (2, 2, 3, 9), "cubic", "bicubic", "align_corners", align_corners=True)

    make_arithmetic()
    exported("pytorch_lstm", Last(torch.nn.LSTM), normal(2, 6, 7))
    exported("pytorch_gru", Last(torch.nn.GRU, num_layers=2, bidirectional=True), normal(3, 4, 7))


main()
