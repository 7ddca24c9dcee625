#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""GStreamer's elements that the server's sources and the documentation's examples name: each is of a plugin that the image
takes (docker/closure.sh), from a Debian package that ./dev installs. gst-inspect-1.0 tells which plugin that is.
usage: elements.py [ROOT]
"""

import re
import shutil
import subprocess
import sys

import tree

LITERALS = re.compile(r'"(?:\\.|[^"\\\n])*"(?:\s*"(?:\\.|[^"\\\n])*")*')
COMMENT = re.compile(r"/\*.*?\*/", re.DOTALL)
EXAMPLE = re.compile(r'(?:--(?:call-)?pipeline|AUDIO_(?:CALL_)?PIPELINE)[ =]\\?"([^"\\]+)\\?"')
NAME = re.compile(r"[a-z][a-z0-9_]*")
IN_THE_LIBRARY = {"staticelements"}


def inspect(*what):
    return subprocess.run(["gst-inspect-1.0", *what], capture_output=True, text=True, check=False, timeout=300).stdout


def chain(text, known):
    """The elements of what may be a chain. Of a single one: a word that is the name of an element, and properties."""
    heads = [part.split()[0] for part in text.split("!") if part.split()]
    if len(heads) > 1 and " ! " in text:
        return [head for head in heads if NAME.fullmatch(head)]
    words = text.split()
    return words[:1] if words and words[0] in known and all("=" in word for word in words[1:]) else []


def named(root, known):
    """(file, element)"""
    for path, text in tree.files(root, ".c", ".h"):
        if path.parts[0] == "server":
            for match in LITERALS.findall(COMMENT.sub("", text)):
                yield from ((path, name) for name in chain("".join(re.findall(r'"((?:\\.|[^"\\])*)"', match)), known))
    for path, text in tree.files(root, ".md", ".yml", "Dockerfile"):
        for match in EXAMPLE.findall(text):
            yield from ((path, name) for name in chain(match, known))


def words_of(name, script):
    """Of a variable that is a list."""
    return set(re.search(rf"^{name}='([^']*)'", script.read_text("utf-8"), re.MULTILINE)[1].split())


def package_of(plugin):
    """Debian's, which is called as its source is: gst-libav is in gstreamer1.0-libav. None: the core, which all need."""
    module = re.search(r"^ *Source module +(\S+)", inspect(plugin), re.MULTILINE)[1]
    return module.replace("gst-", "gstreamer1.0-", 1) if module.startswith("gst-") else None


def findings(root):
    known = {element: plugin for plugin, element in re.findall(r"^(\w+): +([\w-]+): ", inspect(), re.MULTILINE)}
    own = {name for path, text in tree.files(root, ".c") if path.parts[0] == "gst"
           for name in re.findall(r'GST_ELEMENT_REGISTER_DEFINE \(\w+, "(\w+)"', text)}
    image = words_of("plugins", root / "docker" / "closure.sh") | IN_THE_LIBRARY
    packages = words_of("run_packages", root / "dev")
    used = {name: path for path, name in named(root, known) if name not in own}
    yield from (f"{path}: GStreamer knows no element {name} here" for name, path in used.items() if name not in known)
    yield from (f"{path}: {name} is of the plugin {known[name]}, which docker/closure.sh does not take"
                for name, path in used.items() if name in known and known[name] not in image)
    for plugin in sorted({known[name] for name in used if name in known}):
        package = package_of(plugin)
        if package not in packages | {None}:
            yield f"the plugin {plugin} is in {package}, which ./dev does not install"


def main(argv):
    if not shutil.which("gst-inspect-1.0"):
        print("gst-inspect-1.0 is not installed: nothing checked")
        return tree.SKIP
    return tree.report("elements", list(findings(tree.root_of(argv))))


if __name__ == "__main__":
    sys.exit(main(sys.argv))
