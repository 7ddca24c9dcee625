#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Writes the corpora of the fuzz targets: corpus/NAME/*. To be run by hand when a case is added; what a fuzzer finds is
added as it is.
"""

import re
import struct
from pathlib import Path

HERE = Path(__file__).parent / "corpus"
DOCS = Path(__file__).parents[2] / "docs/protocols"
KEY = bytes.fromhex("37fa213d")  # of the examples in RFC 6455, section 5.7
FIN, CONTINUATION, TEXT, BINARY, CLOSE, PING, PONG = 0x80, 0, 1, 2, 8, 9, 10


def frame(first, payload=b"", masked=True, length=None):
    n = len(payload) if length is None else length
    bit = 0x80 if masked else 0
    head = bytes([first, bit | n]) if n < 126 else \
        bytes([first, bit | 126]) + struct.pack(">H", n) if n < 65536 else bytes([first, bit | 127]) + struct.pack(">Q", n)
    return head + (KEY + bytes(b ^ KEY[i % 4] for i, b in enumerate(payload)) if masked else payload)


def close(code, reason=b""):
    return frame(FIN | CLOSE, struct.pack(">H", code) + reason)


STREAMS = {  # name: (limit, bytes)
    "rfc-masked-text": (1000, frame(FIN | TEXT, b"Hello")),
    "rfc-unmasked-text": (1000, frame(FIN | TEXT, b"Hello", masked=False)),
    "rfc-fragmented-text": (1000, frame(TEXT, b"Hel") + frame(FIN | CONTINUATION, b"lo")),
    "rfc-ping-and-pong": (1000, frame(FIN | PING, b"Hello") + frame(FIN | PONG, b"Hello")),
    "rfc-binary-256": (1000, frame(FIN | BINARY, bytes(range(256)))),
    "rfc-binary-64k-header": (65535, frame(FIN | BINARY, b"start", length=65536)),
    "empty-messages": (0, frame(FIN | TEXT) + frame(FIN | BINARY) + frame(BINARY) + frame(FIN | CONTINUATION)),
    "control-between-fragments": (1000, frame(TEXT, "caf".encode()) + frame(FIN | PING, b"p") + frame(CONTINUATION, b"\xc3")
                                  + frame(FIN | PONG) + frame(FIN | CONTINUATION, b"\xa9")),
    "text-with-nul": (1000, frame(FIN | TEXT, b"a\0b\0") + frame(TEXT, b"\0") + frame(FIN | CONTINUATION, b"\0\xc3\xa9")),
    "text-not-utf-8": (1000, frame(FIN | TEXT, b"ab\xff")),
    "text-ends-inside-character": (1000, frame(FIN | TEXT, b"\xe2\x82")),
    "text-overlong": (1000, frame(FIN | TEXT, b"\xe0\x80\x80")),
    "text-surrogate": (1000, frame(FIN | TEXT, b"\xed\xa0\x80")),
    "text-beyond-last": (1000, frame(FIN | TEXT, b"\xf4\x90\x80\x80")),
    "text-nul-inside-character": (1000, frame(TEXT, b"\xec\0ab")),
    "text-four-bytes-cut": (1000, frame(TEXT, b"\xf0\x9f") + frame(FIN | CONTINUATION, b"\x8e\xa7")),
    "at-the-limit": (300, frame(BINARY, bytes(150)) + frame(FIN | CONTINUATION, bytes(150))),
    "over-the-limit": (300, frame(BINARY, bytes(150)) + frame(FIN | CONTINUATION, bytes(151))),
    "larger-than-a-buffer": (20000, frame(FIN | BINARY, bytes(i % 251 for i in range(5000)))),
    "close-normal": (1000, close(1000, b"bye") + frame(FIN | TEXT, b"late")),
    "close-empty": (1000, frame(FIN | CLOSE)),
    "close-half-a-code": (1000, frame(FIN | CLOSE, b"\x03")),
    "close-forbidden-code": (1000, close(1006)),
    "close-reason-not-utf-8": (1000, close(1000, b"\xff")),
    "close-longest": (1000, close(4999, b"x" * 123)),
    "ping-too-long": (1000, frame(FIN | PING, bytes(126))),
    "ping-in-fragments": (1000, frame(PING)),
    "reserved-bits": (1000, frame(FIN | 0x40 | BINARY)),
    "unknown-opcode": (1000, frame(FIN | 3)),
    "continuation-of-nothing": (1000, frame(FIN | CONTINUATION)),
    "message-in-message": (1000, frame(TEXT, b"a") + frame(FIN | TEXT, b"b")),
    "length-not-shortest-16": (1000, bytes.fromhex("82fe0005") + KEY + b"Hello"),
    "length-not-shortest-64": (1000, bytes.fromhex("82ff0000000000000005") + KEY + b"Hello"),
    "length-over-63-bits": (1000, bytes.fromhex("82ffffffffffffffffff") + KEY + b"x"),
    "length-63-bits": (1000, bytes.fromhex("82ff7fffffffffffffff") + KEY + b"x"),
}

TEXTS = {
    "empty": "",
    "typical": "# settings\nAUDIO_PORT=9000\nexport AUDIO_PIPELINE=\"mulawenc_demo ! mulawdec_demo\"\n\nOTHER='x'  # why\n",
    "windows": "A=1\r\nB=2\r\n",
    "spaces": " \t A \t= \t 1 2 \t\n",
    "comments": "A=1 # c\nB=1#c\nC=#c\nD= # c\n#E=1\n",
    "quotes": "A=\"it's\"\nB='say \"hi\"'\nC=\"\"\nD=a\"b'c\n",
    "unclosed": "A=\"x\nB=1\n",
    "no-equals": "A\n",
    "no-key": "=1\n",
    "bad-key": "1A=1\n",
    "utf-8": "A=caf\u00e9 \U0001f3a7\n",
    "export": "export A=1\nexport=2\nexport  B=3\n",
}


JSON = {
    "empty": b"",
    "values": b'[null,true,false,0,-1,1.5,-0.25e+10,1E2,"",{},[]]',
    "nested": b'{"a":{"b":[{"c":[[1],[]]},2],"d":{}},"e":"f"}',
    "same-names": b'{"a":1,"b":2,"a":{"a":3}}',
    "escapes": b'"\\"\\\\\\/\\b\\f\\n\\r\\t\\u0041\\u00e9\\ud83c\\udfa7"',
    "half-a-pair": b'["\\ud83c","\\udfa7","\\u0000"]',
    "utf-8": '{"caf\u00e9":"\U0001f3a7 and a longer run of plain text"}'.encode(),
    "not-utf-8": b'"\xc3\x28"',
    "deep": b"[" * 17 + b"]" * 17,
    "deepest": b"[" * 16 + b"]" * 16,
    "numbers": b"[9223372036854775807,-9223372036854775808,18446744073709551616,1e400,0.1]",
    "comment": b"/* a */ {\"a\":1} // b",
    "comma": b'{"a":[1,],}',
    "leading-zero": b"[01,-01,0x1f,1.,.5,+1]",
    "spaces": b' \t\r\n{ "a" : [ 1 , 2 ] } ',
}


def call_messages():
    """The examples of the pages; their first byte is the dialect's place in the table."""
    places = {"From Twilio": b"\0", "To Twilio": b"\0", "Telnyx": b"\2", "Vonage": b"\3", "Asterisk": b"\4",
              "Plivo": b"\6", "Exotel": b"\7", "jambonz": b"\x08"}
    found = {}
    for page in ("twilio.md", "call-adapters.md"):
        for chapter in re.split(r"^## ", (DOCS / page).read_text(encoding="utf-8"), flags=re.MULTILINE)[1:]:
            title = chapter.split("\n", 1)[0]
            for i, block in enumerate(re.findall(r"```(?:json|text)\n(.*?)\n```", chapter, flags=re.DOTALL)):
                found[f"{title.lower().replace(' ', '-')}-{i}"] = places[title] + block.encode()
    return found


