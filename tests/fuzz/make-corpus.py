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
    places = {"From Twilio": b"\0", "To Twilio": b"\0", "Telnyx": b"\2", "Vonage": b"\3", "Asterisk": b"\4"}
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


def write(name, inputs):
    folder = HERE / name
    folder.mkdir(parents=True, exist_ok=True)
    for file, data in inputs.items():
        (folder / file).write_bytes(data)


if __name__ == "__main__":
    write("message-reader", {name: struct.pack("<HH", limit, len(name)) + data for name, (limit, data) in STREAMS.items()})
    write("env-file", {name: text.encode() for name, text in TEXTS.items()} | {"not-utf-8": b"A=\xff\n", "nul": b"A=1\0B=2\n"})
    write("mulaw-kernel", SAMPLES)
    write("json-scanner", JSON)
    write("call-message", call_messages() | {
        "odd": b'\0{"event":"media","media":{"chunk":"0","timestamp":1.5,"track":"outbound","payload":"\\/w=\\u003d"}}',
        "start-names": b'\1{"event":"start","start":{"streamSid":"s","tracks":["inbound","outbound"],"customParameters":'
                       b'{"a.b":"c\\n","d":5},"mediaFormat":{"encoding":"L16@16000h","channels":"1"}}}',
        "json-of-asterisk": b'\5{"event":"MEDIA_XOFF","channel_id":"c"}',
        "digit": b'\3{"event":"websocket:dtmf","dtmf":{"digit":"7"}}',
    })
    write("twilio-webhook", {name: text.encode() for name, text in WEBHOOKS.items()})
