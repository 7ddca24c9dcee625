/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The language of the conformance tests: a case is a row of what a client sends and what a server has to answer. TCP
 * knows no frames, so every conversation is delivered in one piece, byte by byte, and cut in two at each position.
 *
 * What is sent, as words with a space between them:
 *
 *   82:PAYLOAD           a frame: its first byte in hexadecimal, its payload, under a random mask
 *   82/01020304:PAYLOAD  the same under that mask
 *   u82:PAYLOAD          without a mask
 *   w82:PAYLOAD          with its length in 16 bits, however short it is; q: in 64 bits
 *   82:PAYLOAD!9         only the first nine bytes of the frame
 *   =82fe                these bytes
 *   100x82:PAYLOAD       any of these a hundred times
 *
 * A payload is made of parts with a + between them: hexadecimal digits, 'text', and *N for N times the letter x.
 *
 * What is expected: frames as above; last, C1002 is a close frame with that code and then the end of the connection, C
 * one without a code. Without such a word the server must be ready for more, and closes when it is asked to. Pongs and
 * messages are answered in order among themselves; which of the two comes first is the server's business.
 */
#pragma once

#include "../support.h"

typedef struct {
  const char *name; /* of the test: chapter of RFC 6455, then the rule */
  const char *sent;
  const char *expected;
} Conversation;

/* The port of the server under test, which has one worker. */
guint16 conformance_port (void);
ServerProcess *conformance_server (void);
WsClient *conformance_connect (void);

/* When this returns, the server has read what any client has sent before. */
void conformance_sync (void);

/* Waits until no other client than the one behind conformance_sync() is left. */
void conformance_wait_gone (void);

/* Returns: (transfer full): the bytes that words stand for */
GByteArray *conversation_bytes (const char *sent);

/* Reads what the words expect. Returns: whether it came */
gboolean conversation_check (WsClient *client, const char *expected);

/* Adds each row as a test; those of @row live as long as the program. */
void conformance_add_rows (const Conversation *rows, gsize n);
void conformance_add (const char *name, const char *sent, const char *expected);
#define CONFORMANCE_ADD(rows) conformance_add_rows (rows, G_N_ELEMENTS (rows))

/* Starts the server with one worker and runs what was added. Returns: the exit code of the program */
int conformance_run (const char *option, const char *value);
