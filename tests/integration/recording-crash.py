#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""What was acknowledged is never lost: the server dies while it records, at an answer chosen by chance, and goes on.

rounds   recordings of all formats at once; between two lives, what may be damaged is
close    one recording, and the server dies while it completes it
rotate   raw samples, so many that their journal is begun anew

It dies by kill -9, or with --disk by a power cut (power-cut-fs) that takes what was not synced. Each recording ends as the
same file, byte by byte, as it does on a server that does not die.
usage: recording-crash.py TEST [--rounds N] [--seed N] [--soak] [--disk POWER-CUT-FS]
--soak goes on for AP_TEST_SOAK_SECONDS, or a minute. A failure tells its seed.
"""

import argparse
import asyncio
import glob
import os
import random
import sys
import tempfile
import time
import traceback

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "tools"))

import power_cut  # noqa: E402
from open_trap import OpenTrap  # noqa: E402
from recording_peer import BEFORE_HANDSHAKE, PATIENCE, SKIP, Gone, Server, Socket, playable, until  # noqa: E402
from recording_stream import Material, Recording, materials, run_all  # noqa: E402

LIVES = 5


def raw_material():
    """Three journals, and a few bytes that are no whole sample."""
    return Material("raw", "format=wav&sample_rate=96000&channels=2", random.Random(1).randbytes(150 * 1024 * 1024 + 3), 96000,
                    2)


class Suite:
    """What the rounds share: audio, what becomes of it, and counts for the last line."""

    def __init__(self, folder, options):
        self.folder, self.options = folder, options
        self.materials = [raw_material()] if options.test == "rotate" else materials()
        self.references = {}
        self.deaths = self.resumed = self.lost = self.in_compaction = 0
        self.sees_compaction = False  # whenever there is one

    async def make_references(self):
        with tempfile.TemporaryDirectory(dir=self.folder) as storage:
            server = start(storage, "synced")
            try:
                size = 1024 * 1024 if self.options.test == "rotate" else 4096
                recordings = [Recording(material, 0, (size, size)) for material in self.materials]
                ends = await run_all(server, recordings)
                assert not ends, f"{ends}: {server.tail()}"
                server.terminate()
                for recording in recordings:
                    self.take_reference(recording, recording.wav(storage))
            finally:
                server.free()

    def take_reference(self, recording, data):
        material, samples = recording.material, playable(data)
        whole = len(material.data) // (2 * material.channels) * 2 * material.channels
        assert material.name not in ("pcm", "raw") or samples == material.data[:whole], "raw samples are not as they were"
        assert len(samples) > 4 * 2 * material.rate * material.channels, f"{recording}: the end is missing"
        self.references[material.name] = data

    def world(self, chance, ack="synced"):
        return PoweredWorld(self, chance, ack) if self.options.disk else World(self, chance, ack)

    def check_beginnings(self, folder, recordings):
        for recording in recordings:
            if recording.id and (recording.has_wav(folder) or not recording.may_lack_wav):
                recording.check_prefix(folder, self.references[recording.material.name])

    async def finish(self, world, recordings):
        """The last life."""
        ends = await run_all(world.server, recordings)
        assert not ends, f"{ends}: {world.server.tail()}"
        try:
            for recording in recordings:
                await recording.check_final(world.storage, world.server.port, self.references[recording.material.name])
        except AssertionError:
            print(world.server.tail())
            raise
        world.server.terminate()
        assert not glob.glob(os.path.join(world.storage, "*.new")), os.listdir(world.storage)
        self.resumed += sum(recording.resumed for recording in recordings)
        self.lost += sum(recording.lost for recording in recordings)


def start(storage, ack):
    # They send as fast as they can, and one that ends in order has the time that it takes.
    return Server(storage, recording_ack=ack, max_realtime_factor=1000000, min_free_mb=0,
                  audio_drain_seconds=int(PATIENCE / 2))


class World:
    """A server's lives on one storage. Between them, what is kept lies in `kept`."""

    def __init__(self, suite, chance, ack):
        self.folder = tempfile.TemporaryDirectory(dir=suite.folder)
        self.chance, self.ack = chance, ack
        self.storage = self.kept = self.folder.name

    def start(self, slow=False):
        self.server = start(self.storage, self.ack)

    def trap(self):
        """A disk that syncs in no time has a new journal for as long: who makes it is held. None: not possible here."""
        return OpenTrap.set(self.storage)

    def die(self):
        self.server.kill()

    async def dead(self):
        self.server.wait()
        # Decoders go with their server.
        await until(lambda: not self.server.has_family(), "the end of the server's children")

    def free(self):
        self.server.free()
        self.folder.cleanup()


