/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Streams that arrive in pieces of any size: nothing is lost, nothing is shifted, and time stays right. */
#include "mulaw-check.h"

/* One row for each way to be split: bytes of a sample of all channels, going in and coming out. */
static const struct {
  const char *element, *caps;
  gsize unit, unit_out;
} streams[] = {
  { "mulawenc_demo", PCM_CAPS (8000, 1), 2, 1 },
  { "mulawenc_demo", PCM_CAPS (8000, 2), 4, 2 },
  { "mulawdec_demo", MULAW_CAPS (8000, 2), 2, 4 },
  { "mulawdec_demo", MULAW_CAPS (8000, 3), 3, 6 },
  { "mulawenc_demo", PCM_CAPS (8000, 5) ",channel-mask=(bitmask)0x37", 10, 5 },
};

#define N_STREAMS ((int)G_N_ELEMENTS (streams))

static void
push_flagged (GstHarness *harness, const void *bytes, gsize size, GstClockTime pts, GstBufferFlags flags)
{
  GstBuffer *buffer = check_buffer (bytes, size, pts);

  GST_BUFFER_FLAG_SET (buffer, flags);
  fail_unless_equals_int (gst_harness_push (harness, buffer), GST_FLOW_OK);
}

GST_START_TEST (random_splits_give_the_same_bytes)
{
  const guint8 *bytes = (const guint8 *)check_all_samples ();
  const gsize total = 120 * 64;
  GstHarness *harness = check_harness (streams[__i__].element, streams[__i__].caps);
  g_autoptr (GBytes) whole = check_run (streams[__i__].element, streams[__i__].caps, bytes, total);
  g_autoptr (GRand) random = g_rand_new_with_seed (7);
  g_autoptr (GBytes) split = NULL;
  g_autoptr (GstBus) bus = check_bus (harness);

  for (gsize offset = 0, size; offset < total; offset += size) {
    size = (gsize)g_rand_int_range (random, 0, 23);
    size = MIN (size, total - offset); /* the macro evaluates twice */
    check_push (harness, bytes + offset, size, GST_CLOCK_TIME_NONE);
  }
  split = check_pull_bytes (harness);
  check_bytes_equal (split, whole);
  gst_harness_push_event (harness, gst_event_new_eos ());
  fail_unless_equals_int (check_count_messages (bus, GST_MESSAGE_ANY & ~GST_MESSAGE_TAG), 0);
  gst_element_set_bus (harness->element, NULL);
  gst_harness_teardown (harness);
}
GST_END_TEST

GST_START_TEST (rest_at_eos_warns_once)
{
  GstHarness *harness = check_harness (streams[__i__].element, streams[__i__].caps);
  g_autoptr (GstBus) bus = check_bus (harness);
  gsize unit = streams[__i__].unit;
  g_autoptr (GBytes) out = NULL;
  GstMessage *message;
  GstEvent *event;
  gboolean got_eos = FALSE;

  check_push (harness, check_all_samples (), 3 * unit - 1, 0);
  fail_unless (gst_harness_push_event (harness, gst_event_new_eos ()));
  out = check_pull_bytes (harness);
  fail_unless_equals_int (g_bytes_get_size (out), 2 * streams[__i__].unit_out);
  message = gst_bus_pop_filtered (bus, GST_MESSAGE_WARNING);
  fail_unless (message != NULL);
  gst_message_unref (message);
  fail_unless_equals_int (check_count_messages (bus, GST_MESSAGE_WARNING), 0);
  fail_unless_equals_int (check_count_messages (bus, GST_MESSAGE_ERROR), 0);
  while ((event = gst_harness_try_pull_event (harness))) {
    got_eos |= GST_EVENT_TYPE (event) == GST_EVENT_EOS;
    gst_event_unref (event);
  }
  fail_unless (got_eos);
  gst_element_set_bus (harness->element, NULL);
  gst_harness_teardown (harness);
}
GST_END_TEST

static GstHarness *
harness_of (int row)
{
  return check_harness (streams[row].element, streams[row].caps);
}

/* A rest, then @event or a buffer with @flags, then whole samples: these must come out as if the rest had never been.
 */
