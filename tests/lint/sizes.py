#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Keeps functions and files short enough to be read at one sitting: a function at most 60 lines and 4 levels of
blocks, a .c at most 600 lines, a .h at most 80. Tells the median and the 90th percentile, which aim for 12 and 35.

It trusts the format that clang-format gives: a body starts with a line `{` and ends with a line `}`.
usage: sizes.py [ROOT]
"""

import re
import sys

import tree

FUNCTION_LINES = 60
NESTING = 4
FILE_LINES = {".c": 600, ".h": 80}
NAME = re.compile(r"(\w+)\s*\(")


def functions(text):
    """(name, first line, lines, deepest nesting) of every function body."""
    lines = tree.code_only(text).split("\n")
    start = None
    for number, line in enumerate(lines):
        if line.rstrip() == "{":
            start = number
        elif line.rstrip() == "}" and start is not None:
            yield name_above(lines, start), start + 1, number - start + 1, deepest(lines[start + 1:number])
            start = None


def name_above(lines, start):
    for line in reversed(lines[:start]):
        if (match := NAME.match(line)):
            return match[1]
    return "?"


def deepest(body):
    depth = most = 0
    for char in "".join(body):
        depth += (char == "{") - (char == "}")
        most = max(most, depth)
    return most


def percentile(values, share):
    return sorted(values)[min(len(values) - 1, int(len(values) * share))] if values else 0


def check(root):
    found, sizes = [], []
    for path, text in tree.files(root, ".c", ".h"):
        lines = text.count("\n")
        if lines > FILE_LINES[path.suffix]:
            found.append(f"{path}: {lines} lines, over {FILE_LINES[path.suffix]}")
        for name, line, length, nesting in functions(text):
            sizes.append(length)
            if length > FUNCTION_LINES:
                found.append(f"{path}:{line}: {name}() has {length} lines, over {FUNCTION_LINES}")
            if nesting > NESTING:
                found.append(f"{path}:{line}: {name}() nests {nesting} blocks, over {NESTING}")
    note = f"{len(sizes)} functions, median {percentile(sizes, 0.5)} lines, 90th percentile {percentile(sizes, 0.9)}"
    return found, [note]


if __name__ == "__main__":
    sys.exit(tree.report("sizes", *check(tree.root_of(sys.argv))))
