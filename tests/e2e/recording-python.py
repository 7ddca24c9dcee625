#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Recording with Python's websockets: the two ways in which clients of the protocol are written, and urllib for HTTP.

The simple client sends a file in pieces, reads one message after each, and never heard of a greeting; so what it reads is
always the answer before. The other one waits for the greeting of a recording that it began, and for none where it joined.

usage: recording-python.py SERVER
"""

import asyncio
import itertools
import json
import os
import re
import subprocess
import sys
import tempfile
import time
import traceback
import urllib.error
import urllib.request
import wave
from pathlib import Path

try:
    import websockets
except ImportError as error:
    print(f"skipped: {error} (Debian: python3-websockets)")
    sys.exit(77)

PATIENCE = float(os.environ.get("AP_TEST_DEADLINE", "30"))  # seconds until a wait has failed
WATCHDOG_SECONDS = 100 * PATIENCE / 30
LISTENING = re.compile(r"listening on http://127\.0\.0\.1:(\d+)")
UNKNOWN = "00000000-0000-4000-8000-000000000000"
CLOSE = json.dumps({"type": "control", "action": "close_session"})
OPENER = urllib.request.build_opener(urllib.request.ProxyHandler({}))


class Server:
    """The built server in a folder of its own, where the recordings are too."""

    def __init__(self, program):
        self.folder = tempfile.TemporaryDirectory(prefix="ap-e2e-")
        self.storage = Path(self.folder.name, "recordings")
        self.process = subprocess.Popen(
            [Path(program).resolve(), "--host", "127.0.0.1", "--port", "0"], cwd=self.folder.name, text=True,
            env=os.environ | {"AUDIO_STORAGE_PATH": str(self.storage)}, stderr=subprocess.PIPE, stdout=subprocess.DEVNULL)
        self.port = next(match[1] for line in self.process.stderr if (match := LISTENING.search(line)))
        self.reader = asyncio.get_running_loop().run_in_executor(None, self.process.stderr.read)
        self.sockets = f"ws://127.0.0.1:{self.port}/api/ws/audio"
        self.sessions = f"http://127.0.0.1:{self.port}/api/audio/sessions"

    async def stop(self):
        self.process.terminate()
        log = await self.reader
        code = self.process.wait(PATIENCE)
        self.folder.cleanup()
        assert code == 0, f"the server ended with {code}:\n{log}"

    def ask(self, path, method="GET"):
        """Status and JSON."""
        try:
            with OPENER.open(urllib.request.Request(self.sessions + path, method=method), timeout=PATIENCE) as answer:
                return answer.status, json.load(answer)
        except urllib.error.HTTPError as error:
            return error.code, json.load(error)

    async def info(self, session_id):
        status, info = await asyncio.to_thread(self.ask, f"/{session_id}")
        assert status == 200, (status, info)
        return info

    async def without_clients(self):
        """It may see later than a client that their connection is gone."""
        health = self.sessions.replace("/api/audio/sessions", "/health")
        while (await asyncio.to_thread(lambda: json.load(OPENER.open(health, timeout=PATIENCE))))["active_connections"] > 0:
            await asyncio.sleep(0.01)

    async def completed(self, session_id):
        """A client that leaves at once may be faster than the end of its recording."""
        while (info := await self.info(session_id))["status"] != "completed":
            await asyncio.sleep(0.01)
        return info

    def samples(self, session_id):
        """(rate, channels, bytes) of the WAV as it lies in the folder."""
        with wave.open(str(self.storage / f"{session_id}.wav")) as file:
            assert file.getsampwidth() == 2
            return file.getframerate(), file.getnchannels(), file.readframes(file.getnframes())


def make_wav(folder, rate, channels, seconds):
    """A file whose samples are all different for a while. Returns (path, bytes of audio)."""
    path = Path(folder, f"{rate}-{channels}.wav")
    count = int(rate * seconds) * channels
    audio = b"".join((i * 40503 % 65536 - 32768).to_bytes(2, "little", signed=True) for i in range(count))
    with wave.open(str(path), "wb") as file:
        file.setparams((channels, 2, rate, 0, "NONE", ""))
        file.writeframes(audio)
    return path, audio


def pieces(path, size):
    data = path.read_bytes()
    return [data[at:at + size] for at in range(0, len(data), size)]


def check(info, session_id, chunks, seconds):
    assert info["session_id"] == session_id and info["status"] == "completed", info
    assert info["total_chunks"] == chunks, info
    assert abs(info["duration_seconds"] - seconds) < 1e-5, info
    assert info["file_path"] == f"{session_id}.wav", info


# ---- the simple client ---------------------------------------------------------------------------------------------


async def stream_simply(address, parts):
    """What it read after each piece, and after the request to close."""
    answers = []
    async with websockets.connect(address) as socket:
        for part in parts:
            await socket.send(part)
            answers.append(json.loads(await asyncio.wait_for(socket.recv(), PATIENCE)))
        await socket.send(CLOSE)
        answers.append(json.loads(await asyncio.wait_for(socket.recv(), PATIENCE)))
    return answers


async def simple(server, folder):
    path, audio = make_wav(folder, 44100, 1, 1.5)
    parts = pieces(path, 4096)
    answers = await stream_simply(f"{server.sockets}?sample_rate=44100&channels=1", parts)
    session_id = answers[0]["session_id"]
    assert all(answer["message"] and answer["session_id"] == session_id for answer in answers), answers
    # The greeting is the first, so that each is one behind.
    assert [answer["chunk_count"] for answer in answers] == list(range(len(parts) + 1)), answers
    assert all(answer["status"] == "active" for answer in answers), answers
    check(await server.completed(session_id), session_id, len(parts), 1.5)
    assert server.samples(session_id) == (44100, 1, audio)


async def simple_joined(server, folder):
    path, audio = make_wav(folder, 44100, 1, 0.25)
    parts = pieces(path, 4096)
    async with websockets.connect(server.sockets) as owner:
        session_id = json.loads(await owner.recv())["session_id"]
        answers = await stream_simply(f"{server.sockets}/{session_id}", parts)
        told = json.loads(await owner.recv())
        await owner.wait_closed()
    # No greeting: the answers are those to the pieces, and the last is that to the request to close.
    assert [answer["chunk_count"] for answer in answers] == [*range(1, len(parts) + 1), len(parts)], answers
    assert answers[-1]["status"] == "completed" and told == answers[-1], (answers[-1], told)
    assert owner.close_code == 1000, owner.close_code
    check(await server.info(session_id), session_id, len(parts), 0.25)
    assert server.samples(session_id) == (44100, 1, audio)


# ---- the client that waits for each answer -------------------------------------------------------------------------


class Streamer:
    """One socket of one recording; each request has exactly one answer."""

    def __init__(self, socket, session_id):
        self.socket, self.session_id = socket, session_id

    @classmethod
    async def create(cls, server, **query):
        query = "&".join(f"{name}={value}" for name, value in query.items())
        socket = await websockets.connect(f"{server.sockets}?{query}")
        greeting = json.loads(await asyncio.wait_for(socket.recv(), PATIENCE))
        assert greeting["chunk_count"] == 0 and greeting["status"] == "active" and greeting["message"], greeting
        return cls(socket, greeting["session_id"])

    @classmethod
    async def join(cls, server, session_id, user_id):
        return cls(await websockets.connect(f"{server.sockets}/{session_id}?user_id={user_id}"), session_id)

    async def request(self, message):
        await self.socket.send(message)
        return json.loads(await asyncio.wait_for(self.socket.recv(), PATIENCE))

    async def stream(self, parts, first):
        for count, part in enumerate(parts, first):
            answer = await self.request(part)
            assert answer["message"] == "Chunk processed successfully", answer
            assert answer["session_id"] == self.session_id and answer["status"] == "active", answer
            assert answer["chunk_count"] == count and answer["chunk_bytes"] == len(part), (count, answer)

    async def close(self):
        answer = await self.request(CLOSE)
        await self.socket.wait_closed()
        assert self.socket.close_code == 1000, self.socket.close_code
        return answer


async def waiting(server, folder):
    path, audio = make_wav(folder, 48000, 2, 1)
    parts = pieces(path, 8192)
    streamer = await Streamer.create(server, sample_rate=48000, channels=2, format="wav", user_id="user123")
    await streamer.stream(parts, 1)
    last = await streamer.close()
    assert last["status"] == "completed" and last["chunk_count"] == len(parts), last
    info = await server.info(streamer.session_id)
    check(info, streamer.session_id, len(parts), 1)
    assert (info["sample_rate"], info["channels"], info["format"], info["user_id"]) == (48000, 2, "wav", "user123"), info
    assert server.samples(streamer.session_id) == (48000, 2, audio)


async def waiting_joined(server, folder):
    """The first connection is lost in the middle, and a second one goes on."""
    path, audio = make_wav(folder, 48000, 2, 1)
    parts = pieces(path, 8192)
    half = len(parts) // 2
    first = await Streamer.create(server, sample_rate=48000, channels=2, user_id="user123")
    await first.stream(parts[:half], 1)
    first.socket.transport.abort()
    await server.without_clients()
    second = await Streamer.join(server, first.session_id, "user123")
    await second.stream(parts[half:], half + 1)
    last = await second.close()
    assert last["status"] == "completed" and last["chunk_count"] == len(parts), last
    assert server.samples(first.session_id) == (48000, 2, audio)


async def together(server, folder):
    """Recordings of ten clients at once are not mixed; each is raw samples, and then a file."""
    path, audio = make_wav(folder, 16000, 1, 0.5)

    async def one(number):
        streamer = await Streamer.create(server, sample_rate=16000, user_id=f"user{number}")
        raw = number.to_bytes(2, "little") * 800
        await streamer.stream([raw, *pieces(path, 1000 + 100 * number)], 1)
        await streamer.close()
        return streamer.session_id, raw + audio

    for session_id, expected in await asyncio.gather(*map(one, range(10))):
        assert server.samples(session_id) == (16000, 1, expected)


# ---- HTTP and refusals ---------------------------------------------------------------------------------------------


async def http(server, folder):
    streamer = await Streamer.create(server, sample_rate=8000)
    await streamer.stream([bytes(16000)], 1)
    info = await server.info(streamer.session_id)
    assert (info["status"], info["total_chunks"], info["duration_seconds"]) == ("active", 1, 1), info
    status, result = await asyncio.to_thread(server.ask, f"/{streamer.session_id}/close", "POST")
    assert status == 200 and result["success"] is True, (status, result)
    told = json.loads(await streamer.socket.recv())
    assert told["status"] == "completed" and told["chunk_count"] == 1, told
    await streamer.socket.wait_closed()
    assert streamer.socket.close_code == 1000, streamer.socket.close_code
    check(await server.info(streamer.session_id), streamer.session_id, 1, 1)
    for path, method in ((f"/{UNKNOWN}", "GET"), (f"/{UNKNOWN}/close", "POST"), ("/invalid-uuid", "GET")):
        status, body = await asyncio.to_thread(server.ask, path, method)
        assert status == 404 and body["error"] == "Session not found", (path, status, body)
        assert body["session_id"] == path.split("/")[1] and body["detail"], body


async def refused(server, folder):
    rates = [8000, 16000, 22050, 44100, 48000, 96000]
    for address, expected in ((f"{server.sockets}?sample_rate=44101", ("Invalid sample rate", rates)),
                              (f"{server.sockets}?channels=3", ("Invalid channels", [1, 2])),
                              (f"{server.sockets}/{UNKNOWN}", ("Session not found", None)),
                              (f"{server.sockets}/invalid-uuid", ("Session not found", None))):
        async with websockets.connect(address) as socket:
            told = json.loads(await socket.recv())
            await socket.wait_closed()
        assert (told["error"], told.get("valid_values")) == expected, (address, told)
        assert socket.close_code == 1008, (address, socket.close_code)


async def run(program):
    failures = 0
    tests = [simple, simple_joined, waiting, waiting_joined, together, http, refused]
    print(f"1..{len(tests)}")
    server = Server(program)
    for number, test in zip(itertools.count(1), tests):
        with tempfile.TemporaryDirectory() as folder:
            try:
                await asyncio.wait_for(test(server, folder), WATCHDOG_SECONDS / 2)
                print(f"ok {number} - {test.__name__}", flush=True)
            except Exception:
                failures += 1
                print(f"not ok {number} - {test.__name__}", flush=True)
                traceback.print_exc()
    await server.stop()
    return failures


def main():
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    began = time.monotonic()
    failures = asyncio.run(asyncio.wait_for(run(sys.argv[1]), WATCHDOG_SECONDS))
    print(f"# {time.monotonic() - began:.1f} s")
    sys.exit(1 if failures else 0)


if __name__ == "__main__":
    main()
