# SPDX-License-Identifier: GPL-3.0-or-later
"""What torch.nn.init.calculate_gain says of activations."""
import numpy as np
import torch

from golden.common import save

GAINS = [
    ("relu", {}, ("relu",)),
    ("leaky_relu", {}, ("leaky_relu",)),
    ("leaky_relu", dict(negative_slope=0.3), ("leaky_relu", 0.3)),
    ("prelu", {}, ("leaky_relu", 0.25)),
    ("tanh", {}, ("tanh",)),
    ("selu", {}, ("selu",)),
    ("sigmoid", {}, ("sigmoid",)),
    ("linear", {}, ("linear",)),
]


def make():
    cases = [dict(layer=layer, params=params) for layer, params, _ in GAINS]
    save("gain", cases, {f"{i}.gain": np.array([torch.nn.init.calculate_gain(*a)]) for i, (_, _, a) in enumerate(GAINS)})
