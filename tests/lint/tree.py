# SPDX-License-Identifier: LGPL-2.1-or-later
"""What the lints share: the files of the tree, C without its comments and strings, and how findings are reported."""

import os
import re
import sys
from pathlib import Path

SKIP = 77  # meson's exit code for a test that could not run


def files(root, *suffixes):
    """All files of the tree with one of these suffixes (any file without them), as (path from root, text)."""
    for folder, folders, names in os.walk(root):
        folders[:] = sorted(f for f in folders if f not in {".git", "node_modules"} and not f.startswith("build"))
        for name in sorted(names):
            path = Path(folder, name)
            if name not in {".git", ".env"} and (not suffixes or name.endswith(suffixes)):
                try:
                    yield path.relative_to(root), path.read_text(encoding="utf-8")
                except UnicodeDecodeError:
                    continue  # binary test data


_NOT_CODE = re.compile(r'/\*.*?\*/|//[^\n]*|"(?:\\.|[^"\\\n])*"|\'(?:\\.|[^\'\\\n])*\'', re.DOTALL)


def code_only(text):
    """C or JavaScript with comments emptied and literals shortened to "", every line still at its number."""
    def blank(match):
        return ('""' if match[0][0] in "\"'" else " ") + "\n" * match[0].count("\n")
    return _NOT_CODE.sub(blank, text)


def report(name, findings, notes=()):
    """Prints what was found; the exit code of the lint."""
    for note in notes:
        print(f"{name}: {note}")
    for finding in findings:
        print(finding, file=sys.stderr)
    print(f"{name}: {len(findings)} finding(s)" if findings else f"{name}: clean")
    return 1 if findings else 0


def root_of(argv):
    return Path(argv[1]).resolve() if len(argv) > 1 else Path(__file__).resolve().parents[2]
