/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The frames of a WebSocket client (RFC 6455, section 5.2), for tests of the server's own rooms. */
#pragma once

#include <glib.h>

enum { FIN = 0x80, CONTINUATION = 0x0, TEXT = 0x1, BINARY = 0x2, CLOSE = 0x8, PING = 0x9, PONG = 0xa };

/* Appends the first byte and the length of a frame whose payload is @length bytes. */
static inline void
append_frame_header (GByteArray *bytes, guint8 first_byte, guint8 mask_bit, guint64 length)
{
  guint8 header[10] = { first_byte, mask_bit };
  guint n_extended = length < 126 ? 0 : length <= G_MAXUINT16 ? 2 : 8;

  header[1] |= n_extended == 0 ? (guint8)length : n_extended == 2 ? 126 : 127;
  for (guint i = 0; i < n_extended; i++)
    header[2 + i] = (guint8)(length >> (8 * (n_extended - 1 - i)));
  g_byte_array_append (bytes, header, 2 + n_extended);
}

/* Appends a frame as a client must send it: masked, with the key of the RFC's own examples. */
static inline void
append_client_frame (GByteArray *bytes, guint8 first_byte, const void *payload, gsize length)
{
  static const guint8 key[4] = { 0x37, 0xfa, 0x21, 0x3d };
  guint start;

  append_frame_header (bytes, first_byte, 0x80, length);
  g_byte_array_append (bytes, key, sizeof key);
  start = bytes->len;
  g_byte_array_set_size (bytes, start + (guint)length);
  for (gsize i = 0; i < length; i++)
    bytes->data[start + i] = ((const guint8 *)payload)[i] ^ key[i % 4];
}
