/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "ogg-pages.h"

#include <string.h>

enum { HEADER = 27, CHECKSUM = 22, N_SEGMENTS = 26 };

gsize
ogg_page_length (const guint8 *page)
{
  gsize length = HEADER + page[N_SEGMENTS];

  for (guint i = 0; i < page[N_SEGMENTS]; i++)
    length += page[HEADER + i];
  return length;
}

/* A bit at a time, as RFC 3533 has it. */
void
ogg_sign_page (guint8 *page)
{
  gsize length = ogg_page_length (page);
  guint32 sum = 0;

  memset (page + CHECKSUM, 0, 4);
  for (gsize i = 0; i < length; i++)
    for (guint bit = 0x80; bit != 0; bit >>= 1) {
      gboolean one = (sum >> 31 != 0) != ((page[i] & bit) != 0);

      sum = sum << 1 ^ (one ? 0x04c11db7 : 0);
    }
  sum = GUINT32_TO_LE (sum);
  memcpy (page + CHECKSUM, &sum, 4);
}

static void
append_u32 (GByteArray *bytes, guint32 value)
{
  value = GUINT32_TO_LE (value);
  g_byte_array_append (bytes, (const guint8 *)&value, sizeof value);
}

void
ogg_add_page (OggStream *stream, guint flags, gint64 granule, const guint8 *segments, guint n_segments,
              const guint8 *body)
{
  const guint8 begin[] = { 'O', 'g', 'g', 'S', 0, (guint8)flags };
  const guint8 count = (guint8)n_segments;
  guint64 position = GUINT64_TO_LE ((guint64)granule);
  guint at = stream->bytes->len, length = 0;

  for (guint i = 0; i < n_segments; i++)
    length += segments[i];
  g_byte_array_append (stream->bytes, begin, sizeof begin);
  g_byte_array_append (stream->bytes, (const guint8 *)&position, sizeof position);
  append_u32 (stream->bytes, stream->serial);
  append_u32 (stream->bytes, stream->sequence++);
  append_u32 (stream->bytes, 0);
  g_byte_array_append (stream->bytes, &count, 1);
  g_byte_array_append (stream->bytes, segments, n_segments);
  g_byte_array_append (stream->bytes, body, length);
  ogg_sign_page (stream->bytes->data + at);
}

void
ogg_add_packets (OggStream *stream, guint flags, gint64 granule, GBytes *const *packets, guint n_packets)
{
  g_autoptr (GByteArray) body = g_byte_array_new ();
  guint8 segments[255];
  guint n = 0;

  for (guint i = 0; i < n_packets; i++) {
    gsize length;
    const guint8 *data = g_bytes_get_data (packets[i], &length);

    g_byte_array_append (body, data, (guint)length);
    for (; length >= 255; length -= 255)
      segments[n++] = 255;
    segments[n++] = (guint8)length;
    g_assert_cmpuint (n, <=, sizeof segments);
  }
  ogg_add_page (stream, flags, granule, segments, n, body->data);
}

void
ogg_add_long_packet (OggStream *stream, guint flags, gint64 granule, GBytes *packet, guint most)
{
  gsize left;
  const guint8 *data = g_bytes_get_data (packet, &left);
  guint continued = 0;
  guint8 segments[255];

  memset (segments, 255, sizeof segments);
  for (; left >= (gsize)most * 255; left -= (gsize)most * 255, data += (gsize)most * 255) {
    ogg_add_page (stream, (flags & ~(guint)OGG_LAST) | continued, -1, segments, most, data);
    continued = OGG_CONTINUED;
  }
  segments[left / 255] = (guint8)(left % 255);
  ogg_add_page (stream, flags | continued, granule, segments, (guint)(left / 255) + 1, data);
}

gsize
ogg_find_page (const GByteArray *bytes, guint number)
{
  gsize at = 0;

  while (number-- > 0)
    at += ogg_page_length (bytes->data + at);
  g_assert_cmpuint (at, <=, bytes->len);
  return at;
}
