#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""Writes the list of refusals in docs/onnx.md and tests/cli/onnx-passed.txt from what hillock-cli says.

Usage: make-onnx-list.py HILLOCK-CLI FOLDER...   (folders of ONNX's test cases; run from the root of the sources)
"""
import collections
import pathlib
import re
import subprocess
import sys

MARK = "<!-- The rest is written by tests/tools/make-onnx-list.py. -->"


def main():
    lines = subprocess.run([sys.argv[1], "test-onnx", *sys.argv[2:]], capture_output=True, text=True).stdout.splitlines()
    passed = [line.split()[1] for line in lines[:-1] if line.startswith("passed")]
    refused = [line.split(maxsplit=2) for line in lines[:-1] if line.startswith("refused")]
    unknown, reasons = collections.defaultdict(list), collections.defaultdict(list)
    for _, name, reason in refused:
        missing = re.match(r"(\S+) “.*”: there is no layer for this operator", reason)
        if missing:
            unknown[missing[1]].append(name)
            continue
        reason = re.sub(r"^(\S+) “[^”]*”: ", r"\1: ", re.sub(r"“/[^”]*/(\S+)”: ", "", reason))
        reason = re.sub(r"(The (?:in|out)put|tensor|constant|its input) “[^”]*”", r"\1", reason)
        reasons[reason].append(name)
    text = [MARK, "", f"Of {len(lines) - 1} cases: {lines[-1]}.", "", "## Cases of operators that have a layer", "",
            "| cases | reason |", "|---|---|"]
    for reason, names in sorted(reasons.items()):
        shown = ", ".join(names[:6]) + (f" and {len(names) - 6} more" if len(names) > 6 else "")
        text.append(f"| {shown} | {reason.replace('|', chr(92) + '|')} |")
    text += ["", "## Operators without a layer", "", "Refused by name, with the number of cases that meet them first:", "",
             ", ".join(f"{name} ({len(cases)})" for name, cases in sorted(unknown.items())) + "."]
    page = pathlib.Path("docs/onnx.md")
    page.write_text(page.read_text(encoding="utf-8").split(MARK)[0] + "\n".join(text) + "\n", encoding="utf-8")
    pathlib.Path("tests/cli/onnx-passed.txt").write_text("\n".join(sorted(passed)) + "\n", encoding="utf-8")


main()
