#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Three texts tell of the same options: --help, which the server makes from its own table, the man page, and `./dev help`
of the commands. What one knows the others must know: options, their environment variables, defaults and choices.
usage: manual.py SERVER MAN-PAGE DEV
"""

import re
import subprocess
import sys
from pathlib import Path

import tree

OPTION = re.compile(r"(?<![\w-])--[a-z][a-z-]*")
VARIABLE = re.compile(r"\b[A-Z]+(?:_[A-Z]+)+\b")


def output_of(*command):
    return subprocess.run(command, capture_output=True, text=True, check=True, timeout=30).stdout


def plain(page):
    """The text of a man page: without macros, fonts and escapes, its words in order."""
    page = re.sub(r'^\.\\".*$', "", page, flags=re.MULTILINE)
    page = re.sub(r"\\f[A-Z]", "", page)
    page = page.replace(r"\-", "-").replace(r"\(dq", '"').replace(r"\(lq", '"').replace(r"\(rq", '"')
    page = re.sub(r"^\.(?:BR|IR|RB|RI|BI|B|I|PP|br)\b ?", "", page, flags=re.MULTILINE)
    return " ".join(page.split())


def help_entries(help_text):
    """option -> the lines of --help that tell of it"""
    blocks = re.split(r"\n(?=  --)", help_text)[1:]
    return {OPTION.search(block)[0]: block.split("\n\n")[0] for block in blocks}


def page_entries(page):
    """option -> the words of the man page's entry: what follows .TP, up to the next one or the next heading"""
    blocks = (plain(block) for block in re.split(r"^\.(?:TP|S[HS])\b", page, flags=re.MULTILINE))
    return {match[0]: block for block in blocks if (match := OPTION.match(block))}


def facts(block):
    """What a reader of the man page must find: the variable, the default, each choice."""
    yield from VARIABLE.findall(block)
    if match := re.search(r"default (.+); [A-Z]+_", block):
        yield match[1]
    if match := re.search(r"one of (.+)", block):
        yield from match[1].split(", ")


def differences(help_text, page):
    told, entries = page_entries(page), help_entries(help_text)
    for option, block in entries.items():
        if option not in told:
            yield f"the man page has no entry for {option}"
            continue
        yield from (f"the man page's entry for {option} does not tell of {fact}"
                    for fact in facts(block) if not re.search(rf"(?<![\w-]){re.escape(fact)}(?![\w-])", told[option]))
    for pattern in (OPTION, VARIABLE):
        known = set(pattern.findall(help_text))
        yield from (f"the man page names {name}, which --help does not know"
                    for name in sorted(set(pattern.findall(plain(page))) - known))


def findings(server, page, dev):
    yield from differences(output_of(server, "--help"), Path(page).read_text("utf-8"))
    commands = re.findall(r"^cmd_(\w+) \(\)", Path(dev).read_text("utf-8"), flags=re.MULTILINE)
    dev_help = output_of(dev, "help")
    yield from (f"./dev help does not tell of {name}" for name in commands
                if not re.search(rf"^  {name}\b", dev_help, re.MULTILINE))


if __name__ == "__main__":
    sys.exit(tree.report("manual", list(findings(*sys.argv[1:]))))
