#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""Every file with translatable text stands in po/POTFILES.in, and nothing else does; --write brings it up to date.
Also, no translatable text holds GLib's format macros: xgettext cuts it off there. %zu and PRIu64 it knows."""
import pathlib
import re
import sys

ROOT = pathlib.Path(sys.argv[1] if len(sys.argv) > 1 else ".").resolve()
MARK = re.compile(r'\b(?:N_|_|C_|ngettext|Q_) ?\("|translatable="(?:yes|true)"')

CUT = re.compile(r'\b_ ?\(\s*(?:"(?:[^"\\\n]|\\.)*"\s*)+G_\w+_FORMAT')


def wanted():
    for folder in ("app", "engine", "resources", "ui"):
        for path in sorted((ROOT / folder).rglob("*")):
            name = path.relative_to(ROOT).as_posix()
            if name.endswith((".desktop.in", ".metainfo.xml.in")):
                yield name
            elif path.suffix in (".c", ".h", ".ui") and MARK.search(path.read_text(encoding="utf-8")):
                yield name


def main():
    listing = ROOT / "po" / "POTFILES.in"
    should = sorted(wanted())
    if "--write" in sys.argv:
        listing.write_text("".join(name + "\n" for name in should), encoding="utf-8")
        return 0
    have = [line for line in listing.read_text(encoding="utf-8").splitlines() if line and not line.startswith("#")]
    cut = []
    for name in should:
        text = (ROOT / name).read_text(encoding="utf-8")
        for match in CUT.finditer(text):
            cut.append(name)
            print(f"{name}:{text.count(chr(10), 0, match.start()) + 1}: a GLib format macro cuts the message off")
    for name in sorted(set(should) - set(have)):
        print(f"{name}: translatable, but not in po/POTFILES.in")
    for name in sorted(set(have) - set(should)):
        print(f"{name}: in po/POTFILES.in without translatable text")
    return 0 if sorted(have) == should and should and not cut else 1


if __name__ == "__main__":
    sys.exit(main())
