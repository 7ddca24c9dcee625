/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Timestamps and segments. */
#include "mulaw-check.h"

GST_START_TEST (missing_timestamps_are_counted)
{
  GstHarness *harness = check_codec (__i__);

  check_push_frame (harness, __i__, GST_SECOND);
  check_frame (harness, __i__, GST_SECOND);
  for (int i = 1; i < 50; i++) {
    check_push_frame (harness, __i__, GST_CLOCK_TIME_NONE);
    check_frame (harness, __i__, GST_SECOND + i * FRAME);
  }
  gst_harness_teardown (harness);
}
GST_END_TEST

/* A rate that no millisecond divides: the durations add up to the second, without a gap between any two buffers. */
GST_START_TEST (rounding_does_not_add_up)
{
  GstHarness *harness =
      check_harness (check_codecs[__i__].element, __i__ == ENCODER ? PCM_CAPS (11025, 1) : MULAW_CAPS (11025, 1));
  gsize sample_size = __i__ == ENCODER ? 2 : 1;
  GstClockTime next = 0;

  for (int i = 0; i < 11025; i++) {
    GstBuffer *buffer;

    check_push (harness, check_all_samples (), 7 * sample_size, i == 0 ? 0 : GST_CLOCK_TIME_NONE);
    buffer = gst_harness_pull (harness);
    fail_unless_equals_clocktime (GST_BUFFER_PTS (buffer), next);
    next += GST_BUFFER_DURATION (buffer);
    gst_buffer_unref (buffer);
  }
  fail_unless_equals_clocktime (next, 7 * GST_SECOND);
  gst_harness_teardown (harness);
}
GST_END_TEST

/* The timestamp of buffer 1,000,001 is as exact as the first. */
GST_START_TEST (many_buffers_do_not_drift)
{
  GstHarness *harness = check_harness ("mulawenc_demo", PCM_CAPS (44100, 1));
  GstBuffer *buffer;

  gst_harness_set_drop_buffers (harness, TRUE);
  for (int i = 0; i < CHECK_MANY; i++)
    check_push (harness, check_all_samples (), 2 * 3, i == 0 ? 0 : GST_CLOCK_TIME_NONE);
  gst_harness_set_drop_buffers (harness, FALSE);
  check_push (harness, check_all_samples (), 2 * 3, GST_CLOCK_TIME_NONE);
  buffer = gst_harness_pull (harness);
  fail_unless_equals_clocktime (GST_BUFFER_PTS (buffer), gst_util_uint64_scale (3 * CHECK_MANY, GST_SECOND, 44100));
  gst_buffer_unref (buffer);
  gst_harness_teardown (harness);
}
GST_END_TEST

/* Encoder: 30 ms of jitter is within the default tolerance, 50 ms are a discontinuity. */
GST_START_TEST (jitter_and_jumps)
{
  GstHarness *harness = check_codec (ENCODER);
  GstBuffer *buffer;

  check_push_frame (harness, ENCODER, 0);
  check_frame (harness, ENCODER, 0);
  check_push_frame (harness, ENCODER, FRAME + 30 * GST_MSECOND);
  buffer = check_pull_frame (harness, ENCODER, FRAME + 30 * GST_MSECOND);
  fail_if (GST_BUFFER_IS_DISCONT (buffer));
  gst_buffer_unref (buffer);
  check_push_frame (harness, ENCODER, 2 * FRAME + 80 * GST_MSECOND);
  buffer = check_pull_frame (harness, ENCODER, 2 * FRAME + 80 * GST_MSECOND);
  fail_unless (GST_BUFFER_IS_DISCONT (buffer));
  gst_buffer_unref (buffer);
  gst_harness_teardown (harness);
}
GST_END_TEST

GST_START_TEST (perfect_timestamps_ignore_jitter)
{
  GstHarness *harness = check_codec (ENCODER);

  gst_harness_set (harness, "mulawenc_demo", "perfect-timestamp", TRUE, NULL);
  check_push_frame (harness, ENCODER, 0);
  check_frame (harness, ENCODER, 0);
  check_push_frame (harness, ENCODER, FRAME + 5 * GST_MSECOND);
  check_frame (harness, ENCODER, FRAME);
  gst_harness_teardown (harness);
}
GST_END_TEST

/* With hard-resync what comes too early a second time is cut away: 60 ms back, of a buffer of 100 ms, leave 40 ms. */
GST_START_TEST (hard_resync_clips)
{
  GstHarness *harness = check_codec (ENCODER);
  GstBuffer *buffer;

  gst_harness_set (harness, "mulawenc_demo", "perfect-timestamp", TRUE, "hard-resync", TRUE, NULL);
  check_push (harness, check_all_samples (), 5 * 320, 0);
  gst_buffer_unref (gst_harness_pull (harness));
  check_push (harness, check_all_samples (), 5 * 320, 40 * GST_MSECOND);
  buffer = gst_harness_pull (harness);
  fail_unless_equals_int (gst_buffer_get_size (buffer), 2 * 160);
  gst_buffer_unref (buffer);
  gst_harness_teardown (harness);
}
GST_END_TEST

