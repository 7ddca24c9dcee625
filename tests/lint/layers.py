#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Holds the arrows of the house: #include only runs down.

    server: main -> app -> endpoints/* -> session -> {media, net} -> base        gst: plugin -> elements -> kernel

media and net never include each other, nor does one endpoint's room another's; a folder within a room sees no more of it
than its *-types.h; a wire codec and a pure machine see
base and other pure files alone, and no library of sockets or streams; server/ and gst/ meet only at run time; nothing
includes tests/.
usage: layers.py [ROOT]
"""

import re
import sys
from pathlib import Path

import tree

LEVELS = {
    "server": ["base", ("media", "net"), "session", "endpoints", "app", "main"],
    "gst": ["kernel", "elements", "plugin"],
}
RANK = {(house, room): rank for house, levels in LEVELS.items() for rank, level in enumerate(levels)
        for room in ([level] if isinstance(level, str) else level)}
GENERATED = {"config.h"}
PURE = re.compile(r"(-(codec|wire|machine)|^ap-(pacer|dialects?.*|"
                  r"call-(audio|dialect|error|fields|gaps|marks|message|order|playout|reader|writer)))\.[ch]$")
PURE_SHUNS = re.compile(r"(gst|libsoup|gio)/")
INCLUDE = re.compile(r'^[ \t]*#[ \t]*include[ \t]*(["<])([^">]+)[">]', re.MULTILINE)


def place(path):
    """(house, room, room's own name) of a file, e.g. ("server", "endpoints", "endpoints/echo")."""
    parts = path.parts
    if parts[0] == "gst":
        room = "plugin" if path.stem == "plugin" else "elements" if path.stem.startswith("gst") else "kernel"
        return "gst", room, room
    if parts[0] == "server":
        room = "main" if len(parts) == 2 else parts[1]
        return "server", room, "/".join(parts[1:3]) if room == "endpoints" else room
    return parts[0], "", ""


def is_within(path):
    """In a folder of a room of the server's endpoints: server/endpoints/ROOM/FOLDER/FILE."""
    return path.parts[1] == "endpoints" and len(path.parts) > 4


def target_of(path, name, known, by_name):
    """The file of this tree that an #include means, or None."""
    for base in (path.parent, Path(), Path("server"), Path("gst"), Path("tests")):
        candidate = Path(*[part for part in (base / name).parts if part != "."])
        if candidate in known:
            return candidate
    return by_name.get(Path(name).name)


def objection(source, target):
    """Why `source` must not include `target`; None where it may."""
    from_house, from_room, from_name = place(source)
    to_house, to_room, to_name = place(target)
    if from_house not in LEVELS:
        return None
    if to_house != from_house:
        return f"{from_house}/ must not include {to_house}/"
    for house, room in ((from_house, from_room), (to_house, to_room)):
        if (house, room) not in RANK:
            return f"{house}/{room}/ is no room of the house"
    if PURE.search(source.name) and to_room != "base" and not PURE.search(target.name):
        return "a codec or a pure machine includes base/ only"
    if from_name == to_name and is_within(source) and target.parent != source.parent and not target.stem.endswith("-types"):
        return f"{source.parent.name}/ of {from_name} includes only itself, and the room's types"
    if from_name == to_name or RANK[from_house, to_room] < RANK[from_house, from_room]:
        return None
    if from_room == to_room or RANK[from_house, to_room] == RANK[from_house, from_room]:
        return f"{from_name} and {to_name} do not know each other"
    return f"the arrow from {from_name} to {to_name} points up"


def findings(root):
    texts = dict(tree.files(root, ".c", ".h"))
    by_name = {path.name: path for path in texts if path.suffix == ".h"}
    for path, text in texts.items():
        for match in INCLUDE.finditer(text):
            where = f"{path}:{text.count(chr(10), 0, match.start()) + 1}"
            target = target_of(path, match[2], texts, by_name)
            if target:
                reason = objection(path, target)
            elif match[1] == "<":
                shunned = PURE.search(path.name) and path.parts[0] == "server" and PURE_SHUNS.match(match[2])
                reason = "a codec or a pure machine knows no sockets and no streams" if shunned else None
            else:
                generated = match[2] in GENERATED or match[2].endswith(".pb-c.h")
                reason = None if generated else "there is no such file in the tree"
            if reason:
                yield f'{where}: #include "{match[2]}": {reason}'


if __name__ == "__main__":
    sys.exit(tree.report("layers", list(findings(tree.root_of(sys.argv)))))
