# SPDX-License-Identifier: GPL-3.0-or-later
"""LSTM, GRU and plain recurrent layers."""
import torch

from golden.common import Cases

# batch, time, features, parameters
SHAPES = [
    (4, 3, 5, dict(hidden=7)),
    (17, 7, 6, dict(hidden=9, output="sequence")),
    (1, 1, 4, dict(hidden=3, bidirectional=True)),
    (5, 7, 3, dict(hidden=5, layers=2)),
    (17, 3, 4, dict(hidden=5, layers=2, bidirectional=True)),
    (3, 7, 2, dict(hidden=3, layers=2, bidirectional=True, output="sequence", bias=False)),
]


def run(make, params, features, names):
    module = make(features, params["hidden"], params.get("layers", 1), bias=params.get("bias", True), batch_first=True,
                  bidirectional=params.get("bidirectional", False))
    assert [name for name, _ in module.named_parameters()] == names

    def function(x, w):
        # The weights go in as they are, so that their gradients arrive where they are asked for.
        for name in names:
            delattr(module, name)
            setattr(module, name, w[name])
        module._flat_weights = [w[name] for name in names]
        y, state = module(x[0])
        if params.get("output", "last") == "sequence":
            return y
        hidden = state[0] if isinstance(state, tuple) else state
        n = 2 if params.get("bidirectional", False) else 1
        return torch.cat([hidden[k] for k in range(-n, 0)], dim=1)

    return function


def make_one(layer, make, seed, variants=({},)):
    out = Cases(seed)
    for k, (batch, time, features, params) in enumerate(SHAPES):
        params = {**params, **variants[k % len(variants)]}
        shape_of = {}
        for name, p in make(features, params["hidden"], params.get("layers", 1), bias=params.get("bias", True),
                            bidirectional=params.get("bidirectional", False)).named_parameters():
            shape_of[name] = tuple(p.shape)
        weights = {name: out.source.normal(*shape, scale=0.5) for name, shape in shape_of.items()}
        function = run(lambda *a, **kw: make(*a, **kw, **({"nonlinearity": params["nonlinearity"]} if "nonlinearity" in params
                                                          else {})), params, features, list(shape_of))
        # Without training nothing is kept for a backward pass, which takes another way through memory.
        for training in (True, False) if k >= 4 else (True,):
            out.add(layer, params, [out.source.normal(batch, time, features)], weights, function, training)
    out.save(layer)


def make():
    make_one("lstm", torch.nn.LSTM, 61)
    make_one("gru", torch.nn.GRU, 62)
    make_one("rnn", torch.nn.RNN, 63, ({}, {"nonlinearity": "relu"}))
