#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""Keeps the layers apart: kernels <- engine <- app <- ui.

Reads every #include of the tree and fails on one that the table below does not allow.
"""
import pathlib
import re
import sys

ROOT = pathlib.Path(sys.argv[1] if len(sys.argv) > 1 else ".").resolve()

# Which project folders a file in a folder may include; the longest matching prefix counts.
MAY = {
    "engine/base": ["engine/base"],
    "engine/device": ["engine/base", "engine/device"],
    "engine/graph": ["engine/base", "engine/device", "engine/graph", "engine/train/classes.h"],
    "engine/layers": ["engine/base", "engine/device", "engine/graph", "engine/layers"],
    "engine/losses": ["engine/base", "engine/device", "engine/graph", "engine/train"],
    "engine/optimizers": ["engine/base", "engine/device", "engine/graph", "engine/train"],
    "engine/schedules": ["engine/base", "engine/device", "engine/graph", "engine/train"],
    "engine/initializers": ["engine/base", "engine/device", "engine/graph", "engine/train", "engine/initializers"],
    "engine/data": ["engine/base", "engine/device", "engine/graph", "engine/data"],
    "engine/train": ["engine"],
    "engine/exchange": ["engine/base", "engine/graph", "engine/exchange"],
    "engine": ["engine"],
    "app/main.c": ["engine", "app", "ui"],
    "app": ["engine", "app"],
    "ui": ["engine", "app", "ui"],
    "tests": ["engine", "app", "ui", "tests"],
    "bench": ["engine", "app", "bench", "tests/support"],
}
# System headers that only some files may see.
ONLY = {
    r"CL/": ["engine/device/cl.h"],
    r"protobuf-c/": [],
    r"clblast": ["engine/device/blas.c"],
    r"gdk-pixbuf/": ["engine/data/decode.c", "ui", "tests"],
    r"(gtk/|adwaita|gdk/|graphene)": ["ui", "tests", "app/main.c"],
}
GENERATED = {"config.h", "engine/exchange/onnx.pb-c.h", "kernels/hillock-kernels.h", "examples/hillock-examples.h", "hillock-resources.h"}


def longest(table, path):
    """The entry of table whose key is the longest prefix of path."""
    keys = [key for key in table if path == key or path.startswith(key.rstrip("/") + "/")]
    return table[max(keys, key=len)] if keys else None


def allowed(entries, path):
    return any(path == entry or path.startswith(entry + "/") for entry in entries)


def main():
    wrong = []
    n_includes = 0
    for path in sorted(ROOT.rglob("*.[ch]")):
        name = path.relative_to(ROOT).as_posix()
        if longest(MAY, name) is None:
            continue
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
            match = re.match(r'\s*#\s*include\s*([<"])([^>"]+)[>"]', line)
            if not match:
                continue
            n_includes += 1
            quote, target = match.groups()
            if quote == '"' and target not in GENERATED:
                if not allowed(longest(MAY, name), target):
                    wrong.append(f"{name}:{number}: must not include {target}")
                elif target.endswith("-private.h") and not name.startswith("tests/") and path.parent != (ROOT / target).parent:
                    wrong.append(f"{name}:{number}: {target} is private to its folder")
                elif not (ROOT / target).exists():
                    wrong.append(f"{name}:{number}: {target} is not written from the root")
            for pattern, users in ONLY.items():
                if quote == "<" and re.match(pattern, target) and not allowed(users, name):
                    wrong.append(f"{name}:{number}: only {', '.join(users)} may include <{target}>")
    print("\n".join(wrong))
    print(f"{n_includes} includes, {len(wrong)} wrong")
    return 1 if wrong or not n_includes else 0


if __name__ == "__main__":
    sys.exit(main())
