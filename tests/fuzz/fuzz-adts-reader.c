/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Frames of ADTS are the same however the stream is cut, and lie in it one behind the other. An input is a byte, the
 * length of the pieces, and the stream. */
#include "endpoints/recording/decoder/ap-adts-reader.h"

#include "fuzz.h"

static gboolean
on_frame (gpointer owner, const guint8 *frame, gsize length, GError **error)
{
  g_assert_cmpuint (length, >=, 8);
  g_assert_cmpuint (length, <=, 8191);
  g_byte_array_append (owner, frame, (guint)length);
  return TRUE;
}

static GByteArray *
read_pieces (const uint8_t *data, size_t size, size_t piece)
{
  GByteArray *frames = g_byte_array_new ();
  g_autoptr (ApAdtsReader) reader = ap_adts_reader_new (on_frame, frames);
  g_autoptr (GError) error = NULL;

  for (size_t at = 0; at < size; at += piece)
    g_assert_true (ap_adts_reader_feed (reader, data + at, MIN (piece, size - at), NULL));
  g_assert_true (ap_adts_reader_end (reader, &error) == (frames->len > 0));
  g_assert_true ((error == NULL) == (frames->len > 0));
  return frames;
}

int
LLVMFuzzerTestOneInput (const uint8_t *data, size_t size)
{
  g_autoptr (GByteArray) whole = NULL;
  g_autoptr (GByteArray) pieces = NULL;

  if (size < 2)
    return 0;
  whole = read_pieces (data + 1, size - 1, size);
  pieces = read_pieces (data + 1, size - 1, data[0] + 1U);
  g_assert_cmpuint (whole->len, <, size);
  g_assert_cmpmem (whole->data, whole->len, pieces->data, pieces->len);
  return 0;
}