static void
rest_ends_with (int row, GstEvent *event, GstBufferFlags flags)
{
  GstHarness *harness = harness_of (row);
  const guint8 *bytes = (const guint8 *)check_all_samples ();
  gsize unit = streams[row].unit;
  g_autoptr (GBytes) expected = check_run (streams[row].element, streams[row].caps, bytes + 400, 20 * unit);
  g_autoptr (GBytes) out = NULL;
  g_autoptr (GstBus) bus = check_bus (harness);

  check_push (harness, bytes, 5 * unit + 1, 0);
  gst_buffer_unref (gst_harness_pull (harness));
  if (event)
    gst_harness_push_event (harness, event);
  push_flagged (harness, bytes + 400, 20 * unit, GST_SECOND, flags);
  out = check_pull_bytes (harness);
  check_bytes_equal (out, expected);
  fail_unless_equals_int (check_count_messages (bus, GST_MESSAGE_WARNING | GST_MESSAGE_ERROR), 0);
  gst_element_set_bus (harness->element, NULL);
  gst_harness_teardown (harness);
}

static GstEvent *
time_segment (void)
{
  GstSegment segment;

  gst_segment_init (&segment, GST_FORMAT_TIME);
  return gst_event_new_segment (&segment);
}

GST_START_TEST (rest_ends_with_discont)
{
  rest_ends_with (__i__, NULL, GST_BUFFER_FLAG_DISCONT);
}
GST_END_TEST

GST_START_TEST (rest_ends_with_gap)
{
  rest_ends_with (__i__, gst_event_new_gap (GST_SECOND / 2, GST_SECOND / 2), 0);
}
GST_END_TEST

GST_START_TEST (rest_ends_with_segment)
{
  rest_ends_with (__i__, time_segment (), 0);
}
GST_END_TEST

GST_START_TEST (rest_ends_with_flush)
{
  GstHarness *harness = harness_of (__i__);
  const guint8 *bytes = (const guint8 *)check_all_samples ();
  gsize unit = streams[__i__].unit;
  g_autoptr (GBytes) expected = check_run (streams[__i__].element, streams[__i__].caps, bytes + 400, 20 * unit);
  g_autoptr (GBytes) out = NULL;

  check_push (harness, bytes, 5 * unit + 1, 0);
  gst_buffer_unref (gst_harness_pull (harness));
  gst_harness_push_event (harness, gst_event_new_flush_start ());
  gst_harness_push_event (harness, gst_event_new_flush_stop (TRUE));
  gst_harness_push_event (harness, time_segment ());
  check_push (harness, bytes + 400, 20 * unit, GST_SECOND);
  out = check_pull_bytes (harness);
  check_bytes_equal (out, expected);
  gst_harness_teardown (harness);
}
GST_END_TEST

GST_START_TEST (rest_ends_with_the_state)
{
  GstHarness *harness = harness_of (__i__);
  const guint8 *bytes = (const guint8 *)check_all_samples ();
  gsize unit = streams[__i__].unit;
  g_autoptr (GBytes) expected = check_run (streams[__i__].element, streams[__i__].caps, bytes + 400, 20 * unit);
  g_autoptr (GBytes) out = NULL;

  check_push (harness, bytes, unit + 1, 0);
  gst_buffer_unref (gst_harness_pull (harness));
  gst_element_set_state (harness->element, GST_STATE_READY);
  gst_element_set_state (harness->element, GST_STATE_PLAYING);
  gst_harness_set_src_caps_str (harness, streams[__i__].caps);
  check_push (harness, bytes + 400, 20 * unit, 0);
  out = check_pull_bytes (harness);
  check_bytes_equal (out, expected);
  gst_harness_teardown (harness);
}
GST_END_TEST

