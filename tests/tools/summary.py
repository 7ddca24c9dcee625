#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Counts the results of `meson test` and prints them as one line: N passed, N failed, N skipped.

A test that speaks TAP counts once per case, any other one once. testlog.json knows every test's result but no cases;
testlog.junit.xml knows the cases, but takes a test that timed out for a good one: so both are read.
usage: summary.py FOLDER-OF-MESON-LOGS
"""

import json
import re
import sys
import xml.etree.ElementTree as ElementTree
from pathlib import Path

GOOD = {"OK", "EXPECTEDFAIL"}
NOT_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")  # meson writes a test's output as it came


def cases_of(suite):
    """(passed, failed, skipped) of one <testsuite>."""
    kinds = [{child.tag for child in case} for case in suite.iter("testcase")]
    failed = sum(1 for tags in kinds if tags & {"failure", "error"})
    skipped = sum(1 for tags in kinds if "skipped" in tags)
    return len(kinds) - failed - skipped, failed, skipped


def count(records, suites):
    passed = failed = skipped = 0
    for record in records:
        cases = suites.get(record["name"])
        if cases:
            passed, failed, skipped = passed + cases[0], failed + cases[1], skipped + cases[2]
            # Every case was well, and yet the program crashed, hung, or exited with an error.
            if record["result"] not in GOOD | {"SKIP"} and not cases[1]:
                failed += 1
        elif record["result"] in GOOD:
            passed += 1
        elif record["result"] == "SKIP":
            skipped += 1
        else:
            failed += 1
    return passed, failed, skipped


def read(logs):
    try:
        records = [json.loads(line) for line in (logs / "testlog.json").read_text().splitlines()]
        text = (logs / "testlog.junit.xml").read_text(encoding="utf-8", errors="replace")
        junit = ElementTree.fromstring(NOT_XML.sub("?", text))
    except (OSError, ValueError, ElementTree.ParseError) as error:
        print(f"summary: meson left no results: {error}", file=sys.stderr)
        return 0, 1, 0
    # The suite of a TAP test is called PROJECT.TEST, all others share the one called PROJECT.
    suites = {suite.get("name").split(".", 1)[1]: cases_of(suite) for suite in junit if "." in suite.get("name")}
    return count(records, suites)


def main():
    passed, failed, skipped = read(Path(sys.argv[1]))
    print(f"{passed} passed, {failed} failed, {skipped} skipped")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
