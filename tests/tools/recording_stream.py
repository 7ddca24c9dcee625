# SPDX-License-Identifier: LGPL-2.1-or-later
"""A client that sends a recording, remembers what was acknowledged, and goes on where the server says, whatever happened
to the server meanwhile."""

import asyncio
import collections
import dataclasses
import os
import random

from recording_peer import Gone, Socket, encoded, playable, session_info, split

# A message that begins a container no compressed format has.
FOREIGN = b"RIFF\x24\x00\x00\x00WAVEfmt " + bytes(20)


@dataclasses.dataclass
class Material:
    name: str
    query: str
    data: bytes
    rate: int = 44100
    channels: int = 1

    @property
    def takes_foreign(self):
        return "format=wav" in self.query


def materials(seconds=5):
    """One of each kind that this machine can make."""
    made = [
        # Samples may be anything.
        Material("pcm", "format=wav", random.Random(1).randbytes(seconds * 44100 * 2)),
        Material("mp3", "format=mp3", encoded("mp3", 44100, 1, seconds)),
        Material("mp3-16k", "format=mp3&sample_rate=16000", encoded("mp3", 44100, 1, seconds), 16000),
        Material("flac", "format=flac", encoded("flac", 44100, 1, seconds)),
        Material("flac-48k-stereo", "format=flac&sample_rate=48000&channels=2", encoded("flac", 48000, 2, seconds),
                 48000, 2),
        Material("aac", "format=aac", encoded("adts", 44100, 1, seconds)),
        Material("m4a", "format=aac", encoded("mp4-fragmented", 44100, 1, seconds)),
        Material("wav", "format=wav", encoded("wav", 44100, 1, seconds)),
        Material("ogg", "format=ogg&sample_rate=48000", encoded("ogg", 48000, 1, seconds), 48000),
        Material("webm", "format=webm&sample_rate=48000", encoded("webm", 48000, 1, seconds), 48000),
    ]
    return [material for material in made if material.data]


def live(answer):
    """A server whose disk has just died may say so before it is gone itself."""
    if answer.get("error") == "storage" or "message" not in answer:
        raise Gone(1011, str(answer))
    return answer


