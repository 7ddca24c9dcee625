# SPDX-License-Identifier: LGPL-2.1-or-later
"""For tests of recordings from the outside: the server as a process, a WebSocket (RFC 6455) with asyncio, what a WAV on
disk says of itself, and audio to send."""

import asyncio
import contextlib
import io
import json
import os
import random
import re
import signal
import struct
import subprocess
import threading
import wave

SKIP = 77  # the exit code of a test that cannot run here
PATIENCE = float(os.environ.get("AP_TEST_DEADLINE", "30"))  # seconds until a wait has failed
LISTENING = re.compile(r"listening on http://127\.0\.0\.1:(\d+)")
TEXT, BINARY, CLOSE, PING, PONG = 1, 2, 8, 9, 10


BEFORE_HANDSHAKE = "before the handshake was answered"


class Gone(Exception):
    """The connection has ended: with a close frame's code and reason, or without (None)."""

    def __init__(self, code=None, reason=""):
        super().__init__(f"closed with {code} {reason!r}")
        self.code, self.reason = code, reason


# ---- the server -----------------------------------------------------------------------------------------------------

class Server:
    """Runs with its recordings in `storage`, in a session of its own, so that its children can be counted."""

    def __init__(self, storage, **env):
        self.storage = storage
        settings = {"AUDIO_STORAGE_PATH": storage, **{name.upper(): str(value) for name, value in env.items()}}
        # A test that is killed takes it along. The folder has no .env that could have a say.
        command = ["setpriv", "--pdeathsig", "KILL", os.path.abspath(os.environ["AP_SERVER"]), "--host", "127.0.0.1", "--port",
                   "0"]
        self.process = subprocess.Popen(command, env={**os.environ, **settings}, cwd="/", stdout=subprocess.DEVNULL,
                                        stderr=subprocess.PIPE, text=True, start_new_session=True)
        self.log, self.port = [], 0
        for line in self.process.stderr:
            self.log.append(line)
            if match := LISTENING.search(line):
                self.port = int(match[1])
                break
        self.reader = threading.Thread(target=lambda: self.log.extend(self.process.stderr), daemon=True)
        self.reader.start()
        assert self.port, f"the server does not start: {self.tail()}"

    def tail(self):
        return "".join(self.log[-40:])

    def kill(self):
        self.process.kill()

    def wait(self):
        code = self.process.wait(PATIENCE)
        self.reader.join(PATIENCE)
        self.process.stderr.close()
        return code

    def terminate(self):
        self.process.terminate()
        self.wait_in_order()

    def wait_in_order(self):
        code = self.wait()
        assert code == 0, f"SIGTERM: the server ended with {code}: {self.tail()}"

    def has_family(self):
        """Whether one of its processes lives."""
        try:
            os.killpg(self.process.pid, 0)
            return True
        except ProcessLookupError:
            return False

    def free(self):
        if self.has_family():
            os.killpg(self.process.pid, signal.SIGKILL)
        self.wait()


async def until(condition, what):
    """Waits for what nobody tells of."""
    loop = asyncio.get_running_loop()
    end = loop.time() + PATIENCE
    while not condition():
        assert loop.time() < end, f"waited in vain: {what}"
        await asyncio.sleep(0.002)


async def http(port, method, path):
    """(status, body)"""
    try:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        with contextlib.closing(writer):
            writer.write(f"{method} {path} HTTP/1.1\r\nHost: localhost\r\nContent-Length: 0\r\n\r\n".encode())
            head = (await asyncio.wait_for(reader.readuntil(b"\r\n\r\n"), PATIENCE)).decode()
            length = re.search(r"(?i)\r\ncontent-length: (\d+)", head)
            body = await asyncio.wait_for(reader.readexactly(int(length[1])) if length else reader.read(), PATIENCE)
            return int(head.split()[1]), body
    except (OSError, asyncio.IncompleteReadError) as error:
        raise Gone() from error


async def session_info(port, recording_id):
    """The session as HTTP tells of it; None: there is no such session."""
    status, body = await http(port, "GET", f"/api/audio/sessions/{recording_id}")
    if status == 500:
        raise Gone(1011, body)
    assert status in (200, 404), (status, body)
    return json.loads(body) if status == 200 else None


# ---- WebSocket ------------------------------------------------------------------------------------------------------

