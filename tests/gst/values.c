/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The bytes that come out of the elements: exact for every input, in every kind of memory, however the stream is split.
 */
#include "mulaw-check.h"

#include <stdlib.h>

#define ALL_SAMPLES_SIZE (65536 * sizeof (gint16))

GST_START_TEST (encode_is_exact)
{
  g_autoptr (GBytes) itu = check_run ("mulawenc_demo", PCM_CAPS (8000, 1), check_all_samples (), ALL_SAMPLES_SIZE);
  g_autoptr (GBytes) sign_magnitude =
      check_run ("mulawenc_demo tie-rule=sign-magnitude", PCM_CAPS (8000, 1), check_all_samples (), ALL_SAMPLES_SIZE);

  fail_unless_equals_int (g_bytes_get_size (itu), 65536);
  fail_unless_equals_int_hex (check_crc32 (g_bytes_get_data (itu, NULL), 65536), 0x6399d432);
  fail_unless_equals_int_hex (check_crc32 (g_bytes_get_data (sign_magnitude, NULL), 65536), 0xeb8edaa8);
}
GST_END_TEST

GST_START_TEST (decode_is_exact)
{
  g_autoptr (GBytes) pcm = check_run ("mulawdec_demo", MULAW_CAPS (8000, 1), check_all_codes (), 256);
  gint16 little_endian[256];

  fail_unless_equals_int (g_bytes_get_size (pcm), 512);
  memcpy (little_endian, g_bytes_get_data (pcm, NULL), 512);
  for (int i = 0; i < 256; i++)
    little_endian[i] = GINT16_TO_LE (little_endian[i]);
  fail_unless_equals_int_hex (check_crc32 (little_endian, 512), 0x0c847a9f);
}
GST_END_TEST

GST_START_TEST (sign_magnitude_is_mulawenc)
{
  if (check_has ("mulawenc")) {
    g_autoptr (GBytes) theirs = check_run ("mulawenc", PCM_CAPS (8000, 1), check_all_samples (), ALL_SAMPLES_SIZE);
    g_autoptr (GBytes) ours =
        check_run ("mulawenc_demo tie-rule=sign-magnitude", PCM_CAPS (8000, 1), check_all_samples (), ALL_SAMPLES_SIZE);

    check_bytes_equal (ours, theirs);
  }
}
GST_END_TEST

GST_START_TEST (decode_is_mulawdec)
{
  if (check_has ("mulawdec")) {
    g_autoptr (GBytes) theirs = check_run ("mulawdec", MULAW_CAPS (8000, 1), check_all_codes (), 256);
    g_autoptr (GBytes) ours = check_run ("mulawdec_demo", MULAW_CAPS (8000, 1), check_all_codes (), 256);

    check_bytes_equal (ours, theirs);
  }
}
GST_END_TEST

GST_START_TEST (all_zero_is_suppressed)
{
  const gint16 samples[] = { -32768, -31613, -31000, 0, 32767 };
  const guint8 expected[] = { 0x02, 0x02, 0x01, 0xff, 0x80 };
  g_autoptr (GBytes) codes =
      check_run ("mulawenc_demo suppress-all-zero=true", PCM_CAPS (8000, 1), samples, sizeof samples);

  fail_unless_equals_int (g_bytes_get_size (codes), sizeof expected);
  fail_unless (memcmp (g_bytes_get_data (codes, NULL), expected, sizeof expected) == 0);
}
GST_END_TEST

/* Silence stays silence; full scale and the middle come back within 2 % of full scale. */
GST_START_TEST (round_trip_is_close)
{
  const gint16 samples[] = { 0, 0, 0, 32767, -32768, 8000, -8000, 16000, -16000 };
  g_autoptr (GBytes) decoded = check_run ("mulawenc_demo ! mulawdec_demo", PCM_CAPS (8000, 1), samples, sizeof samples);
  const gint16 *sample = g_bytes_get_data (decoded, NULL);

  fail_unless_equals_int (g_bytes_get_size (decoded), sizeof samples);
  for (guint i = 0; i < G_N_ELEMENTS (samples); i++) {
    fail_unless (abs (sample[i] - samples[i]) <= 32768 * 2 / 100, "%d became %d", samples[i], sample[i]);
    fail_unless (samples[i] != 0 || sample[i] == 0);
  }
}
GST_END_TEST

/* Two calls change properties while data flows; each buffer gets what held when it came. */
GST_START_TEST (properties_change_while_playing)
{
  GstHarness *harness = check_harness ("mulawenc_demo", PCM_CAPS (8000, 1));
  const gint16 samples[] = { -4, -32768 };
  const guint8 expected[] = { 0x7f, 0x00, 0x7e, 0x02 };
  g_autoptr (GBytes) codes = NULL;
  gboolean suppress;
  gint tie_rule;

  check_push (harness, samples, sizeof samples, 0);
  gst_harness_set (harness, "mulawenc_demo", "tie-rule", 1, "suppress-all-zero", TRUE, NULL);
  gst_harness_get (harness, "mulawenc_demo", "tie-rule", &tie_rule, "suppress-all-zero", &suppress, NULL);
  fail_unless (tie_rule == 1 && suppress);
  check_push (harness, samples, sizeof samples, GST_CLOCK_TIME_NONE);
  codes = check_pull_bytes (harness);
  fail_unless_equals_int (g_bytes_get_size (codes), sizeof expected);
  fail_unless (memcmp (g_bytes_get_data (codes, NULL), expected, sizeof expected) == 0);
  gst_harness_teardown (harness);
}
GST_END_TEST