class PoweredWorld(World):
    def __init__(self, suite, chance, ack):
        super().__init__(suite, chance, ack)
        self.program = suite.options.disk
        self.storage, self.kept = (os.path.join(self.folder.name, name) for name in ("disk", "kept"))

    def start(self, slow=False):
        """A slow disk is long at each sync, and half of what is not synced is there after a power cut."""
        half = ["--half", "--seed", str(self.chance.getrandbits(30))] if slow or self.chance.random() < 0.5 else []
        sync_ms = "100" if slow else str(self.chance.choice([0, 1, 5]))
        self.disk = power_cut.PowerCutDisk(self.program, self.folder.name, "--sync-ms", sync_ms, *half)
        assert self.disk.is_mounted
        super().start()

    def trap(self):
        """It syncs slowly."""
        return None

    def die(self):
        self.disk.cut()
        super().die()

    async def dead(self):
        await super().dead()
        # It may have ended in order.
        self.disk.cut()
        self.disk.unmount()

    def free(self):
        self.server.free()
        self.disk.unmount()
        self.folder.cleanup()


# ---- how a life ends -----------------------------------------------------------------------------------------------

async def run_until(world, recordings, answers, end):
    """`end` is called at that many answers, or when all is complete. Returns: what the clients saw of it"""
    left = [answers]

    def on_answer():
        left[0] -= 1
        if left[0] == 0:
            end()

    ends = await run_all(world.server, recordings, on_answer)
    assert left[0] <= 0 or not ends, f"the server has ended by itself: {ends}: {world.server.tail()}"
    if left[0] > 0:
        end()
    return ends


async def die(world, recordings, answers):
    await run_until(world, recordings, answers, world.die)


async def stop_in_order(world, recordings, answers):
    """SIGTERM: sockets close with 1001, and nothing is lost."""
    ends = await run_until(world, recordings, answers, world.server.process.terminate)
    assert all(gone.code == 1001 or gone.reason == BEFORE_HANDSHAKE for gone in ends), ends
    world.server.wait_in_order()


async def die_in_recovery(world, recordings, answers):
    """All join at once; it dies when some have been told where they are."""
    joined = [recording for recording in recordings if recording.id and not recording.completed]
    left = [answers % (len(joined) + 1)]

    async def ask(recording):
        try:
            socket = await Socket.connect(world.server.port, f"/api/ws/audio/{recording.id}")
            await socket.control("status")
            if left[0] == 0:
                world.die()
            await socket.recv()
            left[0] -= 1
            if left[0] == 0:
                world.die()
            socket.free()
        except Gone:
            pass

    await asyncio.gather(*[ask(recording) for recording in joined])
    world.die()


async def die_in_rotation(world, recordings, answers):
    """When there is a new journal: for rotation, or, if less is left than fills one, at the end."""
    trap = world.trap()
    stopped = []

    def watch():
        if trap:
            trap.catch(".jnl.new", world.die, PATIENCE)
        while not trap and not stopped and not glob.glob(os.path.join(world.storage, "*.jnl.new")):
            pass

    run_on = asyncio.create_task(run_all(world.server, recordings))
    watcher = asyncio.create_task(asyncio.to_thread(watch))
    await asyncio.wait([watcher] if trap else [run_on, watcher], return_when=asyncio.FIRST_COMPLETED)
    world.die()
    stopped.append(True)
    await asyncio.gather(run_on, watcher)


