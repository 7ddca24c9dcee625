#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Makes the C file of the documentation that the server serves: the documents and pages of this folder, and, where npm
has installed them, Swagger UI and ReDoc. Without those the two pages say so.
usage: embed.py OUTPUT DEPFILE VERSION
"""

import gzip
import hashlib
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
PACKAGES = HERE / "node_modules"
SWAGGER, REDOC = PACKAGES / "swagger-ui-dist", PACKAGES / "redoc"

# path -> the files that make it
OWN = {"/openapi.json": [HERE / "openapi.json"], "/asyncapi.json": [HERE / "asyncapi.json"]}
PAGES = {"/docs": [HERE / "swagger.html"], "/redoc": [HERE / "redoc.html"], "/redoc/websockets": [HERE / "websockets.html"]}
OTHERS = {
    "/docs/swagger-ui.css": [SWAGGER / "swagger-ui.css"],
    "/docs/swagger-ui-bundle.js": [SWAGGER / "swagger-ui-bundle.js"],
    "/docs/swagger.js": [HERE / "swagger.js"],
    "/docs/redoc.js": [HERE / "redoc.js"],
    "/docs/redoc.standalone.js": [REDOC / "bundles" / "redoc.standalone.js"],
    "/docs/licences.txt": [SWAGGER / "NOTICE", SWAGGER / "LICENSE", SWAGGER / "swagger-ui-bundle.js.LICENSE.txt",
                           REDOC / "LICENSE"],
}
TYPES = {".json": "application/json", ".html": "text/html; charset=utf-8", ".css": "text/css; charset=utf-8",
         ".js": "text/javascript; charset=utf-8", ".txt": "text/plain; charset=utf-8"}

# ReDoc would fetch its makers' sign from their server.
SIGN = (b"data:image/svg+xml,%3Csvg xmlns='http://www.w3.org/2000/svg' width='52' height='14'%3E"
        b"%3Ctext y='11' font-size='12' font-family='sans-serif'%3ERedocly%3C/text%3E%3C/svg%3E")
REPLACED = {REDOC / "bundles" / "redoc.standalone.js": {
    b"https://cdn.redoc.ly/redoc/logo-mini-full.svg": SIGN,
    b"https://cdn.redoc.ly/redoc/logo-mini.svg": SIGN,
}}


def content(file, version):
    text = file.read_bytes()
    if file.parent == HERE:
        return text.replace(b"@VERSION@", version.encode())
    for old, new in REPLACED.get(file, {}).items():
        if old not in text:
            raise ValueError(f"{file}: {old} is gone: look anew what it asks of others")
        text = text.replace(old, new)
    return text


def literal(data):
    """@data as a string of C: a byte that could be read in two ways is escaped, with three digits."""
    def escaped(byte):
        plain = 32 <= byte < 127 and byte not in b'"\\?'
        return chr(byte) if plain else f"\\{byte:03o}"
    lines = ("".join(map(escaped, data[start:start + 100])) for start in range(0, len(data), 100))
    return "\n".join(f'  "{line}"' for line in lines) or '""'


def row(number, path, files, version):
    """The data of one path, and its row in the table. What is not of this folder is kept compressed only."""
    own = files[0].parent == HERE
    text = b"\n".join(content(file, version) for file in files)
    packed = gzip.compress(text, 9, mtime=0)
    tag = hashlib.sha256(text).hexdigest()[:32]
    kind = TYPES[Path(path).suffix or ".html"]
    data = f"static const char packed_{number}[] =\n{literal(packed)};\n"
    plain = "NULL, 0"
    if own:
        data += f"static const char plain_{number}[] =\n{literal(text)};\n"
        plain = f"plain_{number}, sizeof plain_{number} - 1"
    return data, f'  {{ "{path}", "{kind}", "{tag}", {plain}, packed_{number}, sizeof packed_{number} - 1 }},\n'


def main(output, depfile, version):
    complete = all(file.exists() for files in OTHERS.values() for file in files)
    pages = PAGES if complete else dict.fromkeys(PAGES, [HERE / "absent.html"])
    rows = [row(number, path, files, version)
            for number, (path, files) in enumerate({**OWN, **pages, **(OTHERS if complete else {})}.items())]
    text = ('#include "endpoints/docs/ap-docs-file.h"\n\n' + "".join(data for data, _ in rows) +
            "const ApDocsFile ap_docs_files[] = {\n" + "".join(line for _, line in rows) + "  { 0 },\n};\n")
    # As long as files are missing this runs with each build, which has nothing to do if it changes nothing.
    if not Path(output).exists() or Path(output).read_text("ascii") != text:
        Path(output).write_text(text, "ascii")
    # Those that are missing, too: once they are there, this is made anew. npm gives files the times of their packages, and
    # writes its own list at each installation.
    used = [file for table in (OWN, PAGES, OTHERS) for files in table.values() for file in files]
    names = " ".join(str(file).replace(" ", "\\ ") for file in [*used, HERE / "absent.html", PACKAGES / ".package-lock.json"])
    Path(depfile).write_text(f"{output}: {names}\n", encoding="utf-8")


if __name__ == "__main__":
    main(*sys.argv[1:])
