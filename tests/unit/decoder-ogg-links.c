/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Chains of Ogg made to cost much: links with next to no audio in each. */
#include "decoder-support.h"

#include "ogg-pages.h"

#include <gst/gst.h>

#define RATE 48000

/* @n links with a packet of @length bytes each. */
static GBytes *
make_small_links (guint n, gsize length)
{
  OggStream stream = { g_byte_array_new (), 5, 0 };
  guint8 packet[160] = { 0x80 }; /* 2.5 ms */
  g_autoptr (GBytes) head = g_bytes_new_static ("OpusHead\1\1\0\0\x80\xbb\0\0\0\0\0", 19);
  g_autoptr (GBytes) audio = g_bytes_new_static (packet, length);

  for (guint i = 0; i < n; i++) {
    stream.sequence = 0;
    stream.serial++;
    ogg_add_packets (&stream, OGG_FIRST, 0, &head, 1);
    ogg_add_packets (&stream, OGG_LAST, 120, &audio, 1);
  }
  return g_byte_array_free_to_bytes (stream.bytes);
}

/* Each link has elements of its own, which cost more than to decode a second: so many with next to nothing in them are
 * refused, as files of WAV are. */
static void
test_small_links (void)
{
  const ApDecoderSpec spec = { AP_CONTAINER_OGG, RATE, 1 };
  g_autoptr (GBytes) tiny = make_small_links (2000, 3), small = make_small_links (1200, 160);
  g_autoptr (GByteArray) few = NULL, samples = NULL;
  g_autoptr (GError) error = NULL;

  few = decoder_run (&spec, tiny, 4096, &error);
  g_assert_error (error, AP_RECORDING_ERROR, AP_RECORDING_ERROR_UNDECODABLE);
  g_assert_cmpuint (few->len, <, 1100 * 120 * sizeof (gint16));
  g_clear_error (&error);
  samples = decoder_run (&spec, small, 4096, &error);
  g_assert_no_error (error);
  g_assert_cmpuint (samples->len, ==, 1200 * 120 * sizeof (gint16));
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  gst_init (&argc, &argv);
  g_test_add_func ("/decoder-ogg-links/small", test_small_links);
  return g_test_run ();
}