GST_START_TEST (discont_goes_through)
{
  GstHarness *harness = check_codec (__i__);
  GstBuffer *in = check_buffer (check_all_samples (), check_codecs[__i__].size, GST_SECOND), *out;

  check_push_frame (harness, __i__, 0);
  check_frame (harness, __i__, 0);
  GST_BUFFER_FLAG_SET (in, GST_BUFFER_FLAG_DISCONT);
  gst_harness_push (harness, in);
  out = check_pull_frame (harness, __i__, GST_SECOND);
  fail_unless (GST_BUFFER_IS_DISCONT (out));
  gst_buffer_unref (out);
  gst_harness_teardown (harness);
}
GST_END_TEST

/* --- segments --- */

GST_START_TEST (segment_clips)
{
  GstHarness *harness = check_codec (__i__);
  GstBuffer *buffer;

  check_push_segment (harness, 1.0, 5 * GST_MSECOND, 30 * GST_MSECOND);
  check_push_frame (harness, __i__, 0);
  buffer = gst_harness_pull (harness);
  fail_unless_equals_int (gst_buffer_get_size (buffer), check_codecs[__i__].size_out * 3 / 4);
  fail_unless_equals_clocktime (GST_BUFFER_PTS (buffer), 5 * GST_MSECOND);
  gst_buffer_unref (buffer);
  check_push_frame (harness, __i__, FRAME);
  buffer = gst_harness_pull (harness);
  fail_unless_equals_int (gst_buffer_get_size (buffer), check_codecs[__i__].size_out / 2);
  gst_buffer_unref (buffer);
  check_push_frame (harness, __i__, 2 * FRAME);
  fail_unless (gst_harness_try_pull (harness) == NULL);
  gst_harness_teardown (harness);
}
GST_END_TEST

GST_START_TEST (segment_goes_through)
{
  GstHarness *harness = check_codec (__i__);
  g_autoptr (GstEvent) event = NULL;
  const GstSegment *out;
  GstSegment segment;

  gst_segment_init (&segment, GST_FORMAT_TIME);
  segment.rate = 2.0;
  segment.base = 7 * GST_SECOND;
  segment.start = segment.time = segment.position = 3 * GST_SECOND;
  gst_harness_push_event (harness, gst_event_new_segment (&segment));
  check_push_frame (harness, __i__, 3 * GST_SECOND);
  check_frame (harness, __i__, 3 * GST_SECOND);
  event = gst_pad_get_sticky_event (harness->sinkpad, GST_EVENT_SEGMENT, 0);
  gst_event_parse_segment (event, &out);
  fail_unless (gst_segment_is_equal (out, &segment));
  gst_harness_teardown (harness);
}
GST_END_TEST

/* Played backwards, upstream sends the later second first, each forwards in itself. */
GST_START_TEST (decoder_plays_backwards)
{
  GstHarness *harness = check_codec (DECODER);
  static const GstClockTime pushed[] = { 2 * FRAME, 3 * FRAME, 0, FRAME };
  static const GstClockTime pulled[] = { 3 * FRAME, 2 * FRAME, FRAME, 0 };

  check_push_segment (harness, -1.0, 0, 4 * FRAME);
  for (int i = 0; i < 4; i++) {
    GstBuffer *buffer = check_buffer (check_all_codes (), 160, pushed[i]);

    if (i % 2 == 0)
      GST_BUFFER_FLAG_SET (buffer, GST_BUFFER_FLAG_DISCONT);
    gst_harness_push (harness, buffer);
  }
  gst_harness_push_event (harness, gst_event_new_eos ());
  for (int i = 0; i < 4; i++)
    check_frame (harness, DECODER, pulled[i]);
  gst_harness_teardown (harness);
}
GST_END_TEST

static Suite *
time_suite (void)
{
  Suite *suite = suite_create ("time");
  TCase *tcase = tcase_create ("time");

  tcase_add_loop_test (tcase, missing_timestamps_are_counted, 0, N_CODECS);
  tcase_add_loop_test (tcase, rounding_does_not_add_up, 0, N_CODECS);
  tcase_add_test (tcase, many_buffers_do_not_drift);
  tcase_add_test (tcase, jitter_and_jumps);
  tcase_add_test (tcase, perfect_timestamps_ignore_jitter);
  tcase_add_test (tcase, hard_resync_clips);
  tcase_add_loop_test (tcase, discont_goes_through, 0, N_CODECS);
  tcase_add_loop_test (tcase, segment_clips, 0, N_CODECS);
  tcase_add_loop_test (tcase, segment_goes_through, 0, N_CODECS);
  tcase_add_test (tcase, decoder_plays_backwards);
  suite_add_tcase (suite, tcase);
  return suite;
}

GST_CHECK_MAIN (time)
