#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""From the start of the process to the first training step, with cold and with warm kernel caches.

usage: first-step.py [--cli PATH] [--repeats N] [PROJECT]

Cold means that neither Hillock nor PoCL has compiled a kernel before: both caches are empty folders. The caches of
the files (the page cache) are warm in either case. The step counts when its loss has come back from the device."""

import argparse
import json
import os
import signal
import statistics
import subprocess
import sys
import tempfile
import time

root = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))


def first_step(cli, project, caches, out):
    """Seconds to each event up to the first step, and the loss there."""
    environment = dict(os.environ, XDG_CACHE_HOME=caches)
    for name in ("POCL_CACHE_DIR", "HILLOCK_KERNEL_CACHE", "HILLOCK_KERNEL_COMPILER"):
        environment.pop(name, None)
    start = time.monotonic()
    process = subprocess.Popen([cli, "train", project, "--json", "--log-every", "1", "--epochs", "1", "--out", out],
                               stdout=subprocess.PIPE, env=environment, text=True)
    loss = None
    for line in process.stdout:
        event = json.loads(line)
        seconds = time.monotonic() - start
        if event["event"] == "step":
            loss = event["loss"]
            break
    process.send_signal(signal.SIGINT)
    process.stdout.read()
    if process.wait() not in (0, 130) or loss is None:
        sys.exit(f"{cli} train {project} ended with {process.returncode} before its first step")
    return seconds, loss


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--cli", default=os.path.join(root, "build", "hillock-cli"))
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("project", nargs="?", default=os.path.join(root, "examples", "lenet-strokes.hillock"))
    options = parser.parse_args()
    times = {"cold": [], "warm": []}
    losses = set()
    for repeat in range(options.repeats):
        with tempfile.TemporaryDirectory(prefix="hillock-first-step-") as folder:
            caches = os.path.join(folder, "caches")
            os.makedirs(caches)
            for kind in times:
                seconds, loss = first_step(options.cli, options.project, caches, os.path.join(folder, kind))
                times[kind].append(seconds)
                losses.add(loss)
    for kind, seconds in times.items():
        print(f"{kind}: {statistics.median(seconds):.2f} s to the first step "
              f"(median of {len(seconds)}; {min(seconds):.2f} to {max(seconds):.2f})")
    if len(losses) != 1:
        sys.exit(f"the first loss differs between runs: {sorted(losses)}")
    print(f"first loss {losses.pop():.6f}, the same in every run; load of the machine {os.getloadavg()[0]:.1f}")


if __name__ == "__main__":
    main()
