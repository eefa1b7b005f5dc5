#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""Writes tests/golden: what PyTorch computes for every layer, loss and optimizer, and the first ten losses of networks.
Needs PyTorch and NumPy (Debian: python3-torch); the tests themselves need neither.

    python3 tests/tools/make-golden.py [FOLDER] [--only MODULE]

Each module of tests/tools/golden has a function make () that writes one or more files; a file in layers/ is found and run by
test-golden without further ado. Everything is computed in 64-bit floats from inputs that 32-bit floats hold exactly, so that
the expected values are better than what any 32-bit program can reach. The same PyTorch gives the same bytes on each run."""
import importlib
import pathlib
import pkgutil
import sys

sys.path.insert(0, str(pathlib.Path(__file__).parent))
only = None
if "--only" in sys.argv:
    at = sys.argv.index("--only")
    only = sys.argv[at + 1]
    del sys.argv[at:at + 2]

import golden  # noqa: E402

for module in sorted(m.name for m in pkgutil.iter_modules(golden.__path__)):
    if module != "common" and only in (None, module):
        importlib.import_module("golden." + module).make()