ENDS = [die, die, stop_in_order, die_in_recovery]
ENDS_OF_ROTATED = [die_in_rotation, die]


# ---- what may be damaged then --------------------------------------------------------------------------------------

def nothing(folder, recordings, chance):
    pass


def remove_index(folder, recordings, chance):
    for path in glob.glob(os.path.join(folder, "index.sqlite*")):
        os.unlink(path)


def damage_index(folder, recordings, chance):
    path = os.path.join(folder, "index.sqlite")
    with open(path, "ab+") as file:
        file.truncate(chance.randrange(os.path.getsize(path) + 1))
        file.write(chance.randbytes(chance.choice([1, 20, 5000])))


def remove_wavs(folder, recordings, chance):
    """Of a recording that is complete there is nothing else."""
    for recording in recordings:
        if recording.id and not recording.closing and chance.random() < 0.7 and os.path.exists(recording.wav_path(folder)):
            os.unlink(recording.wav_path(folder))
            recording.may_lack_wav = True


def tear_journals(folder, recordings, chance):
    """What a write leaves that did not come to its end."""
    for recording in recordings:
        if recording.id and not recording.closing:
            with open(os.path.join(folder, f"{recording.id}.jnl"), "r+b") as file:
                data = file.read()
                file.write(chance.choice([b"\0", bytes(100), chance.randbytes(5000), data[-chance.randrange(1, 3000):]]))


DAMAGES = [nothing, remove_index, damage_index, remove_wavs, tear_journals]
# The WAV alone has what is not in the journal any more.
DAMAGES_OF_ROTATED = [nothing, remove_index, tear_journals]


# ---- rounds --------------------------------------------------------------------------------------------------------

async def crash_round(suite, seed, ack):
    chance = random.Random(seed)
    loses = ack == "written" and suite.options.disk
    rotated = suite.options.test == "rotate"
    sizes = (1024 * 1024, 8 * 1024 * 1024) if rotated else (1, 20000)
    ends, damages = (ENDS_OF_ROTATED, DAMAGES_OF_ROTATED) if rotated else (ENDS, DAMAGES)
    recordings = [Recording(material, chance.getrandbits(32), sizes, loses) for material in suite.materials]
    share = sum(len(recording.chunks) for recording in recordings) // (LIVES - 1)
    world = suite.world(chance, ack)
    try:
        for life in range(LIVES - 1):
            world.start()
            await ends[(seed + life) % len(ends)](world, recordings, chance.randrange(1, share))
            await world.dead()
            suite.deaths += 1
            if not loses:
                suite.check_beginnings(world.kept, recordings)
                damages[(seed + life) % len(damages)](world.kept, recordings, chance)
        world.start()
        await suite.finish(world, recordings)
    finally:
        world.free()


async def prove_that_it_bites(suite):
    """Acknowledged before the sync, the same rounds lose something; otherwise they would prove nothing."""
    for seed in range(suite.options.seed, suite.options.seed + 10):
        await crash_round(suite, seed, "written")
        if suite.lost > 0:
            break
    print(f"without syncs {suite.lost} acknowledged chunks were lost", flush=True)
    assert suite.lost > 0, "nothing is lost without syncs: this test is blind"
    suite.deaths = suite.resumed = suite.lost = 0


# ---- close ---------------------------------------------------------------------------------------------------------

