# SPDX-License-Identifier: LGPL-2.1-or-later
"""A folder on a disk whose power can be cut (power-cut-fs.c), for tests in Python."""

import os
import shutil
import signal
import subprocess
import tempfile
from pathlib import Path

PATIENCE = 2 * float(os.environ.get("AP_TEST_DEADLINE", "30"))  # seconds; it writes what was kept before it ends


def missing(program):
    """Why there can be none here; None: there can."""
    if not os.access("/dev/fuse", os.R_OK | os.W_OK):
        return "there is no /dev/fuse, or it may not be used"
    if not shutil.which("fusermount3"):
        return "there is no fusermount3"
    # Containers may have both, and no right to mount.
    with tempfile.TemporaryDirectory() as folder:
        disk = PowerCutDisk(program, folder)
        may_mount, said = disk.is_mounted, disk.unmount()
    return None if may_mount else f"nothing can be mounted: {said}"


class PowerCutDisk:
    """Mounts `folder`/disk, which holds what `folder`/kept does. Once unmounted, `kept` is what the disk has kept."""

    def __init__(self, program, folder, *options):
        self.kept, self.path = os.path.join(folder, "kept"), os.path.join(folder, "disk")
        os.makedirs(self.kept, exist_ok=True)
        os.makedirs(self.path, exist_ok=True)
        # A test that is killed does not leave it mounted.
        self.process = subprocess.Popen(["setpriv", "--pdeathsig", "TERM", program, *options, self.kept, self.path],
                                        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        self.is_mounted = self.process.stdout.readline() == "mounted\n"

    def cut(self):
        self.process.send_signal(signal.SIGUSR1)

    def unmount(self):
        """Nobody may have a file of it open any more."""
        if self.is_mounted:
            subprocess.run(["fusermount3", "-u", self.path], check=True, timeout=PATIENCE)
            # Whoever has made a mount namespace meanwhile (a container, a browser) has a copy of the mount, and it lives on.
            self.process.terminate()
        return self.end()

    def end(self):
        """Waits for the end of it."""
        try:
            _, said = self.process.communicate(timeout=PATIENCE)
        except subprocess.TimeoutExpired as late:
            raise AssertionError(f"it does not end; its threads are in {self.whereabouts()}") from late
        assert self.process.returncode == 0 or not self.is_mounted, said
        self.is_mounted = False
        return said

    def whereabouts(self):
        """What each of its threads waits for in the kernel; "0": for nothing."""
        return [(task / "wchan").read_text(encoding="ascii") for task in Path(f"/proc/{self.process.pid}/task").iterdir()]
