/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

/* Opcodes of RFC 6455, section 5.2. */
typedef enum {
  AP_OPCODE_CONTINUATION = 0x0,
  AP_OPCODE_TEXT = 0x1,
  AP_OPCODE_BINARY = 0x2,
  AP_OPCODE_CLOSE = 0x8,
  AP_OPCODE_PING = 0x9,
  AP_OPCODE_PONG = 0xa,
} ApOpcode;

/* Bytes on their way to a peer: appended at the end, taken from the front. An empty queue holds no memory. */
typedef struct {
  guint8 *data;
  gsize start; /* of what is queued, in @data */
  gsize length;
  gsize capacity;
} ApByteQueue;

void ap_byte_queue_append (ApByteQueue *queue, const guint8 *bytes, gsize length);
void ap_byte_queue_consume (ApByteQueue *queue, gsize length);
void ap_byte_queue_clear (ApByteQueue *queue);

/**
 * ap_message_write:
 * @queue: where the frame is appended
 * @data: (nullable): the payload; at most 125 bytes in a control frame
 *
 * Appends one unfragmented, unmasked frame: what a server sends (RFC 6455, section 5.1).
 */
void ap_message_write (ApByteQueue *queue, ApOpcode opcode, const guint8 *data, gsize length);