async def close_round(suite, seed, ack):
    """In turns: it dies at any time, when the new journal is there that replaces the old one, or when the WAV tells of its
    last sample."""
    chance = random.Random(seed)
    world = suite.world(chance, ack)
    recording = Recording(chance.choice(suite.materials), seed, (10000, 20000))
    moments = [lambda: some_turns(chance), lambda: in_compaction(world, recording, suite), lambda: in_last_header(world, recording)]
    try:
        world.start(slow=seed % 3 == 2)
        socket = await recording.create(world.server.port)
        await recording.stream(socket, lambda: None)
        moment = asyncio.create_task(moments[seed % 3]())
        await asyncio.sleep(0)
        await recording.start_close(socket)
        answer = asyncio.create_task(recording.finish_close(socket))
        await moment
        world.die()
        await asyncio.gather(answer, return_exceptions=True)
        socket.free()
        await world.dead()
        suite.deaths += 1
        suite.check_beginnings(world.kept, [recording])
        world.start()
        await suite.finish(world, [recording])
    finally:
        world.free()


async def some_turns(chance):
    for _ in range(int(2 ** (chance.random() * 10))):
        await asyncio.sleep(0)


async def in_compaction(world, recording, suite):
    """When there is a new journal, or it has taken the place of the old one already."""
    journal = os.path.join(world.storage, f"{recording.id}.jnl")
    size = os.path.getsize(journal)
    trap = world.trap()
    suite.sees_compaction = trap is not None or suite.options.disk is not None

    def watch():
        if trap:
            trap.catch(".jnl.new", world.die, PATIENCE)
            return 1
        end = time.monotonic() + PATIENCE
        while os.path.getsize(journal) >= size and time.monotonic() < end:
            if os.path.exists(journal + ".new"):
                return 1
        return 0

    suite.in_compaction += await asyncio.to_thread(watch)


async def in_last_header(world, recording):
    path = recording.wav_path(world.storage)

    def watch():
        end = time.monotonic() + PATIENCE
        with open(path, "rb", buffering=0) as file:
            while int.from_bytes(os.pread(file.fileno(), 4, 76), "little") != os.fstat(file.fileno()).st_size - 80:
                assert time.monotonic() < end, "the WAV never told of its last sample"
        world.die()

    await asyncio.to_thread(watch)


# ---- the program ---------------------------------------------------------------------------------------------------

async def run(suite):
    options = suite.options
    await suite.make_references()
    # What the disk does is the same under a sanitizer.
    if options.test == "rounds" and options.disk and "ASAN_OPTIONS" not in os.environ:
        await prove_that_it_bites(suite)
    one_round = close_round if options.test == "close" else crash_round
    seconds = float(os.environ.get("AP_TEST_SOAK_SECONDS", "60")) if options.soak else 0
    seed, end = options.seed, time.monotonic() + seconds
    while seed < options.seed + options.rounds or time.monotonic() < end:
        try:
            await one_round(suite, seed, "synced" if options.disk or seed % 2 else "written")
        except BaseException:
            print(f"FAILED with: {options.test} --seed {seed} --rounds 1", flush=True)
            raise
        seed += 1
    print(f"{seed - options.seed} rounds of {', '.join(material.name for material in suite.materials)}: the server went "
          f"{suite.deaths} times ({suite.in_compaction} with a new journal), {suite.resumed} resumptions, "
          f"{suite.lost} acknowledged chunks lost")
    assert suite.lost == 0
    assert suite.in_compaction > 0 or not suite.sees_compaction, "it never died in a compaction"


def parse_options():
    parser = argparse.ArgumentParser()
    parser.add_argument("test", choices=["rounds", "close", "rotate"])
    parser.add_argument("--rounds", type=int, help="10; of rotate, which is 150 MiB each, 1")
    parser.add_argument("--soak", action="store_true")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--disk", type=os.path.abspath)
    options = parser.parse_args()
    options.rounds = options.rounds or (1 if options.test == "rotate" else 10)
    return options


def main():
    options = parse_options()
    if options.disk and (reason := power_cut.missing(options.disk)):
        print("skipped:", reason)
        return SKIP
    try:
        with tempfile.TemporaryDirectory(prefix="ap-recording-") as folder:
            asyncio.run(run(Suite(folder, options)))
        return 0
    except AssertionError:
        traceback.print_exc(file=sys.stdout)
        return 1


if __name__ == "__main__":
    sys.exit(main())
