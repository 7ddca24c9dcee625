/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* RFC 6455, sections 5.1 and 5.2: masks, reserved bits, opcodes, and every form of a length. */
#include "conversation.h"

static const Conversation masking[] = {
  { "/5.1/mask/zeros", "82/00000000:'hello'", "82:'hello'" },
  { "/5.1/mask/ones", "82/ffffffff:'hello'", "82:'hello'" },
  { "/5.1/mask/first-byte", "82/01000000:'hello'", "82:'hello'" },
  { "/5.1/mask/last-byte", "82/00000080:'hello'", "82:'hello'" },
  { "/5.1/mask/like-the-payload", "82/68656c6c:'hello'", "82:'hello'" },
  { "/5.1/mask/of-the-rfc", "82/37fa213d:'Hello'", "82:'Hello'" },
  { "/5.1/mask/without-payload", "82/01020304:", "82:" },
  { "/5.1/mask/1-byte", "82/01020304:a0", "82:a0" },
  { "/5.1/mask/2-bytes", "82/01020304:a0b0", "82:a0b0" },
  { "/5.1/mask/3-bytes", "82/01020304:a0b0c0", "82:a0b0c0" },
  { "/5.1/mask/4-bytes", "82/01020304:a0b0c0d0", "82:a0b0c0d0" },
  { "/5.1/mask/5-bytes", "82/01020304:a0b0c0d0e0", "82:a0b0c0d0e0" },
  { "/5.1/mask/7-bytes", "82/01020304:a0b0c0d0e0f011", "82:a0b0c0d0e0f011" },
  { "/5.1/mask/8-bytes", "82/01020304:a0b0c0d0e0f01122", "82:a0b0c0d0e0f01122" },
  { "/5.1/mask/9-bytes", "82/01020304:a0b0c0d0e0f0112233", "82:a0b0c0d0e0f0112233" },
  { "/5.1/mask/16-bit-length", "82/01020304:*1000", "82:*1000" },
  { "/5.1/mask/new-in-each-frame", "82/01020304:'one' 82/a0b0c0d0:'two'", "82:'one' 82:'two'" },
  { "/5.1/mask/new-in-each-fragment", "02/01020304:'abc' 80/a0b0c0d0:'def'", "82:'abcdef'" },
  { "/5.1/mask/of-a-ping", "89/01020304:'ping'", "8a:'ping'" },
  { "/5.1/mask/of-a-ping-inside", "02/01020304:'abc' 89/11121314:'p' 80/a0b0c0d0:'def'", "8a:'p' 82:'abcdef'" },
  { "/5.1/mask/of-a-close", "88/01020304:03e8+'bye'", "C1000" },
  /* "A server MUST close the connection upon receiving a frame that is not masked." */
  { "/5.1/unmasked/binary", "u82:'hello'", "C1002" },
  { "/5.1/unmasked/binary-empty", "u82:", "C1002" },
  { "/5.1/unmasked/binary-16-bit-length", "u82:*126", "C1002" },
  { "/5.1/unmasked/binary-64-bit-length", "u82:*65536", "C1002" },
  { "/5.1/unmasked/text", "u81:'hello'", "C1002" },
  { "/5.1/unmasked/text-empty", "u81:", "C1002" },
  { "/5.1/unmasked/ping", "u89:'ping'", "C1002" },
  { "/5.1/unmasked/ping-empty", "u89:", "C1002" },
  { "/5.1/unmasked/pong", "u8a:'pong'", "C1002" },
  { "/5.1/unmasked/close", "u88:03e8", "C1002" },
  { "/5.1/unmasked/close-empty", "u88:", "C1002" },
  { "/5.1/unmasked/first-fragment", "u02:'a' 80:'b'", "C1002" },
  { "/5.1/unmasked/last-fragment", "02:'a' u80:'b'", "C1002" },
  { "/5.1/unmasked/second-message", "82:'a' u82:'b' 82:'c'", "82:'a' C1002" },
  { "/5.1/unmasked/after-a-ping", "89:'p' u82:'b'", "8a:'p' C1002" },
  { "/5.1/unmasked/ping-inside-a-message", "02:'a' u89:'p' 80:'b'", "C1002" },
};

