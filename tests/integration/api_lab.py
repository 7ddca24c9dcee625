# SPDX-License-Identifier: LGPL-2.1-or-later
"""What the tests of the API's documents share: servers with the settings that they need, requests, and callers."""

import contextlib
import http.client
import json
import os
import re
import socket
import subprocess
import tempfile
import time

PATIENCE = 60  # seconds until what must happen has not
TOKEN, SECRET = "s3cret-token", "s3cret-of-twilio"
LISTENING = re.compile(r"listening on http://127\.0\.0\.1:(\d+)")
CALL = "CA0123456789abcdef0123456789abcdef"


class Answer:
    def __init__(self, answer):
        self.status, self.headers, self.body = answer.status, answer.headers, answer.read()

    def json(self):
        return json.loads(self.body)


class Server:
    """A server that runs until close()."""

    def __init__(self, program, *options, **environment):
        self.folder = tempfile.TemporaryDirectory(prefix="ap-api-")
        self.process = subprocess.Popen([program, "--host", "127.0.0.1", "--port", "0", "--no-log-frames", *options],
                                        cwd=self.folder.name, env={**os.environ, **environment}, text=True,
                                        stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
        lines = iter(self.process.stderr)
        self.port = int(next(match[1] for line in lines if (match := LISTENING.search(line))))
        self.callers = []

    def close(self):
        for caller in self.callers:
            caller.close()
        self.process.terminate()
        _, log = self.process.communicate(timeout=PATIENCE)
        self.folder.cleanup()
        if self.process.returncode != 0:
            raise RuntimeError(f"the server ended with {self.process.returncode}:\n{log}")

    def ask(self, method, path, headers=(), body=None, hosts=1):
        """@headers: pairs"""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=PATIENCE)
        with contextlib.closing(connection):
            connection.putrequest(method, path, skip_host=True, skip_accept_encoding=True)
            for name, value in [("Host", "127.0.0.1")] * hosts + list(headers):
                connection.putheader(name, value)
            if body is not None:
                connection.putheader("Content-Length", str(len(body)))
            connection.endheaders(body)
            return Answer(connection.getresponse())

    def until(self, path, condition):
        """The first answer that will do."""
        deadline = time.monotonic() + PATIENCE
        while not condition(answer := self.ask("GET", path)):
            if time.monotonic() > deadline:
                raise TimeoutError(f"{path}: {answer.status} {answer.body}")
        return answer

    def connect(self, path):
        """A WebSocket, as a socket."""
        client = socket.create_connection(("127.0.0.1", self.port), timeout=PATIENCE)
        self.callers.append(client)
        client.sendall(f"GET {path} HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
                       "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n".encode())
        head = b""
        while b"\r\n\r\n" not in head:
            piece = client.recv(1)  # no more than the head: what follows is whoever's reads next
            if not piece:
                raise ConnectionError(head)
            head += piece
        if not head.startswith(b"HTTP/1.1 101 "):
            raise ConnectionError(head)
        return client

    def call(self, name):
        """A call of Twilio's that has started. It hears nothing and says nothing."""
        client = self.connect("/ws")
        start = {"accountSid": "AC1", "streamSid": "MZ" + name, "callSid": name, "tracks": ["inbound"],
                 "mediaFormat": {"encoding": "audio/x-mulaw", "sampleRate": 8000, "channels": 1}}
        send_text(client, json.dumps({"event": "start", "start": start, "streamSid": "MZ" + name}))
        self.until(f"/api/calls/{name}", lambda answer: answer.status == 200)
        return name

    def record(self, complete=True):
        """A recording of a second of silence; its id."""
        client = self.connect("/api/ws/audio?sample_rate=8000&user_id=somebody")
        name = read_json(client)["session_id"]
        send_frame(client, 2, bytes(16000))
        read_json(client)
        if complete:
            send_text(client, '{"type":"control","action":"close_session"}')
            read_json(client)
        return name


def send_frame(client, opcode, payload):
    """One message, masked with zeros."""
    length = len(payload)
    if length < 126:
        head = bytes([0x80 | opcode, 0x80 | length])
    elif length < 65536:
        head = bytes([0x80 | opcode, 0x80 | 126]) + length.to_bytes(2, "big")
    else:
        head = bytes([0x80 | opcode, 0x80 | 127]) + length.to_bytes(8, "big")
    client.sendall(head + bytes(4) + payload)


def send_text(client, text):
    send_frame(client, 1, text.encode())


def take(client, length):
    data = b""
    while len(data) < length:
        piece = client.recv(length - len(data))
        if not piece:
            raise ConnectionError("the server has left")
        data += piece
    return data


def read_message(client):
    """The next message as (opcode, payload); the server sends each in one frame, without a mask."""
    opcode, length = take(client, 2)
    if length >= 126:
        length = int.from_bytes(take(client, 2 if length == 126 else 8), "big")
    return opcode & 0x0F, take(client, length)


def read_json(client):
    opcode, payload = read_message(client)
    if opcode != 1:
        raise ValueError(f"opcode {opcode}: {payload}")
    return json.loads(payload)