class Recording:
    """`lossy`: that acknowledged chunks are gone is counted, as `lost`, and no failure."""

    def __init__(self, material, seed, sizes=(1, 20000), lossy=False):
        self.material, self.lossy = material, lossy
        self.chunks = split(material.data, sizes, seed)
        self.chance = random.Random(seed)
        self.window = self.chance.choice([1, 2, 8])
        self.forget()
        self.lost = 0

    def forget(self):
        self.id, self.acked, self.sent, self.resumed = None, 0, 0, 0
        self.closing = self.completed = self.may_lack_wav = False

    def __str__(self):
        return f"{self.material.name} {self.id} ({self.acked} of {len(self.chunks)} acknowledged, {self.sent} sent)"

    async def run(self, port, on_answer=lambda: None):
        """Until it is complete. Gone, when the server is before."""
        socket = await self.join(port) if self.id else await self.create(port)
        if socket:
            try:
                await self.stream(socket, on_answer)
                await self.start_close(socket)
                await self.finish_close(socket)
            finally:
                socket.free()

    async def create(self, port):
        socket = await Socket.connect(port, f"/api/ws/audio?{self.material.query}&user_id={self.material.name}")
        greeting = live(await socket.recv())
        assert greeting["status"] == "active" and greeting["chunk_count"] == 0, greeting
        self.id = greeting["session_id"]
        return socket

    async def join(self, port):
        """None: it turned out to be complete."""
        socket = await Socket.connect(port, f"/api/ws/audio/{self.id}")
        try:
            await socket.control("status")
            status = await socket.recv()
            if "error" not in status:
                self.resume(status)
                return socket
            await socket.recv()
            raise AssertionError(f"{self}: neither open nor closed: {status}")
        except Gone as gone:
            socket.free()
            if gone.code != 1008:
                raise
        await self.check_complete(port)
        return None if self.completed else await self.create(port)

    def resume(self, status):
        count = status["chunk_count"]
        assert status["session_id"] == self.id and status["status"] == "active", status
        assert not self.completed, f"{self}: open again: {status}"
        assert count <= self.sent, f"{self}: {status}"
        assert count >= self.acked or self.lossy, f"LOST: {self}: {status}"
        self.lost += max(self.acked - count, 0)
        self.acked, self.resumed = count, self.resumed + 1
        self.closing = self.may_lack_wav = False

    async def check_complete(self, port):
        info = await session_info(port, self.id)
        if self.closing and info and info["status"] == "completed":
            assert info["total_chunks"] == len(self.chunks), f"{self}: {info}"
            self.completed = True
            return
        assert self.lossy, f"LOST: {self}: {info}"
        lost = self.lost + self.acked
        self.forget()
        self.lost = lost

    async def stream(self, socket, on_answer):
        waiting = collections.deque()
        sent = self.acked
        while sent < len(self.chunks) or waiting:
            while sent < len(self.chunks) and len(waiting) < self.window:
                waiting.append(not self.material.takes_foreign and self.chance.random() < 0.02)
                if not waiting[-1]:
                    sent += 1
                    self.sent = max(self.sent, sent)
                await socket.send(FOREIGN if waiting[-1] else self.chunks[sent - 1])
            self.take(live(await socket.recv()), waiting.popleft())
            on_answer()

    def take(self, answer, foreign):
        assert answer["session_id"] == self.id, answer
        if foreign:
            assert (answer["message"], answer["error"]) == ("Failed to process chunk", "undecodable"), answer
        else:
            assert (answer["message"], answer["status"]) == ("Chunk processed successfully", "active"), answer
            self.acked += 1
            assert answer["chunk_bytes"] == len(self.chunks[self.acked - 1]), f"{self}: {answer}"
        assert answer["chunk_count"] == self.acked, f"{self}: {answer}"

    async def start_close(self, socket):
        self.closing = True
        await socket.control("close_session")

    async def finish_close(self, socket):
        answer = live(await socket.recv())
        assert answer["status"] == "completed" and answer["chunk_count"] == len(self.chunks), f"{self}: {answer}"
        self.completed = True

    # ---- on disk ----

    def wav_path(self, storage):
        return os.path.join(storage, f"{self.id}.wav")

    def has_wav(self, storage):
        """One that is made anew has a name before it has a header."""
        path = self.wav_path(storage)
        return os.path.exists(path) and os.path.getsize(path) > 0

    def wav(self, storage):
        with open(self.wav_path(storage), "rb") as file:
            return file.read()

    def check_prefix(self, storage, reference):
        """What there is plays, and is the beginning of what it will be."""
        samples = playable(self.wav(storage))
        assert reference[80:80 + len(samples)] == samples, f"{self}: the WAV is not a beginning of what it should be"
        if self.completed:
            assert len(samples) == len(reference) - 80, f"{self}: its end is missing"

    async def check_final(self, storage, port, reference):
        data = self.wav(storage)
        info = await session_info(port, self.id)
        playable(data)
        assert data == reference, f"{self}: {len(data)} bytes, and {len(reference)} without a crash: {info}"
        assert (info["status"], info["total_chunks"]) == ("completed", len(self.chunks)), info
        assert info["sample_rate"] == self.material.rate and info["channels"] == self.material.channels, info


async def run_all(server, recordings, on_answer=lambda: None):
    """Until each is complete, or the server gone. Returns: the reasons why those ended that are not complete"""
    runs = [asyncio.create_task(recording.run(server.port, on_answer)) for recording in recordings
            if not recording.completed]
    results = await asyncio.gather(*runs, return_exceptions=True)
    for result in results:
        if isinstance(result, BaseException) and not isinstance(result, Gone):
            raise result
    return [result for result in results if result is not None]