static const Conversation bits[] = {
  { "/5.2/rsv/1", "c2:'a'", "C1002" },
  { "/5.2/rsv/2", "a2:'a'", "C1002" },
  { "/5.2/rsv/3", "92:'a'", "C1002" },
  { "/5.2/rsv/1-and-2", "e2:'a'", "C1002" },
  { "/5.2/rsv/1-and-3", "d2:'a'", "C1002" },
  { "/5.2/rsv/2-and-3", "b2:'a'", "C1002" },
  { "/5.2/rsv/all", "f2:'a'", "C1002" },
  { "/5.2/rsv/1-empty", "c2:", "C1002" },
  { "/5.2/rsv/1-text", "c1:'a'", "C1002" },
  { "/5.2/rsv/1-long", "c2:*126", "C1002" },
  { "/5.2/rsv/1-first-fragment", "42:'a' 80:'b'", "C1002" },
  { "/5.2/rsv/1-last-fragment", "02:'a' c0:'b'", "C1002" },
  { "/5.2/rsv/2-middle-fragment", "02:'a' 20:'b' 80:'c'", "C1002" },
  { "/5.2/rsv/1-ping", "c9:'a'", "C1002" },
  { "/5.2/rsv/2-ping", "a9:", "C1002" },
  { "/5.2/rsv/3-ping", "99:", "C1002" },
  { "/5.2/rsv/1-pong", "ca:", "C1002" },
  { "/5.2/rsv/all-pong", "fa:'a'", "C1002" },
  { "/5.2/rsv/1-close", "c8:03e8", "C1002" },
  { "/5.2/rsv/3-close-empty", "98:", "C1002" },
  { "/5.2/rsv/after-a-message", "82:'a' c2:'b' 82:'c'", "82:'a' C1002" },
  { "/5.2/rsv/ping-inside-a-message", "02:'a' c9: 80:'b'", "C1002" },
};

#define RESERVED(digit)                                                                                                \
  { "/5.2/reserved-opcode/" digit "-empty", "8" digit ":", "C1002" },                                                  \
      { "/5.2/reserved-opcode/" digit, "8" digit ":'a'", "C1002" },                                                    \
      { "/5.2/reserved-opcode/" digit "-without-fin", "0" digit ":'a' 80:'b'", "C1002" },                              \
      { "/5.2/reserved-opcode/" digit "-long", "8" digit ":*126", "C1002" },                                           \
      { "/5.2/reserved-opcode/" digit "-inside-a-message", "02:'a' 8" digit ":'b' 80:'c'", "C1002" },                  \
  {                                                                                                                    \
    "/5.2/reserved-opcode/" digit "-after-a-message", "82:'a' 8" digit ":'b' 82:'c'", "82:'a' C1002"                   \
  }

static const Conversation opcodes[] = {
  { "/5.2/opcode/binary", "82:'a'", "82:'a'" },
  /* 7.4.1: 1003 is for a type of data that an endpoint cannot take. */
  { "/5.2/opcode/text", "81:'a'", "C1003" },
  { "/5.2/opcode/text-empty", "81:", "C1003" },
  { "/5.2/opcode/text-after-binary", "82:'a' 81:'b' 82:'c'", "82:'a' C1003" },
  { "/5.2/opcode/ping", "89:", "8a:" },
  { "/5.2/opcode/pong", "8a: 82:'a'", "82:'a'" },
  { "/5.2/opcode/close", "88:", "C" },
  RESERVED ("3"),
  RESERVED ("4"),
  RESERVED ("5"),
  RESERVED ("6"),
  RESERVED ("7"),
  RESERVED ("b"),
  RESERVED ("c"),
  RESERVED ("d"),
  RESERVED ("e"),
  RESERVED ("f"),
};

#define LENGTH(n)                                                                                                      \
  {                                                                                                                    \
    "/5.2/length/" #n, "82:*" #n, "82:*" #n                                                                            \
  }

