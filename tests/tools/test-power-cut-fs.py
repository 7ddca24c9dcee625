#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Does the disk of power-cut-fs lose what it may, and nothing else?
usage: test-power-cut-fs.py PROGRAM
"""

import errno
import fcntl
import mmap
import os
import sqlite3
import subprocess
import sys
import tempfile
import unittest

import power_cut

PROGRAM = os.path.abspath(sys.argv.pop())
PAGE = 4096


class PowerCutFs(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.TemporaryDirectory()
        self.disk, self.opened = None, []
        self.mount()

    def tearDown(self):
        self.unmount()
        self.folder.cleanup()

    def mount(self, *options):
        self.disk = power_cut.PowerCutDisk(PROGRAM, self.folder.name, *options)
        self.assertTrue(self.disk.is_mounted)

    def unmount(self):
        for fd in self.opened:
            os.close(fd)
        self.opened = []
        self.disk.unmount()

    def power_cut(self, *options):
        self.disk.cut()
        while self.is_powered():
            pass
        self.unmount()
        self.mount(*options)

    def is_powered(self):
        try:
            os.statvfs(self.disk.path)
            os.listdir(self.disk.path)
            return True
        except OSError as error:
            self.assertEqual(error.errno, errno.EIO)
            return False

    def open(self, name, flags=os.O_RDWR | os.O_CREAT | os.O_EXCL):
        self.opened.append(os.open(self.path(name), flags, 0o600))
        return self.opened[-1]

    def path(self, name):
        return os.path.join(self.disk.path, name)

    def sync_names(self):
        os.fsync(self.open("", os.O_RDONLY | os.O_DIRECTORY))

    def content(self, name):
        with open(self.path(name), "rb") as file:
            return file.read()

    def test_synced_survives(self):
        fd = self.open("a")
        os.write(fd, b"1" * 10000)
        os.fdatasync(fd)
        os.write(fd, b"2" * 10000)
        os.pwrite(fd, b"3", 0)
        self.sync_names()
        self.assertEqual(len(self.content("a")), 20000)
        self.power_cut()
        self.assertEqual(self.content("a"), b"1" * 10000)
        self.assertEqual(os.listdir(self.disk.path), ["a"])

    def test_shortened(self):
        fd = self.open("a")
        os.write(fd, b"1" * 10000)
        os.fsync(fd)
        self.sync_names()
        self.power_cut()
        fd = self.open("a", os.O_RDWR)
        os.ftruncate(fd, 100)
        os.fsync(fd)
        self.power_cut()
        self.assertEqual(self.content("a"), b"1" * 100)

    def test_name_not_synced(self):
        os.fsync(self.open("a"))
        self.power_cut()
        self.assertEqual(os.listdir(self.disk.path), [])

    def test_bytes_not_synced(self):
        os.write(self.open("a"), b"1")
        self.sync_names()
        self.power_cut()
        self.assertEqual(self.content("a"), b"")

    def replace(self):
        for name in ("a", "b"):
            fd = self.open(name)
            os.write(fd, name.encode())
            os.fsync(fd)
            if name == "a":
                self.sync_names()
        os.rename(self.path("b"), self.path("a"))
        self.assertEqual(self.content("a"), b"b")
        self.assertEqual(os.pread(self.opened[0], 10, 0), b"a")

    def test_rename_not_synced(self):
        self.replace()
        self.power_cut()
        self.assertEqual(self.content("a"), b"a")
        self.assertEqual(os.listdir(self.disk.path), ["a"])

    def test_rename_synced(self):
        self.replace()
        self.sync_names()
        self.power_cut()
        self.assertEqual(self.content("a"), b"b")

    def test_removed(self):
        os.fsync(self.open("a"))
        os.fsync(self.open("b"))
        self.sync_names()
        os.unlink(self.path("a"))
        self.sync_names()
        os.unlink(self.path("b"))
        self.power_cut()
        self.assertEqual(os.listdir(self.disk.path), ["b"])

    def test_unmounted_in_order(self):
        os.write(self.open("a"), b"1" * 10000)
        self.unmount()
        self.mount()
        self.assertEqual(self.content("a"), b"1" * 10000)

    def test_no_power(self):
        fd = self.open("a")
        self.disk.cut()
        while self.is_powered():
            pass
        for does in (lambda: os.write(fd, b"1"), lambda: os.fdatasync(fd), lambda: self.open("b"),
                     lambda: os.ftruncate(fd, 1), lambda: os.rename(self.path("a"), self.path("c"))):
            with self.assertRaises(OSError) as caught:
                does()
            self.assertEqual(caught.exception.errno, errno.EIO)

    def test_half_and_torn(self):
        self.unmount()
        self.mount("--half", "--seed", "7")
        fd = self.open("a")
        os.write(fd, b"1" * 40 * PAGE)
        os.fsync(fd)
        self.sync_names()
        os.pwrite(fd, b"2" * 40 * PAGE, 0)
        self.power_cut()
        content = self.content("a")
        sectors = [content[at:at + 512] for at in range(0, len(content), 512)]
        self.assertEqual({bytes(sector) for sector in sectors}, {b"1" * 512, b"2" * 512})
        pages = [content[at:at + PAGE] for at in range(0, len(content), PAGE)]
        whole = sum(page == b"2" * PAGE for page in pages)
        self.assertTrue(5 < whole < 35, whole)
        self.assertTrue(any(page not in (b"1" * PAGE, b"2" * PAGE) for page in pages))

    def test_sizes(self):
        fd = self.open("a")
        os.write(fd, b"1" * 10000)
        subprocess.run(["fallocate", "--keep-size", "--length", "1048576", self.path("a")], check=True)
        self.assertEqual(os.fstat(fd).st_size, 10000)
        os.posix_fallocate(fd, 0, 20000)
        self.assertEqual(os.fstat(fd).st_size, 20000)
        os.ftruncate(fd, 15000)
        os.fsync(fd)
        self.sync_names()
        os.ftruncate(fd, 5)
        self.power_cut()
        self.assertEqual(self.content("a"), b"1" * 10000 + bytes(5000))

    def test_exclusive(self):
        fd = self.open("a")
        with self.assertRaises(FileExistsError):
            self.open("a")
        fcntl.flock(fd, fcntl.LOCK_EX)
        with self.assertRaises(BlockingIOError):
            fcntl.flock(self.open("a", os.O_RDWR), fcntl.LOCK_EX | fcntl.LOCK_NB)
        fcntl.lockf(fd, fcntl.LOCK_EX)
        code = f"import fcntl; fcntl.lockf(open({self.path('a')!r}, 'r+'), fcntl.LOCK_EX | fcntl.LOCK_NB)"
        self.assertIn(b"BlockingIOError", subprocess.run([sys.executable, "-c", code], capture_output=True, check=False).stderr)

    def test_copy_of_the_mount(self):
        """It ends with its own mount, though another mount namespace has a copy of that."""
        keeper = subprocess.Popen(["unshare", "--mount", "--propagation", "private", "cat"], stdin=subprocess.PIPE,
                                  stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
        self.addCleanup(keeper.communicate)
        try:
            keeper.stdin.write(b"\n")
            keeper.stdin.flush()
        except BrokenPipeError:
            pass
        if keeper.stdout.read(1) != b"\n":
            self.skipTest("mount namespaces may not be made here")
        os.write(self.open("a"), b"1")
        self.unmount()
        self.mount()
        self.assertEqual(self.content("a"), b"1")

    def test_map(self):
        fd = self.open("a")
        os.ftruncate(fd, PAGE)
        with mmap.mmap(fd, PAGE) as shared:
            shared[:5] = b"12345"
            self.assertEqual(os.pread(fd, 5, 0), b"12345")
            shared.flush()
            os.fsync(fd)
        self.sync_names()
        self.power_cut()
        self.assertEqual(self.content("a")[:6], b"12345\0")

    def test_ended_with_folder_open(self):
        os.close(self.open("a"))
        self.opened = []
        with os.scandir(self.disk.path) as names:
            self.assertEqual(next(names).name, "a")
            self.disk.process.terminate()
            self.assertEqual(self.disk.end(), "")
        self.assertEqual(os.listdir(self.disk.kept), ["a"])

    def test_sqlite(self):
        base = sqlite3.connect(self.path("base"))
        self.assertEqual(base.execute("PRAGMA journal_mode=WAL").fetchone(), ("wal",))
        base.execute("PRAGMA synchronous=FULL")
        base.execute("CREATE TABLE numbers (number)")
        for number in range(100):
            base.execute("INSERT INTO numbers VALUES (?)", (number,))
            base.commit()
        self.disk.cut()
        while self.is_powered():
            pass
        base.close()
        self.power_cut()
        base = sqlite3.connect(self.path("base"))
        self.assertEqual(base.execute("SELECT count(*) FROM numbers").fetchone(), (100,))
        base.close()


if __name__ == "__main__":
    if reason := power_cut.missing(PROGRAM):
        print("skipped:", reason)
        sys.exit(77)
    unittest.main()
