#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Finds calls that this project does not make, and text that belongs to one machine only.
usage: banned.py [ROOT]
"""

import re
import sys

import tree


def call(*names):
    return r"\b(?:" + "|".join(names) + r")\s*\("


# pattern, the folders or files where it is banned, the ones where it is not, and why
CALLS = [
    (call("sprintf", "vsprintf", "strcpy", "strcat", "gets", "stpcpy"), "", None,
     "writes without a bound: g_snprintf, g_strlcpy, GString"),
    (call("strncpy", "strncat"), "", None, "may leave the end out: g_strlcpy"),
    (call("system", "popen", "g_spawn_command_line_a?sync"), "", None, "goes through a shell: g_subprocess_new"),
    (call("sleep", "usleep", "nanosleep", "g_usleep"), "", None, "wait for a condition, not for time"),
    (call("atoi", "atol", "atoll", "atof"), "", None, "hides errors: g_ascii_string_to_unsigned, g_ascii_strtod"),
    (call("strtok", "localtime", "gmtime", "ctime", "strerror"), "server/ gst/", None,
     "not safe with threads: g_strsplit, GDateTime, g_strerror"),
    (call("alloca", "g_alloca", "g_newa", "g_newa0"), "", None, "no bound on the stack: g_new"),
    (r"\bgoto\b", "", None, "g_autoptr and an early return"),
    (call("printf", "puts", "putchar", "g_print", "g_printerr"), "server/ gst/", "server/main.c server/app/",
     "only main and app speak to the terminal; others log, or return a GError"),
    (call("exit", "_exit", "abort"), "server/ gst/", "server/main.c server/endpoints/recording/decoder/ap-decoder-mother.c",
     "only main ends the process"),
    (call("setenv", "unsetenv", "putenv", "g_setenv", "g_unsetenv"), "server/ gst/", "server/main.c server/app/",
     "not safe once there are threads"),
]

# Paths and hosts that mean something on one machine or in one network only.
LOCAL = re.compile(r"(?<![\w.<>$}/-])/(?:home|Users|work|farm)/\w|\bartifact-?registry\b|[.]pkg[.]dev\b")


def under(path, places):
    return any(str(path).startswith(place) for place in places.split()) if places else True


def findings(root):
    for path, text in tree.files(root, ".c", ".h"):
        lines = tree.code_only(text).split("\n")
        for pattern, banned, allowed, reason in CALLS:
            if not under(path, banned) or (allowed and under(path, allowed)):
                continue
            for number, line in enumerate(lines, 1):
                if match := re.search(pattern, line):
                    yield f"{path}:{number}: {match[0].rstrip(' (')}: {reason}"
    for path, text in tree.files(root):
        for number, line in enumerate(text.split("\n"), 1):
            if match := LOCAL.search(line):
                yield f"{path}:{number}: {match[0]}: names a place outside the project"


if __name__ == "__main__":
    sys.exit(tree.report("banned", list(findings(tree.root_of(sys.argv)))))
