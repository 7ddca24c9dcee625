/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Ogg gives the same however it is cut, and never more than there is; heads and packets of Opus are within their
 * bounds, whatever is in them. An input is a byte whose lowest bit asks for good checksums, which nobody would guess,
 * and whose others are the length of the pieces; and the stream. */
#include "endpoints/recording/decoder/ap-ogg-reader.h"
#include "endpoints/recording/decoder/ap-opus.h"

#include <string.h>

#include "fuzz.h"
#include "library-leaks.h"

enum { HEADER = 27, CHECKSUM = 22, N_SEGMENTS = 26 };

static void
append (GByteArray *out, const void *data, size_t length)
{
  guint64 prefix = length;

  g_byte_array_append (out, (const guint8 *)&prefix, sizeof prefix);
  g_byte_array_append (out, data, (guint)length);
}

/* Streams whose head has an odd length are not wanted. */
static gboolean
on_begin (gpointer owner, const guint8 *data, gsize length)
{
  ApOpusHead head = { 0 };

  if (ap_opus_head_parse (&head, data, length)) {
    g_assert_cmpuint (head.length, <=, MIN (length, sizeof head.bytes));
    g_assert_cmpuint (head.channels, >=, 1);
    g_assert_cmpuint (head.channels, <=, head.family == 0 ? 2 : 8);
    g_assert_cmpuint (head.streams + head.coupled, <=, 255);
    gst_caps_unref (ap_opus_head_to_caps (&head));
  }
  append (owner, data, length);
  return length % 2 == 0;
}

static gboolean
on_page (gpointer owner, const ApOggPage *page, GError **error)
{
  append (owner, &page->granule, sizeof page->granule);
  g_assert_cmpuint (page->n_packets, <=, 255);
  for (guint i = 0; i < page->n_packets; i++) {
    const ApOggPacket *packet = &page->packets[i];

    g_assert_cmpuint (packet->length, <=, AP_OGG_MAX_PACKET);
    g_assert_cmpuint (ap_opus_packet_samples (packet->data, packet->length), <=, 5760);
    append (owner, packet->data, packet->length);
  }
  return TRUE;
}

static GByteArray *
read_pieces (const uint8_t *data, size_t size, size_t piece)
{
  static const ApOggCallbacks callbacks = { on_begin, on_page };
  GByteArray *out = g_byte_array_new ();
  g_autoptr (ApOggReader) reader = ap_ogg_reader_new (&callbacks, out);
  g_autoptr (GError) error = NULL;
  gboolean ok = TRUE;

  for (size_t at = 0; ok && at < size; at += piece)
    ok = ap_ogg_reader_feed (reader, data + at, MIN (piece, size - at), &error);
  g_assert_true (ok == (error == NULL));
  if (!ok)
    append (out, "refused", 7);
  return out;
}

/* Whatever looks like a page gets the checksum that it should have. */
static void
sign_pages (uint8_t *data, size_t size)
{
  for (size_t at = 0; at + HEADER <= size; at++) {
    size_t length = HEADER + data[at + N_SEGMENTS];
    guint32 checksum;

    if (memcmp (data + at, "OggS", 4) != 0 || at + length > size)
      continue;
    for (guint i = 0; i < data[at + N_SEGMENTS]; i++)
      length += data[at + HEADER + i];
    if (at + length > size)
      continue;
    memset (data + at + CHECKSUM, 0, sizeof checksum);
    checksum = GUINT32_TO_LE (ap_ogg_checksum (data + at, length));
    memcpy (data + at + CHECKSUM, &checksum, sizeof checksum);
  }
}

int
LLVMFuzzerInitialize (int *argc, char ***argv)
{
  gst_init (NULL, NULL);
  return 0;
}

int
LLVMFuzzerTestOneInput (const uint8_t *data, size_t size)
{
  g_autofree uint8_t *stream = NULL;
  g_autoptr (GByteArray) whole = NULL;
  g_autoptr (GByteArray) pieces = NULL;

  if (size < 2)
    return 0;
  stream = g_memdup2 (data + 1, --size);
  if (data[0] % 2 == 1)
    sign_pages (stream, size);
  whole = read_pieces (stream, size, size);
  pieces = read_pieces (stream, size, data[0] / 2 + 1);
  g_assert_cmpmem (whole->data, whole->len, pieces->data, pieces->len);
  return 0;
}
