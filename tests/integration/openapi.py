#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""/openapi.json and /asyncapi.json against the server that serves them.

paths: what --help lists and what the documents describe is the same; examples: each fits its schema; walk: every status
of every operation is had from a running server, and its body fits the schema that the document has for it. A status that
no test can bring about stands in NOT_HERE, with the reason. messages: what a recording's clients are sent fits its
schema. files: the documentation is sent as the client takes it.
usage: openapi.py paths|examples|walk|messages|files SERVER SOURCE-FOLDER
"""

import functools
import gzip
import io
import json
import re
import subprocess
import sys
import wave
from pathlib import Path

try:
    import jsonschema
except ImportError:
    print("skipped: there is no python3-jsonschema here")
    sys.exit(77)

from api_lab import CALL, SECRET, TOKEN, Server, read_json, read_message, send_frame, send_text

METHODS = ("get", "put", "post", "delete", "patch")
NO_FILES = "the server was built without the pages"

# By the name of a response that several operations share, or by operation and status.
NOT_HERE = {
    "Late": "takes a thread of the server that hangs for 20 seconds",
    "Ended": "takes a call that ends between two steps of one request",
    "NoRandom": "takes a kernel without random bytes",
    "Failed": "takes a mistake of the server's",
    ("play", "500"): "takes a GStreamer without wavparse",
}


# ---- documents ----

def follow(document, node):
    while "$ref" in node:
        node = functools.reduce(lambda at, name: at[name], node["$ref"].removeprefix("#/").split("/"), document)
    return node


def faults(document, schema, value):
    """What is wrong with a value; references of the schema are into the document."""
    whole = {**schema, "components": document["components"]}
    return [f"{'/'.join(map(str, error.absolute_path))}: {error.message}"
            for error in jsonschema.Draft202012Validator(whole).iter_errors(value)]


def operations(document):
    for path, item in document["paths"].items():
        for method in METHODS:
            if method in item:
                yield path, method, item[method]


# ---- paths ----

def listed(program):
    """(method or WebSocket, path) of --help"""
    text = subprocess.run([program, "--help"], capture_output=True, text=True, check=True, timeout=60).stdout
    return set(re.findall(r"^  ([A-Z]\w+) +(/\S*)$", text, re.MULTILINE))


def paths(lab):
    told = {(method.upper(), path) for path, method, _ in operations(lab.openapi)}
    told |= {("WebSocket", channel["address"].split("?")[0]) for channel in lab.asyncapi["channels"].values()}
    real = listed(lab.program)
    yield from (f"{method} {path}: in no document" for method, path in sorted(real - told))
    yield from (f"{method} {path}: in a document, and not in --help" for method, path in sorted(told - real))
    names = [operation["operationId"] for _, _, operation in operations(lab.openapi)]
    yield from (f"{name}: two operations have this name" for name in {name for name in names if names.count(name) > 1})
    version = subprocess.run([lab.program, "--version"], capture_output=True, text=True, check=True, timeout=60).stdout
    for document in (lab.openapi, lab.asyncapi):
        if document["info"]["version"] not in version.split():
            yield f"version {document['info']['version']}, of {version}"


# ---- examples ----

def media_of(document):
    """(where, media type object) of all bodies"""
    for path, method, operation in operations(document):
        bodies = {"request": operation.get("requestBody", {}), **operation["responses"]}
        for name, body in bodies.items():
            for kind, media in follow(document, body).get("content", {}).items():
                yield f"{method} {path} {name} {kind}", media


def examples(lab):
    checked = 0
    for where, media in media_of(lab.openapi):
        values = [media["example"]] if "example" in media else []
        values += [example["value"] for example in media.get("examples", {}).values()]
        if not values and "json" in where and media["schema"] != {"type": "object"} and "required" not in media["schema"]:
            yield f"{where}: no example"
        for value in values:
            checked += 1
            yield from (f"{where}: {fault}" for fault in faults(lab.openapi, media["schema"], value))
    for name, message in lab.asyncapi["components"]["messages"].items():
        if not message.get("examples") and message["contentType"] != "application/octet-stream":
            yield f"{name}: no example"
        for example in message.get("examples", []):
            checked += 1
            yield from (f"{name}: {fault}" for fault in faults(lab.asyncapi, message["payload"], example["payload"]))
    if checked < 50:
        yield f"only {checked} examples"
    yield from strangers(lab)


def strangers(lab):
    """Examples of messages that the pages of the protocols, which the unit tests read, do not have."""
    known = []
    for name in ("twilio.md", "call-adapters.md", "recording.md"):
        page = (lab.source / "docs" / "protocols" / name).read_text("utf-8")
        known += map(json.loads, re.findall(r"^```json\n(.*?)^```", page, re.MULTILINE | re.DOTALL))
        words = [text.strip() for text in re.findall(r"^```text\n(.*?)^```", page, re.MULTILINE | re.DOTALL)]
        known += words + [{"event": word} for word in words]  # Asterisk says the same as JSON
    for name, message in lab.asyncapi["components"]["messages"].items():
        yield from (f"{name}: no page has its example" for example in message.get("examples", [])
                    if example["payload"] not in known)


# ---- the walk: how a status is brought about ----

class Lab:
    """Servers with different settings, each started when it is first needed."""

    def __init__(self, program, source):
        self.program, self.source, self.servers = Path(program).resolve(), Path(source), {}
        self.openapi = self.plain.ask("GET", "/openapi.json").json()
        self.asyncapi = self.plain.ask("GET", "/asyncapi.json").json()
        self.has_files = self.plain.ask("GET", "/docs/swagger.js").status == 200

    def server(self, name, *options, **environment):
        if name not in self.servers:
            self.servers[name] = Server(self.program, *options, **environment)
        return self.servers[name]

    plain = property(lambda self: self.server("plain"))
    closed = property(lambda self: self.server("closed", AUDIO_API_TOKEN=TOKEN))
    signed = property(lambda self: self.server("signed", TWILIO_AUTH_TOKEN=SECRET))
    narrow = property(lambda self: self.server("narrow", "--max-connections", "1"))
    apart = property(lambda self: self.server("apart", "--metrics-port", "0"))

    @functools.cached_property
    def recording(self):
        """One that is complete, on the plain server."""
        return self.plain.record()

    @functools.cached_property
    def spoiled(self):
        """A server whose index of recordings is damaged while it runs, and a recording of its."""
        server = self.server("spoiled")
        name = server.record()
        for file in Path(server.folder.name, "audio_sessions").glob("index.sqlite*"):
            file.write_bytes(b"no database" * 1000)
        return server, name

    def close(self):
        for server in self.servers.values():
            server.close()


def filled(path):
    return path.replace("{callSid}", CALL).replace("{file}", "swagger-ui.css")


def from_spoiled(lab, method, path):
    server, name = lab.spoiled
    return server.ask(method, path.replace("{id}", name))


def wav(seconds):
    file = io.BytesIO()
    with wave.open(file, "wb") as writer:
        writer.setparams((1, 2, 8000, 0, "NONE", ""))
        writer.writeframes(bytes(int(16000 * seconds)))
    return file.getvalue()


def unchanged(lab, method, path):
    first = lab.plain.ask(method, filled(path))
    return lab.plain.ask(method, filled(path), [("If-None-Match", f'"other", W/{first.headers["ETag"]}')])


def too_large(lab, method, path):
    # A body that is announced only: the refusal does not wait for it.
    headers = [("Content-Length", str(64 * 1024 * 1024)), ("Expect", "100-continue")]
    return lab.plain.ask(method, filled(path), headers)


# Of every operation that has such a status, unless it is in the next table.
COMMON = {
    "200": lambda lab, method, path: lab.plain.ask(method, filled(path)),
    "304": unchanged,
    "400": lambda lab, method, path: lab.plain.ask(method, filled(path), hosts=2),
    "401": lambda lab, method, path: lab.closed.ask(method, filled(path), [("Authorization", "Bearer of-something-else")]),
    "403": lambda lab, method, path: lab.signed.ask(method, filled(path), [("X-Twilio-Signature", "c2lnbmF0dXJl")]),
    "404": lambda lab, method, path: lab.plain.ask(method, re.sub(r"{\w+}", "none", path)),
    "413": too_large,
    "503": from_spoiled,
}


def command(lab, name, body=b"", headers=(), call=CALL):
    lab.plain.ask("GET", f"/api/calls/{call}").status == 200 or lab.plain.call(call)
    return lab.plain.ask("POST", f"/api/calls/{call}/{name}", headers, body)


def show(lab, method, path):
    lab.plain.ask("GET", filled(path)).status == 200 or lab.plain.call(CALL)
    return lab.plain.ask(method, filled(path) + f"?stream_sid=MZ{CALL}")


def last_of(count, ask):
    """The answer to the last of so many requests; the others must go well."""
    answers = [ask() for _ in range(count)]
    assert all(answer.status == 202 for answer in answers[:-1]), [answer.status for answer in answers]
    return answers[-1]


def full(lab, method, path):
    lab.narrow.connect("/ws/audio")
    return lab.narrow.until(path, lambda answer: answer.status != 200)


def recorded(lab, method, path, headers=(), query=""):
    return lab.plain.ask(method, path.replace("{id}", lab.recording) + query, headers)


def recorded_anew(lab, method, path):
    return lab.plain.ask(method, path.replace("{id}", lab.plain.record(complete=False)))


def audio_again(lab, method, path):
    tag = recorded(lab, method, path).headers["ETag"]
    return recorded(lab, method, path, [("If-None-Match", tag)])


CASES = {
    ("getReady", "503"): full,
    ("getMetrics", "404"): lambda lab, method, path: lab.apart.ask(method, path),
    ("showCall", "200"): show,
    ("hangUp", "202"): lambda lab, *_: command(lab, "hangup", b'{"when":"heard"}', call="CA-that-ends"),
    ("clear", "202"): lambda lab, *_: command(lab, "clear"),
    ("mark", "202"): lambda lab, *_: command(lab, "mark", b'{"name":"greeting"}'),
    ("mark", "409"): lambda lab, *_: last_of(65, lambda: command(lab, "mark", b'{"name":"many"}', call="CA-marks")),
    ("play", "202"): lambda lab, *_: command(lab, "play", wav(0.1), [("Content-Type", "audio/wav")], "CA-plays"),
    ("play", "409"): lambda lab, *_: last_of(5, lambda: command(lab, "play", wav(20), call="CA-files")),
    ("play", "415"): lambda lab, *_: command(lab, "play", b"text", [("Content-Type", "text/plain")]),
    ("play", "422"): lambda lab, *_: command(lab, "play", b"text that is no WAV file" * 100),
    ("takeStatus", "204"): lambda lab, method, path: lab.plain.ask(method, path, body=b"StreamEvent=stream-started"),
    ("listSessions", "200"): lambda lab, method, path: lab.recording and recorded(lab, method, path, query="?limit=5"),
    ("listSessions", "422"): lambda lab, method, path: recorded(lab, method, path, query="?limit=0"),
    ("showSession", "200"): recorded,
    ("closeSession", "200"): recorded_anew,
    ("deleteSession", "200"): recorded_anew,
    ("getAudio", "200"): recorded,
    ("getAudio", "206"): lambda lab, method, path: recorded(lab, method, path, [("Range", "bytes=80-")]),
    ("getAudio", "304"): audio_again,
    ("getAudio", "416"): lambda lab, method, path: recorded(lab, method, path, [("Range", "bytes=16080-")]),
    ("getPeaks", "200"): lambda lab, method, path: recorded(lab, method, path, query="?n=10"),
    ("getPeaks", "422"): lambda lab, method, path: recorded(lab, method, path, query="?n=0"),
    ("getDocsFile", "406"): lambda lab, method, path: lab.plain.ask(method, filled(path), [("Accept-Encoding", "br, gzip;q=0")]),
}


def excuse(lab, operation, status, response):
    """Why a status is left out, or None."""
    shared = response.get("$ref", "").rpartition("/")[2]
    if operation["operationId"] == "getDocsFile" and status in ("200", "304", "406") and not lab.has_files:
        return NO_FILES
    return NOT_HERE.get((operation["operationId"], status)) or NOT_HERE.get(shared)


def misfits(document, response, answer):
    """What an answer has that its description has not."""
    kind = answer.headers.get("Content-Type")
    content = response.get("content", {})
    yield from (f"no header {name}" for name in response.get("headers", {}) if name not in answer.headers)
    if (kind is None and content) or (kind is not None and kind not in content):
        yield f"Content-Type {kind}"
    elif kind is None and answer.body:
        yield f"a body: {answer.body[:80]}"
    elif kind == "application/json":
        yield from faults(document, content[kind]["schema"], answer.json())


def walk(lab):
    provoked, used = 0, set()
    for path, method, operation in operations(lab.openapi):
        for status, response in operation["responses"].items():
            where, name = f"{method} {path} {status}", (operation["operationId"], status)
            if reason := excuse(lab, operation, status, response):
                print(f"{where}: not here, because it {reason}")
                continue
            case = CASES.get(name) or COMMON.get(status)
            used.add(name)
            if case is None:
                yield f"{where}: nothing here brings it about"
                continue
            answer = case(lab, method.upper(), path)
            provoked += 1
            if answer.status != int(status):
                yield f"{where}: {answer.status} {answer.body[:200]}"
            else:
                yield from (f"{where}: {fault}" for fault in misfits(lab.openapi, follow(lab.openapi, response), answer))
    yield from (f"{name}: not in the document" for name in sorted(set(CASES) - used) if lab.has_files)
    print(f"walk: {provoked} answers")


# ---- messages ----

def conversation(lab):
    """(name of the message, what the server sent) of a recording, and of attempts at one"""
    client = lab.plain.connect("/api/ws/audio?sample_rate=8000&channels=2")
    greeting = read_json(client)
    yield "recordingGreeting", greeting
    send_frame(client, 2, bytes(1000))
    yield "recordingAck", read_json(client)
    send_frame(client, 2, b"")
    yield "recordingFailure", read_json(client)
    send_text(client, '{"type":"control","action":"status"}')
    yield "recordingStatus", read_json(client)
    send_text(client, '{"type":"control","action":"pause"}')
    yield "recordingBadControl", read_json(client)
    second = lab.plain.connect(f"/api/ws/audio/{greeting['session_id']}")
    send_text(second, '{"type":"control","action":"close_session"}')
    for each in (client, second):
        yield "recordingCompleted", read_json(each)
        yield "close 1000", read_message(each)
    for path, name in (("?sample_rate=1", "recordingInvalid"), (f"/{greeting['session_id']}", "recordingRefused")):
        refused = lab.plain.connect("/api/ws/audio" + path)
        yield name, read_json(refused)
        yield "close 1008", read_message(refused)


def messages(lab):
    for name, value in conversation(lab):
        if name.startswith("close "):
            opcode, payload = value
            if opcode != 8 or int.from_bytes(payload[:2], "big") != int(name.split()[1]):
                yield f"{name}: {opcode} {payload}"
            continue
        schema = lab.asyncapi["components"]["messages"][name]["payload"]
        yield from (f"{name}: {fault} of {value}" for fault in faults(lab.asyncapi, schema, value))
        yield from (f"{name}: {member} is in no document" for member in set(value) - set(schema["properties"]))


# ---- files ----

def form(lab, path, *encodings):
    return lab.plain.ask("GET", path, [("Accept-Encoding", encoding) for encoding in encodings])


def files(lab):
    for path in ("/openapi.json", "/asyncapi.json", "/docs", "/redoc", "/redoc/websockets"):
        plain, packed = form(lab, path), form(lab, path, "br, gzip;q=0.5")
        head = lab.plain.ask("HEAD", path)
        if "Content-Encoding" in plain.headers or packed.headers["Content-Encoding"] != "gzip":
            yield f"{path}: {plain.headers} {packed.headers}"
        if gzip.decompress(packed.body) != plain.body or b"@VERSION@" in plain.body:
            yield f"{path}: the two forms differ"
        if form(lab, path, "*").body != packed.body or form(lab, path, "identity").body != plain.body:
            yield f"{path}: not the form that was asked for"
        if plain.headers["ETag"] == packed.headers["ETag"] or plain.headers["Vary"] != "Accept-Encoding":
            yield f"{path}: a cache would take one form for the other"
        if head.body or [head.headers[name] for name in ("ETag", "Content-Length")] != [
                plain.headers["ETag"], str(len(plain.body))]:
            yield f"{path}: HEAD says {head.headers}"
        if plain.headers["X-Content-Type-Options"] != "nosniff" or plain.headers["Cache-Control"] != "no-cache":
            yield f"{path}: {plain.headers}"
        if ("Content-Security-Policy" in plain.headers) != plain.headers["Content-Type"].startswith("text/html"):
            yield f"{path}: {plain.headers}"
        if lab.closed.ask("GET", path).status != 200:
            yield f"{path}: is not for everybody"
    if lab.has_files and form(lab, "/docs/swagger-ui-bundle.js").headers["Content-Encoding"] != "gzip":
        yield "who does not say what it takes gets no bundle"
    if not lab.has_files and b"npm ci" not in lab.plain.ask("GET", "/docs").body:
        yield "the page does not say what it lacks"


def main(test, program, source):
    lab = Lab(program, source)
    tests = {"paths": paths, "examples": examples, "walk": walk, "messages": messages, "files": files}
    try:
        found = list(tests[test](lab))
    finally:
        lab.close()
    for finding in found:
        print(finding, file=sys.stderr)
    print(f"{test}: {len(found)} finding(s)" if found else f"{test}: in order")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
