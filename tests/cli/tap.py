# SPDX-License-Identifier: GPL-3.0-or-later
"""A few lines of TAP for test scripts: @case functions run in order, SkipTest skips, an assertion fails the case."""
import sys
import traceback
import unittest

CASES = []


def case(function):
    CASES.append(function)
    return function


def run():
    failed = 0
    print(f"1..{len(CASES)}", flush=True)
    for number, function in enumerate(CASES, 1):
        name = function.__name__.replace("_", " ")
        try:
            function()
        except unittest.SkipTest as reason:
            print(f"ok {number} {name} # SKIP {reason}", flush=True)
        except Exception:
            failed += 1
            for line in traceback.format_exc().splitlines():
                print("#", line)
            print(f"not ok {number} {name}", flush=True)
        else:
            print(f"ok {number} {name}", flush=True)
    sys.exit(1 if failed else 0)
