#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""Source files stay readable: at most 800 lines a file, functions of C at most 90 lines, an SPDX line at the head."""
import pathlib
import re
import sys

ROOT = pathlib.Path(sys.argv[1] if len(sys.argv) > 1 else ".").resolve()
FOLDERS = ["app", "engine", "kernels", "ui", "tests", "bench", "resources", ".ci"]
SUFFIXES = {".c", ".h", ".cl", ".clh", ".py", ".sh", ".build", ".css"}
MAX_FILE, MAX_FUNCTION = 800, 90


def long_functions(text):
    """(name, lines) of functions in GNU style that are too long: a body from "{" to "}" in the first column, without #lines."""
    start, name, last, n_lines = None, "", "", 0
    for number, line in enumerate(text.splitlines(), 1):
        n_lines += not line.lstrip().startswith("#")
        if line == "{":
            start, n_lines = number, 0
            match = re.match(r"(\w+) \(", last)
            name = match.group(1) if match else last
        elif line.startswith("}") and start:
            # Tables and structs end in "};" or "} Name;".
            if line == "}" and n_lines - 1 > MAX_FUNCTION:
                yield name, n_lines - 1
            start = None
        elif re.match(r"\w", line):
            last = line


def main():
    wrong = []
    n_files = 0
    for folder in FOLDERS:
        for path in sorted((ROOT / folder).rglob("*")):
            if path.suffix not in SUFFIXES or not path.is_file():
                continue
            n_files += 1
            name = path.relative_to(ROOT).as_posix()
            text = path.read_text(encoding="utf-8")
            lines = text.count("\n")
            if lines > MAX_FILE:
                wrong.append(f"{name}: {lines} lines, at most {MAX_FILE}")
            if "SPDX-License-Identifier: GPL-3.0-or-later" not in text[:300]:
                wrong.append(f"{name}: no SPDX line")
            if path.suffix in (".c", ".cl"):
                wrong += [f"{name}: {function} has {n} lines, at most {MAX_FUNCTION}" for function, n in long_functions(text)]
    print("\n".join(wrong))
    print(f"{n_files} files, {len(wrong)} complaints")
    return 1 if wrong or not n_files else 0


if __name__ == "__main__":
    sys.exit(main())