static const Conversation lengths[] = {
  LENGTH (0),
  LENGTH (1),
  LENGTH (2),
  LENGTH (3),
  LENGTH (124),
  LENGTH (125),
  LENGTH (126),
  LENGTH (127),
  LENGTH (128),
  LENGTH (255),
  LENGTH (256),
  LENGTH (257),
  LENGTH (4079),
  LENGTH (4095),
  LENGTH (4096),
  LENGTH (4097),
  LENGTH (32767),
  LENGTH (32768),
  LENGTH (65534),
  LENGTH (65535),
  LENGTH (65536),
  LENGTH (65537),
  LENGTH (131072),
  LENGTH (1048576),
  { "/5.2/length/one-after-another", "82: 82:'a' 82:*126 82:*65536 82:", "82: 82:'a' 82:*126 82:*65536 82:" },
  { "/5.2/length/hundred-empty-ones", "100x82:", "100x82:" },
  { "/5.2/length/hundred-short-ones", "100x82:'a'", "100x82:'a'" },
  /* "In all cases, the minimal number of bytes MUST be used to encode the length." */
  { "/5.2/not-minimal/0-in-16-bits", "w82:", "C1002" },
  { "/5.2/not-minimal/1-in-16-bits", "w82:'a'", "C1002" },
  { "/5.2/not-minimal/125-in-16-bits", "w82:*125", "C1002" },
  { "/5.2/not-minimal/126-in-16-bits-is", "w82:*126", "82:*126" },
  { "/5.2/not-minimal/0-in-64-bits", "q82:", "C1002" },
  { "/5.2/not-minimal/1-in-64-bits", "q82:'a'", "C1002" },
  { "/5.2/not-minimal/125-in-64-bits", "q82:*125", "C1002" },
  { "/5.2/not-minimal/126-in-64-bits", "q82:*126", "C1002" },
  { "/5.2/not-minimal/127-in-64-bits", "q82:*127", "C1002" },
  { "/5.2/not-minimal/65535-in-64-bits", "q82:*65535", "C1002" },
  { "/5.2/not-minimal/65536-in-64-bits-is", "q82:*65536", "82:*65536" },
  { "/5.2/not-minimal/text", "w81:'a'", "C1002" },
  { "/5.2/not-minimal/continuation", "02:'a' w80:'b'", "C1002" },
  { "/5.2/not-minimal/ping-in-16-bits", "w89:'a'", "C1002" },
  { "/5.2/not-minimal/ping-in-64-bits", "q89:'a'", "C1002" },
  { "/5.2/not-minimal/pong-in-16-bits", "w8a:", "C1002" },
  { "/5.2/not-minimal/close-in-16-bits", "w88:03e8", "C1002" },
  { "/5.2/not-minimal/after-a-message", "82:'a' w82:'b' 82:'c'", "82:'a' C1002" },
  { "/5.2/not-minimal/told-by-the-header", "=82fe007d", "C1002" },
  { "/5.2/not-minimal/told-by-the-long-header", "=82ff000000000000ffff", "C1002" },
  /* "the most significant bit MUST be 0" */
  { "/5.2/63-bits/top-bit", "=82ff8000000000000000", "C1002" },
  { "/5.2/63-bits/top-bit-and-more", "=82ff8000000000000001+01020304+00", "C1002" },
  { "/5.2/63-bits/all-bits", "=82ffffffffffffffffff", "C1002" },
  { "/5.2/63-bits/largest", "=82ff7fffffffffffffff+00000000+00", "C1009" },
  { "/5.2/63-bits/4-gib", "=82ff0000000100000000+00000000+00", "C1009" },
  { "/5.2/63-bits/largest-in-a-fragment", "02:'a' =80ff7fffffffffffffff+00000000+00", "C1009" },
};

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  CONFORMANCE_ADD (masking);
  CONFORMANCE_ADD (bits);
  CONFORMANCE_ADD (opcodes);
  CONFORMANCE_ADD (lengths);
  return conformance_run (NULL, NULL);
}