def frame(opcode, payload, first_bits=0x80):
    """Masked with zeros, which RFC 6455 allows as any other mask."""
    length = len(payload)
    head = (bytes([first_bits | opcode, 0x80 | length]) if length < 126
            else struct.pack(">BBH", first_bits | opcode, 0xFE, length) if length < 65536
            else struct.pack(">BBQ", first_bits | opcode, 0xFF, length))
    return head + bytes(4) + payload


class Reader(asyncio.StreamReader):
    """What the peer said before it left can be read also by who is told, as it sends, that the peer has left."""

    def set_exception(self, exc):
        self.feed_eof()


class Socket:
    @classmethod
    async def connect(cls, port, path, headers=""):
        self = cls()
        try:
            self.reader, loop = Reader(), asyncio.get_running_loop()
            protocol = asyncio.StreamReaderProtocol(self.reader)
            transport, _ = await loop.create_connection(lambda: protocol, "127.0.0.1", port)
            self.writer = asyncio.StreamWriter(transport, protocol, self.reader, loop)
            self.writer.write(f"GET {path} HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                              f"Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\nSec-WebSocket-Version: 13\r\n{headers}\r\n"
                              .encode())
            self.answer = (await asyncio.wait_for(self.reader.readuntil(b"\r\n\r\n"), PATIENCE)).decode()
        except (OSError, asyncio.IncompleteReadError) as error:
            raise Gone(None, BEFORE_HANDSHAKE) from error
        assert self.answer.startswith("HTTP/1.1 101"), self.answer
        return self

    async def send_raw(self, data):
        """To nobody, once the connection has ended: how it has is for who reads."""
        for _ in range(2):  # the loop's turns until what has come has been taken: a write that fails would lose it
            await asyncio.sleep(0)
        with contextlib.suppress(OSError):
            self.writer.write(data)
            await self.writer.drain()

    async def send(self, message):
        await self.send_raw(frame(BINARY, message) if isinstance(message, bytes) else frame(TEXT, message.encode()))

    async def control(self, action):
        await self.send(json.dumps({"type": "control", "action": action}))

    async def read_frame(self):
        try:
            first, length = await self.reader.readexactly(2)
            if length >= 126:
                length = int.from_bytes(await self.reader.readexactly(2 if length == 126 else 8), "big")
            return first & 15, await self.reader.readexactly(length)
        except (OSError, asyncio.IncompleteReadError) as error:
            raise Gone() from error

    async def recv(self):
        """The next message, as the JSON that all messages of the server are."""
        while True:
            opcode, payload = await asyncio.wait_for(self.read_frame(), PATIENCE)
            if opcode == CLOSE:
                raise Gone(int.from_bytes(payload[:2], "big"), payload[2:].decode())
            if opcode == PING:
                await self.send_raw(frame(PONG, payload))
            elif opcode == TEXT:
                return json.loads(payload)

    def free(self):
        self.writer.close()


# ---- WAV ------------------------------------------------------------------------------------------------------------

def playable(data):
    """The samples that a WAV offers; it must keep what its header promises, whoever reads it."""
    riff, junk, wave_format, samples = (struct.unpack_from("<4sI", data, at) for at in (0, 12, 48, 72))
    assert [riff[0], junk[0], wave_format[0], samples[0]] == [b"RIFF", b"JUNK", b"fmt ", b"data"], data[:80]
    assert riff[1] == 72 + samples[1] and 80 + samples[1] <= len(data), (riff, samples, len(data))
    with wave.open(io.BytesIO(data)) as reader:
        frames = reader.readframes(reader.getnframes())
    assert frames == data[80:80 + samples[1]]
    return frames


# ---- audio ----------------------------------------------------------------------------------------------------------

def encoded(kind, rate, channels, seconds):
    """A file that audio-file makes; None: an element for it is not installed."""
    # A scan for all of GStreamer's plugins leaks what their libraries do.
    env = {**os.environ, "ASAN_OPTIONS": os.environ.get("ASAN_OPTIONS", "") + ":detect_leaks=0"}
    done = subprocess.run([os.environ["AP_AUDIO_FILE"], kind, str(rate), str(channels), str(seconds)], env=env,
                          stdout=subprocess.PIPE, timeout=PATIENCE, check=False)
    assert done.returncode in (0, SKIP), f"audio-file {kind}"
    return done.stdout or None


def split(data, sizes, seed):
    """Pieces of lengths between the two `sizes`, as many small ones as large ones."""
    chance, pieces, at = random.Random(seed), [], 0
    while at < len(data):
        length = int(sizes[0] * (sizes[1] / sizes[0]) ** chance.random())
        pieces.append(data[at:at + length])
        at += length
    return pieces
