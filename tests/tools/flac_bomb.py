# SPDX-License-Identifier: LGPL-2.1-or-later
"""Silence as FLAC (RFC 9639), in frames as large as there are: each is 19 bytes or less, and 65,535 samples."""

import struct

BLOCK = 65535
RATE = 48000


def crc(data, width, polynomial):
    value, top = 0, 1 << (width - 1)
    for byte in data:
        value ^= byte << (width - 8)
        for _ in range(8):
            value = (value << 1 ^ polynomial if value & top else value << 1) & ((1 << width) - 1)
    return value


def coded_number(number):
    """As UTF-8 would (section 9.1.5)."""
    return chr(number).encode("utf-8", "surrogatepass")


def flac_frame(number):
    # Fixed block size; 16 bits of it follow; 48 kHz; two channels; 16 bits a sample.
    head = b"\xff\xf8\x7a\x18" + coded_number(number) + struct.pack(">H", BLOCK - 1)
    head += bytes([crc(head, 8, 0x07)])
    # Two constant subframes of value 0.
    body = head + bytes(6)
    return body + struct.pack(">H", crc(body, 16, 0x8005))


def flac_silence(seconds):
    frames = seconds * RATE // BLOCK
    rate_and_more = RATE << 44 | 1 << 41 | 15 << 36 | frames * BLOCK
    info = struct.pack(">HH", BLOCK, BLOCK) + bytes(6) + rate_and_more.to_bytes(8, "big") + bytes(16)
    return b"fLaC\x80" + len(info).to_bytes(3, "big") + info + b"".join(map(flac_frame, range(frames)))
