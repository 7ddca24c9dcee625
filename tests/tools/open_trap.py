# SPDX-License-Identifier: LGPL-2.1-or-later
"""Holds whoever opens a file of a folder (fanotify, which wants root): what is over in no time cannot be missed."""

import ctypes
import os
import select
import struct
import time

INIT = 0x1 | 0x4  # FAN_CLOEXEC | FAN_CLASS_CONTENT
ADD = 0x1  # FAN_MARK_ADD
OPENED = 0x10000 | 0x8000000  # FAN_OPEN_PERM | FAN_EVENT_ON_CHILD
ALLOW = 0x1
AT_FDCWD = -100
EVENT = struct.Struct("=IBBHQii")  # struct fanotify_event_metadata


class OpenTrap:
    """None of the files can be opened until catch() is called."""

    @classmethod
    def set(cls, folder):
        """None: the system does not allow it."""
        libc = ctypes.CDLL(None)
        if not hasattr(libc, "fanotify_init"):
            return None
        self = cls()
        self.fd = libc.fanotify_init(INIT, os.O_RDONLY)
        if self.fd >= 0 and libc.fanotify_mark(self.fd, ADD, ctypes.c_uint64(OPENED), AT_FDCWD, os.fsencode(folder)) == 0:
            return self
        if self.fd >= 0:
            os.close(self.fd)
        return None

    def catch(self, suffix, then, patience):
        """Lets all files be opened but the first one whose name ends with `suffix`: while that is held, `then` is called."""
        end, caught = time.monotonic() + patience, False
        try:
            while not caught:
                ready, _, _ = select.select([self.fd], [], [], max(end - time.monotonic(), 0))
                assert ready, f"no {suffix} has been opened"
                caught = any([self.look(event, suffix, then) for event in EVENT.iter_unpack(os.read(self.fd, EVENT.size))])
        finally:
            os.close(self.fd)

    def look(self, event, suffix, then):
        fd = event[5]
        try:
            if os.readlink(f"/proc/self/fd/{fd}").endswith(suffix):
                then()
                return True
            os.write(self.fd, struct.pack("=iI", fd, ALLOW))
            return False
        finally:
            os.close(fd)
