#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Recordings that ask for more than there is, of disk, memory and time.

full-disk   chunks wait for space, and a recording ends without any (a small tmpfs: root only)
hung        a shutdown does not wait for decoders that do not answer, and nothing acknowledged is lost by that
bombs       little that decodes to much, messages without an end, chunks as large as they may be

usage: recording-bounds.py TEST
"""

import asyncio
import contextlib
import os
import random
import signal
import subprocess
import sys
import tempfile
import traceback

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "tools"))

from flac_bomb import flac_silence  # noqa: E402
from recording_peer import BINARY, SKIP, Gone, Server, Socket, encoded, frame, http, playable, session_info  # noqa: E402

MIB = 1024 * 1024


class Skip(Exception):
    pass


@contextlib.contextmanager
def small_disk(mib):
    with tempfile.TemporaryDirectory(prefix="ap-small-") as folder:
        done = subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={mib}m,mode=0700", "tmpfs", folder],
                              capture_output=True, text=True, check=False)
        if done.returncode != 0:
            raise Skip(f"there is no small disk: {done.stderr}")
        try:
            yield folder
        finally:
            subprocess.run(["umount", folder], check=True)


@contextlib.contextmanager
def serving(storage, **env):
    server = Server(storage, **env)
    try:
        yield server
        server.terminate()
    except AssertionError:
        print(server.tail())
        raise
    finally:
        server.free()


async def start(port, query):
    socket = await Socket.connect(port, f"/api/ws/audio?{query}")
    greeting = await socket.recv()
    assert greeting["chunk_count"] == 0, greeting
    return socket, greeting["session_id"]


async def ask(socket, chunk):
    await socket.send(chunk)
    return await socket.recv()


def accepted(answer, count):
    return (answer["message"], answer["chunk_count"]) == ("Chunk processed successfully", count)


def refused(answer, reason, count):
    return (answer["message"], answer.get("error"), answer["chunk_count"]) == ("Failed to process chunk", reason, count)


def family(server):
    """Process numbers of the server and of its children."""
    found = []
    for pid in filter(str.isdigit, os.listdir("/proc")):
        with contextlib.suppress(OSError):
            if os.getsid(int(pid)) == server.process.pid:
                found.append(pid)
    return found


def memory(server):
    """Resident bytes of all of them, but for what they share with their parent."""
    total = 0
    for pid in family(server):
        with contextlib.suppress(OSError), open(f"/proc/{pid}/smaps_rollup", encoding="ascii") as file:
            total += sum(int(line.split()[1]) * 1024 for line in file if line.startswith("Pss:"))
    return total


def cpu_seconds(server):
    total = 0
    for pid in family(server):
        with contextlib.suppress(OSError), open(f"/proc/{pid}/stat", encoding="ascii") as file:
            # Its own time and that of children that have ended.
            total += sum(map(int, file.read().rsplit(")", 1)[1].split()[11:15]))
    return total / os.sysconf("SC_CLK_TCK")


async def watch(server, work):
    """The most memory that the server has while `work` is done, beyond what it had before."""
    before = most = memory(server)
    task = asyncio.ensure_future(work)
    while not task.done():
        await asyncio.wait([task], timeout=0.02)
        most = max(most, memory(server))
    await task
    return most - before


def check_growth(what, grown, limit):
    print(f"{what}: {grown // 1024} KiB")
    # A sanitizer's memory is its own.
    assert grown < limit or "ASAN_OPTIONS" in os.environ, f"{what}: {grown} bytes more, and {limit} are allowed"


# ---- full disk -----------------------------------------------------------------------------------------------------

async def fill(socket, chunks, count, sent):
    """Sends until there is no space. `sent` takes what was accepted. Returns: the new count"""
    for chunk in chunks:
        answer = await ask(socket, chunk)
        if refused(answer, "no_space", count):
            return count
        count += 1
        assert accepted(answer, count), answer
        sent.append(chunk)
    raise AssertionError("the disk does not get full")


async def full_disk():
    chunks = [random.Random(number).randbytes(50001) for number in range(200)]
    with small_disk(16) as folder:
        ballast = os.path.join(folder, "ballast")
        with open(ballast, "wb") as file:
            file.write(bytes(8 * MIB))
        with serving(folder, min_free_mb=1, max_realtime_factor=1000000) as server:
            sent = []
            other, other_id = await start(server.port, "user_id=other")
            socket, recording_id = await start(server.port, "user_id=me")
            assert accepted(await ask(other, b"12345678"), 1)
            count = await fill(socket, chunks, 0, sent)
            assert count > 5, count
            # It stays, and so does everybody else.
            assert refused(await ask(socket, chunks[count]), "no_space", count)
            status, _ = await http(server.port, "GET", "/health")
            assert status == 200
            await expect_no_new_session(server.port)
            os.unlink(ballast)
            count = await fill(socket, chunks[count:], count, sent)
            assert len(sent) == count > 20, count
            await close(socket, count)
            samples = b"".join(sent)
            with open(os.path.join(folder, f"{recording_id}.wav"), "rb") as file:
                assert playable(file.read()) == samples[:len(samples) & ~1]
            await close(other, 1)
            assert (await session_info(server.port, other_id))["status"] == "completed"
        # And so it is for the next server.
        with serving(folder, min_free_mb=0) as server:
            info = await session_info(server.port, recording_id)
            assert (info["status"], info["total_chunks"]) == ("completed", count), info


async def close(socket, count):
    await socket.control("close_session")
    answer = await socket.recv()
    assert (answer["status"], answer["chunk_count"]) == ("completed", count), answer


async def expect_no_new_session(port):
    socket = await Socket.connect(port, "/api/ws/audio")
    try:
        answer = await socket.recv()
        assert "error" in answer, answer
        await socket.recv()
        raise AssertionError("a session begins on a full disk")
    except Gone as gone:
        assert gone.code == 1011, gone


# ---- bombs ---------------------------------------------------------------------------------------------------------

async def flac_bomb(server, storage):
    """An hour in 45 KB: more than may be in a second. The recording goes on without it."""
    bomb = flac_silence(3600)
    cpu = cpu_seconds(server)
    socket, recording_id = await start(server.port, "format=flac&sample_rate=48000&channels=2")

    async def throw():
        for _ in range(3):
            assert refused(answer := await ask(socket, bomb), "quota", 0), answer
        assert accepted(answer := await ask(socket, flac_silence(2)), 1), answer

    grown = await watch(server, throw())
    check_growth("FLAC bomb", grown, 64 * MIB)
    # Three times a burst of a minute, a hundred times faster than it would play, and much patience.
    used = cpu_seconds(server) - cpu
    print(f"FLAC bomb: {used:.1f} s of CPU")
    assert used < 30
    assert os.stat(os.path.join(storage, f"{recording_id}.wav")).st_blocks * 512 < 40 * MIB
    await close(socket, 1)


async def endless_fragments(server, storage):
    socket, _ = await start(server.port, "")

    async def throw():
        await socket.send_raw(frame(BINARY, bytes(4 * MIB), 0))
        for _ in range(100):
            await socket.send_raw(frame(0, bytes(4 * MIB), 0))
        try:
            await socket.recv()
            raise AssertionError("it is answered")
        except Gone as gone:
            assert gone.code in (1009, None), gone

    grown = await watch(server, throw())
    check_growth("endless fragments", grown, 40 * MIB)


async def large_chunks(server, storage):
    """Two clients send the largest chunks there are, and read answers when they have time to."""
    chunk = bytes(10 * MIB)
    sockets = [await start(server.port, "sample_rate=96000&channels=2") for _ in range(2)]

    async def throw():
        async def talk(socket):
            send = asyncio.ensure_future(send_all(socket))
            for number in range(1, 6):
                assert accepted(answer := await socket.recv(), number), answer
            await send

        async def send_all(socket):
            for _ in range(5):
                await socket.send(chunk)

        await asyncio.gather(*[talk(socket) for socket, _ in sockets])

    grown = await watch(server, throw())
    # Two under way for each, and one being read.
    check_growth("large chunks", grown, 2 * 3 * 10 * MIB + 30 * MIB)
    for socket, recording_id in sockets:
        await close(socket, 5)
        status, _ = await http(server.port, "DELETE", f"/api/audio/sessions/{recording_id}")
        assert status in (200, 204), status


async def too_large(server, storage):
    socket, _ = await start(server.port, "")
    try:
        await socket.send(bytes(10 * MIB + 1))
        answer = await socket.recv()
        assert refused(answer, "too_large", 0), answer
    except Gone as gone:
        assert gone.code == 1009, gone


async def deflate(server, storage):
    """It is offered, not taken, and not put up with."""
    socket = await Socket.connect(server.port, "/api/ws/audio", "Sec-WebSocket-Extensions: permessage-deflate\r\n")
    assert "permessage-deflate" not in socket.answer, socket.answer
    await socket.recv()
    await socket.send_raw(frame(BINARY, bytes(1000), 0x80 | 0x40))
    try:
        await socket.recv()
        raise AssertionError("a compressed frame is taken")
    except Gone as gone:
        assert gone.code == 1002, gone


async def bombs():
    # On the disk of the build: what is large is removed at once.
    with tempfile.TemporaryDirectory(prefix="ap-bombs-") as storage:
        for test, env in ((flac_bomb, {}), (endless_fragments, {}), (large_chunks, {"max_realtime_factor": 1000000}),
                          (too_large, {}), (deflate, {})):
            with serving(storage, min_free_mb=0, **env) as server:
                await test(server, storage)


async def start_hung(server, chunk):
    """A recording with an acknowledged chunk, and a second one in a decoder that has been stopped."""
    socket, recording_id = await start(server.port, "format=mp3")
    assert accepted(await ask(socket, chunk), 1)
    for pid in map(int, family(server)):
        if pid != server.process.pid:
            os.kill(pid, signal.SIGSTOP)
    await socket.send(chunk)
    # It is on its way when what was said behind it has been heard.
    await socket.send("?")
    assert (await socket.recv())["error"] == "Invalid control message"
    return recording_id


async def hung():
    mp3 = encoded("mp3", 44100, 1, 2)
    if mp3 is None:
        raise Skip("there is no encoder for MP3")
    with tempfile.TemporaryDirectory(prefix="ap-hung-") as storage:
        with serving(storage, audio_drain_seconds=1) as server:
            recording_id = await start_hung(server, mp3)
        with serving(storage) as server:
            info = await session_info(server.port, recording_id)
            assert info["status"] == "active" and info["total_chunks"] >= 1, info
            assert info["duration_seconds"] >= 2, info


def main():
    try:
        asyncio.run({"full-disk": full_disk, "hung": hung, "bombs": bombs}[sys.argv[1]]())
        return 0
    except Skip as reason:
        print("skipped:", reason)
        return SKIP
    except (AssertionError, Gone):
        traceback.print_exc(file=sys.stdout)
        return 1


if __name__ == "__main__":
    sys.exit(main())
