#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""Adds up Meson's test logs: every line of a TAP test counts, every other test counts as one.

Prints what failed and what was skipped with its reason, and last "N passed, N failed, N skipped".
"""
import json
import re
import sys


def count(test):
    """(passed, failures, skips) of one test program; failures and skips are descriptions."""
    name = test["name"]
    passed, failures, skips = 0, [], []
    for line in (test.get("stdout") or "").splitlines():
        match = re.match(r"(not )?ok \d+\s*(?:- )?(.*)", line)
        if not match:
            continue
        text = match.group(2)
        if re.search(r"#\s*SKIP", text, re.I):
            skips.append(f"{name}: {text}")
        elif match.group(1):
            failures.append(f"{name}: {text}")
        else:
            passed += 1
    result = test["result"]
    if result in ("OK", "EXPECTEDFAIL"):
        if not passed and not failures and not skips:
            passed = 1
    elif result == "SKIP":
        if not skips:
            skips.append(f"{name}: {(test.get('stdout') or '').strip()[:200]}")
    elif not failures:
        failures.append(f"{name}: {result}, exit status {test.get('returncode')}")
    return passed, failures, skips


def main():
    passed, failures, skips = 0, [], []
    for path in sys.argv[1:]:
        try:
            with open(path, encoding="utf-8") as log:
                tests = [json.loads(line) for line in log]
        except OSError as error:
            failures.append(f"{path}: no results ({error.strerror})")
            continue
        for test in tests:
            ok, bad, skipped = count(test)
            passed += ok
            failures += bad
            skips += skipped
    for text in skips:
        print("skipped:", text)
    for text in failures:
        print("FAILED:", text)
    print(f"{passed} passed, {len(failures)} failed, {len(skips)} skipped")
    return 1 if failures or not passed else 0


if __name__ == "__main__":
    sys.exit(main())