/* --- memory --- */

/* The bytes as several memories, read-only, at odd addresses. */
static GstBuffer *
awkward_buffer (const guint8 *bytes, gsize size)
{
  GstBuffer *buffer = gst_buffer_new ();
  gsize step = size / 5 + 1;

  for (gsize offset = 0; offset < size; offset += step) {
    gsize piece = MIN (step, size - offset);
    guint8 *copy = g_malloc (piece + 4);

    memcpy (copy + 1, bytes + offset, piece);
    gst_buffer_append_memory (
        buffer, gst_memory_new_wrapped (GST_MEMORY_FLAG_READONLY, copy, piece + 4, 1, piece, copy, g_free));
  }
  GST_BUFFER_PTS (buffer) = 0;
  return buffer;
}

static void
awkward_memory (const char *element, const char *caps, const void *bytes, gsize size)
{
  GstHarness *harness = check_harness (element, caps);
  g_autoptr (GBytes) plain = check_run (element, caps, bytes, size);
  g_autoptr (GBytes) awkward = NULL;

  fail_unless_equals_int (gst_harness_push (harness, awkward_buffer (bytes, size)), GST_FLOW_OK);
  awkward = check_pull_bytes (harness);
  check_bytes_equal (awkward, plain);
  gst_harness_teardown (harness);
}

GST_START_TEST (memory_of_any_kind)
{
  awkward_memory ("mulawenc_demo", PCM_CAPS (8000, 1), check_all_samples (), ALL_SAMPLES_SIZE);
  awkward_memory ("mulawenc_demo", PCM_CAPS (8000, 1), check_all_samples (), 2 * 161);
  awkward_memory ("mulawdec_demo", MULAW_CAPS (8000, 1), check_all_codes (), 255);
}
GST_END_TEST

/* More samples than fit in 16 bits of a counter. */
GST_START_TEST (one_long_buffer)
{
  const gsize n = 200001;
  g_autofree gint16 *samples = g_new (gint16, n);
  g_autoptr (GBytes) codes = NULL, pcm = NULL;

  for (gsize i = 0; i < n; i++)
    samples[i] = (gint16)(i * 7919);
  codes = check_run ("mulawenc_demo", PCM_CAPS (8000, 1), samples, n * sizeof *samples);
  fail_unless_equals_int (g_bytes_get_size (codes), n);
  pcm = check_run ("mulawdec_demo", MULAW_CAPS (8000, 1), g_bytes_get_data (codes, NULL), n);
  fail_unless_equals_int (g_bytes_get_size (pcm), n * sizeof *samples);
  for (gsize i = 0; i < n; i++) {
    gint16 decoded = ((const gint16 *)g_bytes_get_data (pcm, NULL))[i];

    fail_unless (abs (decoded - samples[i]) <= 644, "sample %" G_GSIZE_FORMAT, i);
  }
}
GST_END_TEST

GST_START_TEST (every_size_of_buffer)
{
  for (gsize n = 1; n <= 300; n++) {
    g_autoptr (GBytes) whole = check_run ("mulawenc_demo ! mulawdec_demo ! mulawenc_demo", PCM_CAPS (8000, 1),
                                          check_all_samples () + 32000, 2 * n);
    g_autoptr (GBytes) once = check_run ("mulawenc_demo", PCM_CAPS (8000, 1), check_all_samples () + 32000, 2 * n);

    fail_unless_equals_int (g_bytes_get_size (once), n);
    for (gsize i = 0; i < n; i++) {
      guint8 code = ((const guint8 *)g_bytes_get_data (once, NULL))[i];

      /* negative zero is the one code that does not come back */
      fail_unless_equals_int (((const guint8 *)g_bytes_get_data (whole, NULL))[i], code == 0x7f ? 0xff : code);
    }
  }
}
GST_END_TEST

static Suite *
values_suite (void)
{
  Suite *suite = suite_create ("values");
  TCase *values = tcase_create ("values"), *memory = tcase_create ("memory");

  tcase_add_test (values, encode_is_exact);
  tcase_add_test (values, decode_is_exact);
  tcase_add_test (values, sign_magnitude_is_mulawenc);
  tcase_add_test (values, decode_is_mulawdec);
  tcase_add_test (values, all_zero_is_suppressed);
  tcase_add_test (values, round_trip_is_close);
  tcase_add_test (values, properties_change_while_playing);
  suite_add_tcase (suite, values);
  tcase_add_test (memory, memory_of_any_kind);
  tcase_add_test (memory, one_long_buffer);
  tcase_add_test (memory, every_size_of_buffer);
  suite_add_tcase (suite, memory);
  return suite;
}

GST_CHECK_MAIN (values)
