/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A WAV gives the same however it is cut, formats are within their bounds, and there are never more samples than bytes.
 * An input is the length of its pieces, and the file. */
#include "endpoints/recording/decoder/ap-wav-splitter.h"

#include <string.h>

#include "fuzz.h"

static gboolean
on_format (gpointer owner, const ApWavFormat *format, GError **error)
{
  if (format != NULL) {
    g_assert_cmpuint (format->channels, >=, 1);
    g_assert_cmpuint (format->channels, <=, 8);
    g_assert_cmpuint (format->sample_rate, >=, 4000);
    g_assert_cmpuint (format->sample_rate, <=, 768000);
    g_assert_cmpuint (format->frame_bytes % format->channels, ==, 0);
    g_assert_cmpuint (format->frame_bytes, <=, 64);
  }
  g_byte_array_append (owner, (const guint8 *)(format == NULL ? "\xffraw" : "\xffwav"), 4);
  return TRUE;
}

static gboolean
on_samples (gpointer owner, const guint8 *data, gsize length, GError **error)
{
  g_assert_cmpuint (length, >, 0);
  g_byte_array_append (owner, data, (guint)length);
  return TRUE;
}

/* Adds what is wrong with the file, if anything is. */
static GByteArray *
read_pieces (const uint8_t *data, size_t size, size_t piece)
{
  static const ApWavCallbacks callbacks = { on_format, on_samples };
  GByteArray *out = g_byte_array_new ();
  g_autoptr (ApWavSplitter) splitter = ap_wav_splitter_new (&callbacks, out);
  g_autoptr (GError) error = NULL;
  gboolean ok = TRUE;

  for (size_t at = 0; ok && at < size; at += piece)
    ok = ap_wav_splitter_feed (splitter, data + at, MIN (piece, size - at), &error);
  g_assert_true (ok == (error == NULL));
  g_assert_cmpuint (out->len, <=, 2 * size + 4);
  if (!ok) {
    g_assert_error (error, AP_RECORDING_ERROR, AP_RECORDING_ERROR_UNDECODABLE);
    g_byte_array_append (out, (const guint8 *)error->message, (guint)strlen (error->message));
  }
  return out;
}

int
LLVMFuzzerTestOneInput (const uint8_t *data, size_t size)
{
  g_autoptr (GByteArray) whole = NULL;
  g_autoptr (GByteArray) pieces = NULL;

  if (size < 2)
    return 0;
  whole = read_pieces (data + 1, size - 1, size - 1);
  pieces = read_pieces (data + 1, size - 1, MAX (data[0], 1));
  g_assert_cmpmem (whole->data, whole->len, pieces->data, pieces->len);
  return 0;
}
