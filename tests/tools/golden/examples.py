# SPDX-License-Identifier: GPL-3.0-or-later
"""The losses of the first ten steps of example projects, which are written here a second time, as PyTorch modules. Weights and
pictures come from a formula (tests/app/examples.c has it too), so that only losses are stored. Loss, optimizer and input size
are read from the project files; dropout is left out on both sides, because nobody draws PyTorch's random numbers."""
import json
import pathlib

import numpy as np
import torch
import torch.nn.functional as F
from torch import nn

from golden.common import save
from golden.lenet import formula
from golden.optimizers import torch_optimizer

EXAMPLES = pathlib.Path(__file__).parents[3] / "examples"


class ConvAutoencoder(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv1 = nn.Conv2d(1, 16, 3, stride=2, padding=1)
        self.conv2 = nn.Conv2d(16, 32, 3, stride=2, padding=1)
        self.code = nn.Linear(32 * 7 * 7, 32)
        self.grow = nn.Linear(32, 32 * 7 * 7)
        self.deconv1 = nn.ConvTranspose2d(32, 16, 4, stride=2, padding=1)
        self.deconv2 = nn.ConvTranspose2d(16, 1, 4, stride=2, padding=1)

    def forward(self, x):
        x = F.relu(self.code(torch.flatten(F.relu(self.conv2(F.relu(self.conv1(x)))), 1)))
        x = F.relu(self.grow(x)).reshape(-1, 32, 7, 7)
        return self.deconv2(F.relu(self.deconv1(x)))


class ResNet8(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv("conv1", 1, 16)
        for i, (n, f) in enumerate(((16, 16), (16, 32), (32, 64)), 1):
            stride = 1 if n == f else 2
            self.conv(f"block{i}a", n, f, stride)
            self.conv(f"block{i}b", f, f)
            if n != f:
                self.conv(f"block{i}skip", n, f, stride, 1)
        self.linear = nn.Linear(64, 10)

    def conv(self, name, n, filters, stride=1, size=3):
        self.add_module(name, nn.Conv2d(n, filters, size, stride=stride, padding=size // 2, bias=False))
        self.add_module(name + "_norm", nn.BatchNorm2d(filters))

    def run(self, name, x):
        return self.get_submodule(name + "_norm")(self.get_submodule(name)(x))

    def forward(self, x):
        x = F.relu(self.run("conv1", x))
        for i in (1, 2, 3):
            main = self.run(f"block{i}b", F.relu(self.run(f"block{i}a", x)))
            x = F.relu(main + (x if i == 1 else self.run(f"block{i}skip", x)))
        return self.linear(x.mean((2, 3)))


class UNet(nn.Module):
    def __init__(self):
        super().__init__()
        n = 1
        for i, f in enumerate((8, 16, 32, 64, 128), 1):
            self.add_module(f"down{i}a", nn.Conv2d(n, f, 3, padding=1))
            self.add_module(f"down{i}b", nn.Conv2d(f, f, 3, padding=1))
            n = f
        for i, f in zip((4, 3, 2, 1), (64, 32, 16, 8)):
            self.add_module(f"grow{i}", nn.ConvTranspose2d(2 * f, f, 2, stride=2))
            self.add_module(f"up{i}a", nn.Conv2d(2 * f, f, 3, padding=1))
            self.add_module(f"up{i}b", nn.Conv2d(f, f, 3, padding=1))
        self.output = nn.Conv2d(8, 1, 1)

    def two(self, name, x):
        return F.relu(self.get_submodule(name + "b")(F.relu(self.get_submodule(name + "a")(x))))

    def forward(self, x):
        x = F.interpolate(F.avg_pool2d(x, 4), scale_factor=4, mode="bilinear", align_corners=False)
        kept = []
        for i in (1, 2, 3, 4):
            kept.append(self.two(f"down{i}", x))
            x = F.max_pool2d(kept[-1], 2)
        x = self.two("down5", x)
        for i in (4, 3, 2, 1):
            x = self.two(f"up{i}", torch.cat([kept[i - 1], self.get_submodule(f"grow{i}")(x)], 1))
        return self.output(x)


class AlexNet2012(nn.Module):
    """Two groups, as on the paper's two graphics cards; response normalisation before the overlapping pools."""
    def __init__(self):
        super().__init__()
        self.conv1 = nn.Conv2d(3, 96, 11, stride=4)
        self.conv2 = nn.Conv2d(96, 256, 5, padding=2, groups=2)
        self.conv3 = nn.Conv2d(256, 384, 3, padding=1)
        self.conv4 = nn.Conv2d(384, 384, 3, padding=1, groups=2)
        self.conv5 = nn.Conv2d(384, 256, 3, padding=1, groups=2)
        self.fc6 = nn.Linear(9216, 4096)
        self.fc7 = nn.Linear(4096, 4096)
        self.fc8 = nn.Linear(4096, 1000)
        # PyTorch divides alpha by the number of channels, the paper does not.
        self.norm = nn.LocalResponseNorm(5, alpha=5e-4, beta=0.75, k=2)

    def forward(self, x):
        x = F.max_pool2d(self.norm(F.relu(self.conv1(x))), 3, 2)
        x = F.max_pool2d(self.norm(F.relu(self.conv2(x))), 3, 2)
        x = F.relu(self.conv5(F.relu(self.conv4(F.relu(self.conv3(x))))))
        x = torch.flatten(F.max_pool2d(x, 3, 2), 1)
        return self.fc8(F.relu(self.fc7(F.relu(self.fc6(x)))))


class AlexNetTorchvision(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv1 = nn.Conv2d(3, 64, 11, stride=4, padding=2)
        self.conv2 = nn.Conv2d(64, 192, 5, padding=2)
        self.conv3 = nn.Conv2d(192, 384, 3, padding=1)
        self.conv4 = nn.Conv2d(384, 256, 3, padding=1)
        self.conv5 = nn.Conv2d(256, 256, 3, padding=1)
        self.fc6 = nn.Linear(9216, 4096)
        self.fc7 = nn.Linear(4096, 4096)
        self.fc8 = nn.Linear(4096, 1000)

    def forward(self, x):
        x = F.max_pool2d(F.relu(self.conv1(x)), 3, 2)
        x = F.max_pool2d(F.relu(self.conv2(x)), 3, 2)
        x = F.relu(self.conv5(F.relu(self.conv4(F.relu(self.conv3(x))))))
        x = torch.flatten(F.adaptive_avg_pool2d(F.max_pool2d(x, 3, 2), (6, 6)), 1)
        return self.fc8(F.relu(self.fc7(F.relu(self.fc6(x)))))


# Example, module, batch, classes, variance of the weights times the number of inputs, and what differs from the project's
# optimizer. The variance 2 suits ReLU; AlexNet, without batch norm, leaps about with it in batches of two. Rates and epsilon keep
# ten steps from magnifying roundings: with the projects' own, PyTorch in 32 bits is 8e-5 from PyTorch in 64 bits after ten steps,
# because a pool's maximum or a ReLU that is decided by a last bit sends gradients another way.
NETWORKS = [
    ("conv-autoencoder", ConvAutoencoder, 64, 10, 2, {}),
    ("resnet-fashion", ResNet8, 32, 10, 2, dict(learning_rate=0.02)),
    ("unet", UNet, 8, 10, 2, dict(learning_rate=0.0003, epsilon=0.01)),
    ("alexnet-2012", AlexNet2012, 2, 1000, 1, dict(learning_rate=0.002)),
    ("alexnet-torchvision", AlexNetTorchvision, 2, 1000, 1, dict(learning_rate=0.0005)),
]


def salt(name):
    """g_str_hash."""
    h = 5381
    for c in name.encode():
        h = (h * 33 + c) & 0xFFFFFFFF
    return h


def fill(network, variance):
    """Uniform numbers; batch norm's weights around 1."""
    weights = []
    with torch.no_grad():
        for name, w in network.named_parameters():
            offset = 0.0
            if "_norm." in name:
                scale, offset = 0.25, 1.0 if name.endswith("weight") else 0.0
            elif name.endswith("bias"):
                scale = 0.1
            else:
                scale = float(np.float32(np.sqrt(3 * variance / np.prod(w.shape[1:]))))
            values = formula(salt(name), w.numel(), scale).astype(np.float64) + offset
            w.copy_(torch.from_numpy(values.astype(np.float32).astype(np.float64)).reshape(w.shape))
            weights.append(dict(name=name, scale=scale, offset=offset))
    return weights


def pictures(n, shape, n_classes):
    """Noise with a bright band whose place tells the last digit of the label; labels i × 7 mod n_classes."""
    c, h, w = shape
    images = formula(1, n * c * h * w, 0.5).astype(np.float64).reshape(n, c, h, w)
    labels = np.arange(n) * 7 % n_classes
    for i, label in enumerate(labels):
        images[i, :, :, label % 10 * w // 10:(label % 10 + 1) * w // 10] += 1
    return images.astype(np.float32).astype(np.float64), labels


def make():
    cases, tensors = [], {}
    for name, module, batch, n_classes, variance, other in NETWORKS:
        project = json.loads((EXAMPLES / (name + ".hillock")).read_text())
        size = project["graph"]["nodes"][0]["params"]
        loss_name = project["recipe"]["loss"]["name"]
        optimizer_name, params = project["recipe"]["optimizer"]["name"], {**project["recipe"]["optimizer"]["params"], **other}
        images, labels = pictures(10 * batch, (size["channels"], size["height"], size["width"]), n_classes)
        x, targets = torch.from_numpy(images), torch.from_numpy(labels)
        network = module()
        weights = fill(network, variance)
        optimizer = torch_optimizer(optimizer_name, params, list(network.parameters()))
        losses = []
        for step in range(10):
            part = slice(step * batch, step * batch + batch)
            y = network(x[part])
            loss = F.mse_loss(y, x[part]) if loss_name == "mean_squared" else F.cross_entropy(y, targets[part])
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            losses.append(loss.item())
        tensors[f"{len(cases)}.losses"] = np.array(losses)
        cases.append(dict(example=name, batch=batch, classes=n_classes, optimizer=params, weights=weights,
                          parameters=sum(p.numel() for p in network.parameters())))
        print("  ", name, " ".join(f"{v:.6f}" for v in losses), flush=True)
    save("examples", cases, tensors)
