#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""The lints that others wrote: clang-format and clang-tidy over the C files, shellcheck over the shell scripts.
usage: outside.py clang-format|shellcheck|clang-tidy [ROOT]; clang-tidy reads ROOT/compile_commands.json or that of the
build folder in MESON_BUILD_ROOT
"""

import json
import os
import shutil
import subprocess
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import tree


def c_files(root):
    return [path for path, _ in tree.files(root, ".c", ".h")]


def shipped_sources(root):
    """Not the tests: the analyzer takes each of GLib's assertions for a way out past the cleanup of g_autoptr."""
    return [path for path, _ in tree.files(root, ".c") if path.parts[0] in {"gst", "server"}]


def shell_scripts(root):
    shebangs = ("#!/bin/sh", "#!/usr/bin/env bash", "#!/bin/bash")
    return [path for path, text in tree.files(root) if text.startswith(shebangs)]


def run(command, paths, root):
    return subprocess.run([*command, *map(str, paths)], cwd=root, check=False).returncode


def clang_tidy(command, paths, root):
    """Each file with the arguments that it is compiled with, less those that only gcc knows."""
    folder = Path(os.environ.get("MESON_BUILD_ROOT", root))
    compiled = json.loads((folder / "compile_commands.json").read_text(encoding="utf-8"))
    for entry in compiled:
        entry["command"] = entry["command"].replace(" -ftrivial-auto-var-init=zero", "")
    inside = {str(root / path) for path in paths}
    sources = sorted({source for entry in compiled
                      if (source := os.path.normpath(Path(entry["directory"], entry["file"]))) in inside})
    with tempfile.TemporaryDirectory() as cleaned, ThreadPoolExecutor(os.cpu_count()) as pool:
        Path(cleaned, "compile_commands.json").write_text(json.dumps(compiled), encoding="utf-8")
        codes = pool.map(lambda source: run([*command, "-p", cleaned], [source], root), sources)
        return max(codes, default=0)


TOOLS = {
    "clang-format": (["clang-format", "--dry-run", "--Werror"], c_files, run),
    "clang-tidy": (["clang-tidy", "--quiet"], shipped_sources, clang_tidy),
    "shellcheck": (["shellcheck"], shell_scripts, run),
}


def main(name, root):
    command, select, check = TOOLS[name]
    if not shutil.which(command[0]):
        print(f"{name} is not installed: nothing checked")
        return tree.SKIP
    paths = select(root)
    print(f"{name}: {len(paths)} file(s)", flush=True)
    return check(command, paths, root) if paths else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], tree.root_of(sys.argv[1:])))
