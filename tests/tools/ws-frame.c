/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Frames of RFC 6455 as bytes. */
#include "ws-frame.h"

#include <string.h>

void
ws_frame_free (WsFrame *frame)
{
  g_free (frame->data);
  g_free (frame);
}

static void
append_length (GByteArray *bytes, guint8 mask_bit, WsFlags flags, guint64 len)
{
  guint8 form = len > G_MAXUINT16 || (flags & WS_LENGTH_64) ? 127
                : len > 125 || (flags & WS_LENGTH_16)       ? 126
                                                            : (guint8)len;
  guint8 head[9] = { mask_bit | form };
  guint extra = form == 127 ? 8 : form == 126 ? 2 : 0;

  for (guint i = 0; i < extra; i++)
    head[extra - i] = (guint8)(len >> (8 * i));
  g_byte_array_append (bytes, head, 1 + extra);
}

GByteArray *
ws_frame_bytes (guint8 first_byte, WsFlags flags, gconstpointer data, gsize len)
{
  GByteArray *bytes = g_byte_array_sized_new ((guint)len + 14);
  gboolean masked = (flags & WS_UNMASKED) == 0;
  guint32 mask = g_random_int ();
  guint8 key[4];
  guint start;

  memcpy (key, &mask, sizeof key);
  g_byte_array_append (bytes, &first_byte, 1);
  append_length (bytes, masked ? 0x80 : 0, flags, len);
  if (masked)
    g_byte_array_append (bytes, key, sizeof key);
  start = bytes->len;
  if (len > 0)
    g_byte_array_append (bytes, data, (guint)len);
  for (guint i = 0; masked && i < len; i++)
    bytes->data[start + i] ^= key[i % 4];
  return bytes;
}

/* Reads the length that follows the first two bytes. Returns: bytes up to its end; 0 when they are not all there */
static gsize
parse_length (const guint8 *bytes, gsize len, guint64 *payload_len)
{
  guint8 form = len >= 2 ? bytes[1] & 0x7f : 0;
  gsize extra = form == 127 ? 8 : form == 126 ? 2 : 0;

  if (len < 2 + extra)
    return 0;
  *payload_len = extra == 0 ? form : 0;
  for (gsize i = 0; i < extra; i++)
    *payload_len = *payload_len << 8 | bytes[2 + i];
  return 2 + extra;
}

WsFrame *
ws_frame_parse (const guint8 *bytes, gsize len, gsize *taken)
{
  guint64 payload_len = 0;
  gsize head_len = parse_length (bytes, len, &payload_len);
  gboolean masked = head_len > 0 && (bytes[1] & 0x80) != 0;
  guint8 key[4] = { 0 };
  WsFrame *frame;

  if (masked && len >= head_len + 4)
    memcpy (key, bytes + head_len, sizeof key);
  if (masked)
    head_len += 4;
  if (head_len == 0 || len < head_len || len - head_len < payload_len)
    return NULL;
  frame = g_new0 (WsFrame, 1);
  frame->first_byte = bytes[0];
  frame->masked = masked;
  frame->len = payload_len;
  frame->data = g_malloc0 (payload_len + 1);
  for (gsize i = 0; i < payload_len; i++)
    frame->data[i] = bytes[head_len + i] ^ key[i % 4];
  *taken = head_len + payload_len;
  return frame;
}

char *
ws_frame_describe (const WsFrame *frame)
{
  static const char *const names[16] = { "continuation", "text", "binary", [8] = "close", "ping", "pong" };
  const char *name = names[frame->first_byte & 0x0f];

  if ((frame->first_byte & 0x0f) == WS_CLOSE && frame->len >= 2)
    return g_strdup_printf ("a close frame %u '%s'", frame->data[0] << 8 | frame->data[1], frame->data + 2);
  return g_strdup_printf ("a %s frame (first byte 0x%02x) of %" G_GSIZE_FORMAT " bytes",
                          name != NULL ? name : "reserved", frame->first_byte, frame->len);
}