GST_START_TEST (rest_survives_the_same_caps)
{
  GstHarness *harness = harness_of (__i__);
  const guint8 *bytes = (const guint8 *)check_all_samples ();
  gsize unit = streams[__i__].unit;
  g_autoptr (GBytes) expected = check_run (streams[__i__].element, streams[__i__].caps, bytes, 9 * unit);
  g_autoptr (GstCaps) caps = gst_caps_from_string (streams[__i__].caps);
  g_autoptr (GBytes) out = NULL;

  check_push (harness, bytes, 5 * unit + 1, 0);
  fail_unless (gst_harness_push_event (harness, gst_event_new_caps (caps)));
  check_push (harness, bytes + 5 * unit + 1, 4 * unit - 1, GST_CLOCK_TIME_NONE);
  out = check_pull_bytes (harness);
  check_bytes_equal (out, expected);
  gst_harness_teardown (harness);
}
GST_END_TEST

/* --- time --- */

static void
check_near (GstClockTime time, GstClockTime expected, GstClockTime tolerance)
{
  fail_unless (GST_CLOCK_TIME_IS_VALID (time));
  fail_unless (ABS (GST_CLOCK_DIFF (time, expected)) <= (GstClockTimeDiff)tolerance,
               "%" GST_TIME_FORMAT " is not near %" GST_TIME_FORMAT, GST_TIME_ARGS (time), GST_TIME_ARGS (expected));
}

/* Many buffers of awkward sizes, stamped exactly by the byte: each buffer that comes out is stamped with its
 * true time to the nanosecond, the last one too, and none but the first is marked as a discontinuity. */
GST_START_TEST (timestamps_do_not_drift)
{
  static const gsize sizes[] = { 161, 1, 320, 7, 3, 499, 2 };
  GstHarness *harness = harness_of (__i__);
  const guint8 *bytes = (const guint8 *)check_all_samples ();
  const gsize unit = streams[__i__].unit;
  guint64 pushed = 0, pulled = 0;

  for (guint i = 0; i < CHECK_MANY / 10; i++) {
    gsize size = sizes[i % G_N_ELEMENTS (sizes)];
    GstBuffer *buffer;

    check_push (harness, bytes, size, gst_util_uint64_scale (pushed, GST_SECOND, 8000 * unit));
    pushed += size;
    buffer = gst_harness_try_pull (harness);
    if (!buffer)
      continue;
    check_near (GST_BUFFER_PTS (buffer), gst_util_uint64_scale (pulled, GST_SECOND, 8000), 1);
    fail_unless (pulled == 0 || !GST_BUFFER_IS_DISCONT (buffer), "sample %" G_GUINT64_FORMAT, pulled);
    pulled += gst_buffer_get_size (buffer) / streams[__i__].unit_out;
    gst_buffer_unref (buffer);
  }
  fail_unless_equals_uint64 (pulled, pushed / unit);
  gst_harness_teardown (harness);
}
GST_END_TEST

/* Upstream jumps by ten seconds, and says so on a buffer that is smaller than a sample. */
GST_START_TEST (discont_of_a_swallowed_buffer_is_said_later)
{
  GstHarness *harness = harness_of (__i__);
  const guint8 *bytes = (const guint8 *)check_all_samples ();
  gsize unit = streams[__i__].unit;
  GstBuffer *out;

  check_push (harness, bytes, 8 * unit, 0);
  gst_buffer_unref (gst_harness_pull (harness));
  push_flagged (harness, bytes, 1, 10 * GST_SECOND, GST_BUFFER_FLAG_DISCONT);
  fail_unless (gst_harness_try_pull (harness) == NULL);
  check_push (harness, bytes, unit - 1, GST_CLOCK_TIME_NONE);
  out = gst_harness_pull (harness);
  fail_unless (GST_BUFFER_IS_DISCONT (out));
  check_near (GST_BUFFER_PTS (out), 10 * GST_SECOND, 0);
  gst_buffer_unref (out);
  check_push (harness, bytes, unit, GST_CLOCK_TIME_NONE);
  out = gst_harness_pull (harness);
  fail_if (GST_BUFFER_IS_DISCONT (out));
  check_near (GST_BUFFER_PTS (out), 10 * GST_SECOND + GST_SECOND / 8000, 1);
  gst_buffer_unref (out);
  gst_harness_teardown (harness);
}
GST_END_TEST

/* --- BYTES --- */