def ramp(step, n):
    return b"".join(struct.pack("<H", i * step & 0xffff) for i in range(n))


SAMPLES = {
    "silence": bytes(641),
    "one": b"\0\x01\x02",
    "half-a-sample": b"\0\x01",
    "extremes": b"\3" + struct.pack("<8h", 0, -1, 1, 32767, -32768, -32767, 31612, -31612) * 9,
    "every-128th": b"\1" + ramp(128, 512),
    "every-33rd": b"\2" + ramp(33, 1987),
    "ties": b"\0" + b"".join(struct.pack("<h", -(((33 + 2 * i) << s) * 4 - 132) // 2) for s in range(7) for i in range(16)),
    "all-codes": b"\5" + bytes(range(256)) * 3,
}


WEBHOOKS = {  # the address, then the fields
    "no-fields": "wss://example.com/ws",
    "no-path": "wss://example.com\n",
    "port": "https://example.com:8443/twiml?x=%20#y\na=1",
    "ipv6": "[2001:db8::1]:8001\nCallSid=CA1234567890ABCDE&Caller=%2B14158675309",
    "host": "voice.example , 10.0.0.1\na=1&b=2&a=1&&c",
    "not-a-host": "\"><Dial>\na=%22%3E%3CDial%3E%26%27",
    "public": "HTTPS://Voice.Example:443/calls/\ncaf%C3%A9=%E2%82%AC+%0a%09%0D",
    "broken-escape": "http://a\na=%2&b=%zz&c=%00&d=%FF",
    "control": "wss://a/\x02\na=%01",
}

HANDSHAKE = ("GET /ws HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
             "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n")

REQUESTS = {  # the first byte: a request, its target, its query, further headers
    "get": "\0GET /health HTTP/1.1\r\nHost: x\r\n\r\n",
    "head": "\0HEAD /health HTTP/1.1\r\nHost: x\r\n\r\n",
    "http-1.0": "\0GET /health HTTP/1.0\r\n\r\n",
    "handshake": "\0" + HANDSHAKE,
    "handshake-and-frame": "\0" + HANDSHAKE + "\x82\x81abcd1",
    "two-requests": "\0GET /health HTTP/1.1\r\nHost: x\r\n\r\nGET /health HTTP/1.1\r\nHost: x\r\n\r\n",
    "body": "\0POST /health HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\nhello",
    "body-half": "\0POST /health HTTP/1.1\r\nHost: x\r\nContent-Length: 50\r\n\r\nhello",
    "chunks": "\0POST /ws HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n",
    "length-and-chunks": "\0POST /ws HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    "length-negative": "\0POST /health HTTP/1.1\r\nHost: x\r\nContent-Length: -1\r\n\r\n",
    "expect": "\0POST /health HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nContent-Length: 5\r\n\r\nhello",
    "range": "\0GET /health HTTP/1.1\r\nHost: x\r\nRange: bytes=0-0,1-1,-1\r\n\r\n",
    "two-hosts": "\0GET /health HTTP/1.1\r\nHost: x\r\nHost: y\r\n\r\n",
    "connect": "\0CONNECT x:80 HTTP/1.1\r\nHost: x\r\n\r\n",
    "options-star": "\0OPTIONS * HTTP/1.1\r\nHost: x\r\n\r\n",
    "folded": "\0GET /health HTTP/1.1\r\nHost: x\r\nX-Long: a\r\n b\r\n\r\n",
    "half": "\0GET /health HTTP/1.1\r\nHo",
    "not-http": "\0\x16\x03\x01\x02\0\x01\0\x01\xfc\x03\x03",
    "target-absolute": "\1http://x/health",
    "target-dots": "\1/../ws/./..//health",
    "target-percent": "\1/%68ealth%2f%00%zz%",
    "target-fragment": "\1/health#top",
    "query-typical": "\2a=1&b=2",
    "query-percent": "\2a=%41%zz%&=&&a",
    "query-brackets": "\2[]{}|\\^`<>\"",
    "headers-origin": "\3Origin: https://voice.example\r\n",
    "headers-bad-origin": "\3Origin: null\r\n",
    "headers-protocol": "\3Sec-WebSocket-Protocol: audio, bearer.x",
    "headers-extension": "\3Sec-WebSocket-Extensions: permessage-deflate; client_max_window_bits",
    "headers-two-keys": "\3Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==",
    "headers-no-colon": "\3no colon here\r\n: nothing\r\n",
}

REQUESTS |= {
    "call": "\0POST /calls/CA1 HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\nhello",
    "encoding-unknown": "\0POST /calls/a HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: gzip\r\n\r\n",
    "encoding-folded": "\0POST /calls/a HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n x\r\n\r\n",
    "encoding-in-two": "\0POST /calls/a HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chun ked\r\n\r\n",
    "encoding-with-nul": "\0POST /calls/a HTTP/1.1\r\nHost: x\r\nTrans\0fer-Encoding: gzip\r\n\r\n",
    "encoding-behind-no-end": "\0POST /calls/a HTTP/1.1\r\nHost: x\r\n\r\r\nTransfer-Encoding: gzip\r\n\r\n",
    "length-no-number": "\0POST /calls/a HTTP/1.1\r\nHost: x\r\nContent-Length: 5x\r\n\r\nhello",
    "call-empty": "\0POST /calls/a HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n",
    "call-too-large": "\0POST /calls/a%2Fb HTTP/1.1\r\nHost: x\r\nContent-Length: 65\r\n\r\n" + "x" * 65,
    "call-chunked": "\0POST /calls/a HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n",
    "named": "\0" + HANDSHAKE.replace("/ws", "/named").replace("\r\n\r\n", "\r\nSec-WebSocket-Protocol: x, audio\r\n\r\n"),
}

TARGETS = {
    "typical": "/calls/CA%31?a=1&b=two+words",
    "slash": "/calls/a%2Fhangup",
    "empty-segments": "//calls//",
    "not-utf-8": "/%ff?a=%ff",
    "nul": "/%00?%00=1",
    "half-escape": "/%4?a=%",
    "query-only": "?a",
    "query-empty": "/health?",
    "query-repeated": "/health?a=1&a=2&&=&b==",
    "dots": "/./../health",
}

ORIGINS = {
    "same": "http://a.example\na.example\n",
    "same-port": "https://a.example:8001\na.example:8001\n",
    "default-port": "https://a.example\na.example:443\n",
    "other-default-port": "http://a.example\na.example:443\n",
    "named": "https://b.example\na.example\nhttps://c.example,https://b.example",
    "any": "https://b.example\na.example\n*",
    "null": "null\na.example\n",
    "suffix": "http://a.example.evil\na.example\n",
    "user": "http://a.example@evil\na.example\n",
    "ipv6": "http://[::1]:80\n[::1]\n",
    "empty": "\n\n",
    "no-host": "http://\n:80\n,",
}

ARGUMENTS = {
    "none": "--",
    "typical": "--host\n127.0.0.1\n--port\n0\n--workers=2\n--no-log-frames",
    "numbers": "--port=70000\n--max-frame-bytes=0x10\n--drain-seconds=-1",
    "caps": "--caps\naudio/x-raw,format=S16LE,rate=16000,channels=1,layout=interleaved",
    "caps-mulaw": "--caps=audio/x-mulaw,rate=8000,channels=1",
    "caps-lists": "--caps=audio/x-raw,format={S16LE,F32LE},rate=[1,max]",
    "caps-features": "--caps=audio/x-raw(memory:X),channels=2,channel-mask=(bitmask)0x3,rate=8000,format=F32LE",
    "caps-any": "--caps=ANY",
    "caps-broken": "--caps=audio/x-raw,format=(string",
    "caps-nested": "--caps=a/b,x=(structure)[y,z=(caps)[c/d]]",
    "mode": "--pipeline-mode\nqueued\n--pipeline\nidentity",
    "unknown": "--sound\nstart",
    "short": "-p\n-h\n-xyz",
    "not-utf-8": "--host=\xff",
    "help": "--help\n--port=x",
}

# Indices of the words of fuzz-elements.c; over 127 without a space before it.
WORDS = {
    "one": [1],
    "codec": [3, 0, 4],
    "converted": [6, 0, 7, 0, 8, 20],
    "named": [9, 15, 0, 10],
    "properties": [1, 16, 17],
    "bad-property": [3, 19],
    "caps": [6, 0, 24, 0, 1],
    "caps-broken": [1, 0, 26, 0, 1],
    "bins": [12, 1, 0, 1, 13],
    "quotes": [1, 28, 29, 30],
    "dangling": [1, 0],
    "drop": [1, 34],
}


CONTROLS = {
    "empty": "",
    "close": '{"type":"control","action":"close_session"}',
    "status": ' {"action":"status","type":"control"} ',
    "escaped": '{"\\u0074ype":"control","act\\u0069on":"st\\u0061tus"}',
    "more": '{"type":"control","id":[1,{"action":"x"}],"action":"status","n":null}',
    "twice": '{"type":"x","type":"control","action":"x","action":"close_session"}',
    "nested": '{"type":{"type":"control"},"action":["status"]}',
    "unknown": '{"type":"control","action":"delete"}',
    "no-action": '{"type":"control"}',
    "array": '["control","status"]',
    "deep": '{"a":' + "[" * 20 + "]" * 20 + "}",
    "surrogate": '{"type":"control","action":"\\ud800"}',
    "nul": '{"type":"control\\u0000","action":"status\0"}',
}

QUERIES = {
    "empty": "",
    "defaults": "\n\n\n",
    "typical": "user123\n48000\n2\nmp3",
    "all-wrong": "\x1b\n44101\n3\nm4a",
    "name": "J\u00fcrgen \U0001f3a7\n8000\n1\nwebm",
    "name-of-controls": "a\u0085b\n\n\n",
    "name-too-long": "\u00e9" * 129,
    "number-signs": "\n+8000\n01\nwav ",
}


def crc32c(data, crc=0):
    crc ^= 0xffffffff
    for byte in data:
        crc ^= byte
        for _ in range(8):
            crc = crc >> 1 ^ (0x82f63b78 if crc & 1 else 0)
    return crc ^ 0xffffffff


def journal(*records, user=b"somebody", last_seq=0, carry=b"", version=3):
    """A recording's journal. A record: (type, seq, payload), as in server/endpoints/recording/files/ap-journal-record.h."""
    data = struct.pack("<36sBBBBIIqqqQQQQ8sH", b"0a1b2c3d-4e5f-4071-8293-a4b5c6d7e8f9", 2, 0, len(carry), 0, 44100, 2, 1, 2, 0,
                       7, 8, 9, last_seq, carry, 0xffff if user is None else len(user)) + (user or b"") + (b"" if version == 1 else struct.pack("<QQ", 0, SECRET))
    head = struct.pack("<8sI", b"APJRNL%d\n" % version, 16 + len(data))
    seed = crc32c(head + data)
    out = head + struct.pack("<I", seed) + data
    for kind, seq, payload in records:
        word = struct.unpack("<I", kind)[0] ^ (0 if version == 1 else SECRET & 0xffffffff)
        fields = struct.pack("<IIQq", word, len(payload), seq, 1000 * seq)
        fields += struct.pack("<HH", seq == 1, 4) if version == 1 else struct.pack("<BBH", seq == 1, 4, 0)
        place = struct.pack("<Q", len(out)) if version > 2 else b""
        out += fields + struct.pack("<I", crc32c(place + fields + payload, seed)) + payload
    return out


def torn(data, place):
    """With some bytes that are no record in it."""
    return data[:place] + b"damaged" + data[place:]


SECRET = 0x1122334455667788
OLD_CHUNKS = [(b"CHNK", 1, b"hello"), (b"CHNK", 2, b""), (b"RJCT", 2, b""), (b"CHNK", 3, bytes(100))]
CHUNKS = OLD_CHUNKS[:3] + [(b"CHNK", 2, bytes(100))]
JOURNALS = {
    "empty": journal(),
    "nobody": journal(user=None),
    "chunks": journal(*CHUNKS),
    "ended": journal(*CHUNKS, (b"END ", 2, b"")),
    "after-the-end": journal(*CHUNKS, (b"END ", 2, b""), (b"CHNK", 3, b"late")),
    "damaged": torn(journal(*CHUNKS, (b"END ", 2, b"")), 160),
    "damaged-rejection": torn(journal(*CHUNKS, (b"END ", 2, b"")), 225),
    "old": journal(*OLD_CHUNKS, (b"END ", 3, b""), version=1),
    "old-rotated": journal((b"CHNK", 42, b"x"), last_seq=41, carry=b"abc", version=1),
    "version-2": torn(journal(*CHUNKS, (b"END ", 2, b""), version=2), 160),
    "displaced": journal(*CHUNKS)[:-100] + bytes(200) + journal(*CHUNKS)[-132:],
    "rotated": journal((b"CHNK", 42, b"x"), last_seq=41, carry=b"abc"),
    "compacted": journal((b"END ", 41, b""), last_seq=41),
    "gap": journal(CHUNKS[0], (b"CHNK", 3, b"x")),
    "twice-rejected": journal(*CHUNKS[:3], (b"RJCT", 2, b"")),
    "torn": journal(*CHUNKS)[:-1],
    "last-seq": journal((b"CHNK", 0, b"x"), last_seq=2**64 - 1),
}


def write(name, inputs):
    folder = HERE / name
    folder.mkdir(parents=True, exist_ok=True)
    for file, data in inputs.items():
        (folder / file).write_bytes(data)


def ogg(number, flags, granule, *packets, serial=1, segments=None, version=0):
    """A page; the checksum is the target's to compute, where the input's first byte is odd."""
    body = b"".join(packets)
    table = segments if segments is not None else b"".join(b"\xff" * (len(p) // 255) + bytes([len(p) % 255]) for p in packets)
    return b"OggS" + bytes([version, flags]) + struct.pack("<qIII", granule, serial, number, 0) + bytes([len(table)]) + table + body


OPUS_HEAD = b"OpusHead\1\1" + struct.pack("<HIH", 312, 48000, 0) + b"\0\0"
OPUS_51 = b"OpusHead\1\6" + struct.pack("<HIH", 312, 48000, 0) + b"\1\4\2\0\4\1\2\3\5\0"
SILENCE = b"\xf8\xff\xfe"
OGGS = {
    "opus": ogg(0, 2, 0, OPUS_HEAD) + ogg(1, 0, 0, b"OpusTags" + bytes(8)) + ogg(2, 4, 1920, SILENCE, SILENCE),
    "six-channels": ogg(0, 2, 0, OPUS_51) + ogg(1, 4, 960, SILENCE),
    "over-pages": ogg(0, 2, 0, OPUS_HEAD) + ogg(1, 0, -1, bytes(255), segments=b"\xff")
                  + ogg(2, 1, 5, b"end" + bytes(255), segments=b"\3\xff") + ogg(3, 5, 6, b"of", b"", b"it"),
    "gap": ogg(0, 2, 0, OPUS_HEAD) + ogg(1, 0, -1, bytes(255), segments=b"\xff") + ogg(3, 1, 5, b"end", SILENCE),
    "not-continued": ogg(0, 2, 0, OPUS_HEAD) + ogg(1, 0, -1, bytes(255), segments=b"\xff") + ogg(2, 0, 5, SILENCE),
    "beside": ogg(0, 2, 0, b"odd", serial=9) + ogg(0, 2, 0, OPUS_HEAD) + ogg(1, 0, 3, b"x", serial=9) + ogg(1, 4, 960, SILENCE),
    "chain": (ogg(0, 2, 0, OPUS_HEAD) + ogg(1, 4, 960, SILENCE)) * 2 + ogg(0, 2, 0, OPUS_HEAD, serial=3),
    "garbage": b"OggOggS\0" + ogg(0, 2, 0, OPUS_HEAD) + b"OggSOggS" + ogg(1, 0, 960, SILENCE) + b"Ogg",
    "version": ogg(0, 2, 0, OPUS_HEAD, version=1) + ogg(0, 2, 0, OPUS_HEAD) + ogg(1, 0, 960, SILENCE, version=1),
    "pages-in-pages": ogg(0, 2, 0, OPUS_HEAD) + ogg(1, 0, 1, ogg(1, 0, 960, SILENCE), segments=b"\xff\xff\xff")
                      + ogg(1, 0, 960, SILENCE),
    "nothing": ogg(0, 2, 0, OPUS_HEAD) + ogg(1, 0, 7, segments=b"") + ogg(2, 4, 8, segments=b""),
    "unwanted": ogg(0, 2, 0, b"odd") + ogg(1, 0, 1, SILENCE),
}


def adts(length, index=4, channels=2):
    """A frame of zeros."""
    return bytes((0xff, 0xf1, 0x40 | index << 2 | channels >> 2, (channels & 3) << 6 | length >> 11, length >> 3 & 255,
                  (length & 7) << 5 | 0x1f, 0xfc)) + bytes(length - 7)


ADTS = {
    "frames": adts(20) * 5,
    "garbage": b"ID3\xff\xf1" + adts(9) * 2 + b"\xff\xff\xf1no" + adts(12) * 2 + b"TAG",
    "change": adts(10) * 2 + adts(11, 8, 1) * 2 + adts(12) + adts(13, 8, 1) * 2,
    "false-header": adts(30)[:12] + adts(9) * 4,
    "cut-off": adts(10) * 3 + adts(200)[:100],
    "long": adts(8191) + adts(8),
}


if __name__ == "__main__":
    write("adts-reader", {name: b"\4" + data for name, data in ADTS.items()})
    write("message-reader", {name: struct.pack("<HH", limit, len(name)) + data for name, (limit, data) in STREAMS.items()})
    write("env-file", {name: text.encode() for name, text in TEXTS.items()} | {"not-utf-8": b"A=\xff\n", "nul": b"A=1\0B=2\n"})
    write("mulaw-kernel", SAMPLES)
    write("json-scanner", JSON)
    write("ogg-reader", {name: b"\x0f" + data for name, data in OGGS.items()} | {"bad-checksums": b"\x0e" + OGGS["opus"]})
    write("journal", JOURNALS)
    write("call-message", call_messages() | {
        "odd": b'\0{"event":"media","media":{"chunk":"0","timestamp":1.5,"track":"outbound","payload":"\\/w=\\u003d"}}',
        "start-names": b'\1{"event":"start","start":{"streamSid":"s","tracks":["inbound","outbound"],"customParameters":'
                       b'{"a.b":"c\\n","d":5},"mediaFormat":{"encoding":"L16@16000h","channels":"1"}}}',
        "json-of-asterisk": b'\5{"event":"MEDIA_XOFF","channel_id":"c"}',
        "digit": b'\3{"event":"websocket:dtmf","dtmf":{"digit":"7"}}',
    })
    write("recording-control", {name: text.encode() for name, text in CONTROLS.items()} | {"not-utf-8": b'{"type":"\xff"}'})
    write("recording-query", {name: text.encode() for name, text in QUERIES.items()} | {"not-utf-8": b"a\xffb\n8000\n1\nogg"})
    write("twilio-webhook", {name: text.encode() for name, text in WEBHOOKS.items()})
    write("http", {name: text.encode("latin-1") for name, text in REQUESTS.items()})
    write("target", {name: text.encode() for name, text in TARGETS.items()})
    write("origin", {name: text.encode() for name, text in ORIGINS.items()})
    write("options", {name: text.encode("latin-1") for name, text in ARGUMENTS.items()})
    write("elements", {name: bytes(indices) for name, indices in WORDS.items()})
