#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Pages that say which test holds what: a table with a column "held by" names tests, each of which must be there, and
no row may be without one.
usage: named.py [ROOT]
"""

import re
import sys

import tree

LITERAL = re.compile(r'"((?:/|[a-z0-9])[\w./%-]*)"')
GST_TEST = re.compile(r"GST_START_TEST \((\w+)\)")
COLUMN = "held by"


def rows(page):
    """(number of the line, first cell, last cell) of the tables with that last column"""
    inside = False
    for number, line in enumerate(page.splitlines(), 1):
        cells = [cell.strip() for cell in line.strip().strip("|").split("|")] if line.startswith("|") else []
        if not cells:
            inside = False
        elif cells[-1] == COLUMN:
            inside = True
        elif inside and not set(cells[-1]) <= set("-: "):
            yield number, cells[0], cells[-1]


def exists(name, programs):
    """A name is one literal of a program, or several that follow each other; a test of an element is a function."""
    def made_of(words, rest):
        cuts = [i for i in range(2, len(rest)) if rest[i - 1] == "/"]
        return rest in words or any(rest[:i] in words and made_of(words, rest[i:]) for i in cuts)
    return any(made_of(words, name) for words in programs)


def findings(root):
    programs = [set(LITERAL.findall(text)) | set(GST_TEST.findall(text)) for path, text in tree.files(root, ".c")
                if path.parts[0] == "tests"]
    for path, page in tree.files(root, ".md"):
        for number, what, held in rows(page):
            names = re.findall(r"`([^`]+)`", held)
            if not names:
                yield f"{path}:{number}: no test holds: {what}"
            yield from (f"{path}:{number}: there is no test {name}" for name in names if not exists(name, programs))


def main(argv):
    return tree.report("named", list(findings(tree.root_of(argv))))


if __name__ == "__main__":
    sys.exit(main(sys.argv))