static void
push_bytes_segment (GstHarness *harness, guint64 start)
{
  GstSegment segment;

  gst_segment_init (&segment, GST_FORMAT_BYTES);
  segment.start = segment.time = segment.position = start;
  fail_unless (gst_harness_push_event (harness, gst_event_new_segment (&segment)));
}

static void
check_out (GstHarness *harness, GstClockTime pts)
{
  GstBuffer *buffer = gst_harness_pull (harness);
  g_autoptr (GstEvent) segment = gst_pad_get_sticky_event (harness->sinkpad, GST_EVENT_SEGMENT, 0);
  const GstSegment *parsed;

  fail_unless (segment != NULL);
  gst_event_parse_segment (segment, &parsed);
  fail_unless_equals_int (parsed->format, GST_FORMAT_TIME);
  fail_unless (
      gst_segment_clip (parsed, GST_FORMAT_TIME, GST_BUFFER_PTS (buffer), GST_BUFFER_PTS (buffer), NULL, NULL));
  check_near (GST_BUFFER_PTS (buffer), pts, 1);
  gst_buffer_unref (buffer);
}

/* Any g_warning ends this program (G_DEBUG), so also "Got data flow before segment event". */
GST_START_TEST (bytes_segment_becomes_time)
{
  GstHarness *harness = harness_of (__i__);
  const guint8 *bytes = (const guint8 *)check_all_samples ();
  gsize unit = streams[__i__].unit;

  push_bytes_segment (harness, 0);
  push_flagged (harness, bytes, 80 * unit, GST_CLOCK_TIME_NONE, GST_BUFFER_FLAG_DISCONT);
  check_out (harness, 0);
  check_push (harness, bytes, 80 * unit + 1, GST_CLOCK_TIME_NONE);
  check_out (harness, 10 * GST_MSECOND);
  check_push (harness, bytes, 80 * unit - 1, GST_CLOCK_TIME_NONE);
  check_out (harness, 20 * GST_MSECOND);
  gst_harness_teardown (harness);
}
GST_END_TEST

/* After a seek in bytes. The decoder's base class needs a second of output before it estimates the rate, so only the
 * encoder. */
GST_START_TEST (bytes_segment_starts_late)
{
  GstHarness *harness = check_harness ("mulawenc_demo", PCM_CAPS (8000, 1));

  push_bytes_segment (harness, 3 * 16000);
  push_flagged (harness, check_all_samples (), 1, GST_CLOCK_TIME_NONE, GST_BUFFER_FLAG_DISCONT);
  check_push (harness, check_all_samples (), 319, GST_CLOCK_TIME_NONE);
  check_out (harness, 3 * GST_SECOND);
  gst_harness_teardown (harness);
}
GST_END_TEST

static Suite *
split_suite (void)
{
  Suite *suite = suite_create ("split");
  TCase *bytes = tcase_create ("bytes"), *end = tcase_create ("end"), *times = tcase_create ("time");

  tcase_add_loop_test (bytes, random_splits_give_the_same_bytes, 0, N_STREAMS);
  suite_add_tcase (suite, bytes);
  tcase_add_loop_test (end, rest_at_eos_warns_once, 0, N_STREAMS);
  tcase_add_loop_test (end, rest_ends_with_discont, 0, N_STREAMS);
  tcase_add_loop_test (end, rest_ends_with_gap, 0, N_STREAMS);
  tcase_add_loop_test (end, rest_ends_with_segment, 0, N_STREAMS);
  tcase_add_loop_test (end, rest_ends_with_flush, 0, N_STREAMS);
  tcase_add_loop_test (end, rest_ends_with_the_state, 0, N_STREAMS);
  tcase_add_loop_test (end, rest_survives_the_same_caps, 0, N_STREAMS);
  suite_add_tcase (suite, end);
  tcase_add_loop_test (times, timestamps_do_not_drift, 0, N_STREAMS);
  tcase_add_loop_test (times, discont_of_a_swallowed_buffer_is_said_later, 0, N_STREAMS);
  tcase_add_loop_test (times, bytes_segment_becomes_time, 0, N_STREAMS);
  tcase_add_test (times, bytes_segment_starts_late);
  suite_add_tcase (suite, times);
  return suite;
}

GST_CHECK_MAIN (split)
