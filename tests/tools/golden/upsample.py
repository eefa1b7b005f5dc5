# SPDX-License-Identifier: GPL-3.0-or-later
"""Up-sampling."""
import torch.nn.functional as F

from golden.common import Cases

CASES = [
    (1, (2, 3, 4), dict(scale_y=2.0, scale_x=3.0)),
    (17, (1, 3, 2), dict(scale_y=2.5, scale_x=1.5)),
    (3, (2, 5, 6), dict(scale_y=0.5, scale_x=0.7)),
    (2, (3, 5), dict(scale_x=2.0)),
    (2, (2, 3, 4), dict(mode="bilinear", scale_y=2.0, scale_x=3.0)),
    (17, (1, 2, 3), dict(mode="bilinear", scale_y=2.6, scale_x=1.4)),
    (2, (2, 3, 4), dict(mode="bilinear", scale_y=2.0, scale_x=2.5, align_corners=True)),
    (3, (2, 5, 7), dict(mode="bilinear", scale_y=0.5, scale_x=0.6)),
    (2, (1, 4, 5), dict(mode="bilinear", scale_y=0.25, scale_x=0.6, align_corners=True)),
    (5, (3, 4), dict(mode="bilinear", scale_x=2.3)),
]


def make():
    out = Cases(61)
    for batch, shape, params in CASES:
        scale = (params["scale_y"], params["scale_x"]) if len(shape) == 3 else params["scale_x"]
        mode = params.get("mode", "nearest")
        if mode == "bilinear":
            mode = "bilinear" if len(shape) == 3 else "linear"
        align = None if mode == "nearest" else params.get("align_corners", False)
        out.add("upsample", params, [out.source.normal(batch, *shape)], {},
                lambda x, w: F.interpolate(x[0], scale_factor=scale, mode=mode, align_corners=align))
    out.save("upsample")
