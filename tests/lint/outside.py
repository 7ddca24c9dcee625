#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""The lints that others wrote: clang-format over the C files, shellcheck over the shell scripts.
usage: outside.py clang-format|shellcheck [ROOT]
"""

import shutil
import subprocess
import sys

import tree


def c_files(root):
    return [path for path, _ in tree.files(root, ".c", ".h")]


def shell_scripts(root):
    shebangs = ("#!/bin/sh", "#!/usr/bin/env bash", "#!/bin/bash")
    return [path for path, text in tree.files(root) if text.startswith(shebangs)]


TOOLS = {
    "clang-format": (["clang-format", "--dry-run", "--Werror"], c_files),
    "shellcheck": (["shellcheck"], shell_scripts),
}


def main(name, root):
    command, select = TOOLS[name]
    if not shutil.which(command[0]):
        print(f"{name} is not installed: nothing checked")
        return tree.SKIP
    paths = select(root)
    print(f"{name}: {len(paths)} file(s)")
    return subprocess.run(command + [str(p) for p in paths], cwd=root, check=False).returncode if paths else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], tree.root_of(sys.argv[1:])))
