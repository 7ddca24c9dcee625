/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The element that doubles and halves the rate: lengths, time, and where a stream is cut. */
#include "mulaw-check.h"

#define LOW  PCM_CAPS (8000, 1)
#define HIGH PCM_CAPS (16000, 1)
#define UP   "halfband_demo ! capsfilter caps=" HIGH
#define DOWN "halfband_demo ! capsfilter caps=" LOW

/* One row for each way: samples of a frame of 20 ms, in and out, and what of the first comes out at once. */
static const struct {
  const char *element, *caps, *out_caps;
  gsize in, out, first;
} ways[] = {
  { UP, LOW, HIGH, 160, 320, 288 },
  { DOWN, HIGH, LOW, 320, 160, 145 },
};

#define N_WAYS ((int)G_N_ELEMENTS (ways))

static void
push_frame (GstHarness *harness, int way, GstClockTime pts, GstBufferFlags flags)
{
  GstBuffer *buffer = check_buffer (check_all_samples (), ways[way].in * 2, pts);

  GST_BUFFER_FLAG_SET (buffer, flags);
  fail_unless_equals_int (gst_harness_push (harness, buffer), GST_FLOW_OK);
}

/* Pulls a buffer of so many samples at @pts. */
static void
check_out (GstHarness *harness, gsize samples, GstClockTime pts, int way)
{
  GstBuffer *buffer = gst_harness_try_pull (harness);

  fail_unless (buffer != NULL);
  fail_unless_equals_int (gst_buffer_get_size (buffer), samples * 2);
  fail_unless_equals_clocktime (GST_BUFFER_PTS (buffer), pts);
  fail_unless_equals_clocktime (GST_BUFFER_DURATION (buffer), samples * FRAME / ways[way].out);
  gst_buffer_unref (buffer);
}

static GstClockTime
delay_of (int way)
{
  return (ways[way].out - ways[way].first) * FRAME / ways[way].out;
}

GST_START_TEST (rates_are_negotiated)
{
  GstHarness *harness = check_harness (ways[__i__].element, ways[__i__].caps);

  push_frame (harness, __i__, 0, 0);
  check_caps (harness, ways[__i__].out_caps);
  gst_harness_teardown (harness);
}
GST_END_TEST

/* It doubles, if there is such a rate; an odd one has no half. */
GST_START_TEST (nobody_asks)
{
  static const struct {
    const char *in, *out;
  } rows[] = {
    { LOW, HIGH },
    { PCM_CAPS (11025, 1), PCM_CAPS (22050, 1) },
    { PCM_CAPS (2147483646, 1), PCM_CAPS (1073741823, 1) },
    { PCM_CAPS (2147483647, 1), NULL },
  };

  for (guint i = 0; i < G_N_ELEMENTS (rows); i++) {
    GstHarness *harness = check_harness ("halfband_demo", rows[i].in);
    GstFlowReturn flow = check_push (harness, check_all_samples (), 640, 0);

    fail_unless_equals_int (flow, rows[i].out != NULL ? GST_FLOW_OK : GST_FLOW_NOT_NEGOTIATED);
    if (rows[i].out != NULL)
      check_caps (harness, rows[i].out);
    gst_harness_teardown (harness);
  }
}
GST_END_TEST

GST_START_TEST (other_factors_are_refused)
{
  GstHarness *harness = check_harness ("halfband_demo ! capsfilter caps=" PCM_CAPS (24000, 1), LOW);
  GstBuffer *buffer = check_buffer (check_all_samples (), 320, 0);

  fail_unless_equals_int (gst_harness_push (harness, buffer), GST_FLOW_NOT_NEGOTIATED);
  gst_harness_teardown (harness);
}
GST_END_TEST

GST_START_TEST (time_goes_on)
{
  GstHarness *harness = check_harness (ways[__i__].element, ways[__i__].caps);

  push_frame (harness, __i__, GST_SECOND, 0);
  check_out (harness, ways[__i__].first, GST_SECOND, __i__);
  for (int i = 1; i < 50; i++) {
    push_frame (harness, __i__, i % 2 == 0 ? (GstClockTime)(GST_SECOND + i * FRAME) : GST_CLOCK_TIME_NONE, 0);
    check_out (harness, ways[__i__].out, GST_SECOND + i * FRAME - delay_of (__i__), __i__);
  }
  gst_harness_teardown (harness);
}
GST_END_TEST

/* In pieces of any size, as in one: the same bytes. Those of half a sample are not for this element. */
GST_START_TEST (splits_do_not_matter)
{
  const gsize total = ways[__i__].in * 2 * 20;
  g_autoptr (GRand) random = g_rand_new_with_seed (7);
  g_autoptr (GBytes) whole = NULL, split = NULL;

  for (int round = 0; round < 2; round++) {
    GstHarness *harness = check_harness (ways[__i__].element, ways[__i__].caps);

    for (gsize at = 0, size; at < total; at += size) {
      size = round == 0 ? total : 2 * (gsize)g_rand_int_range (random, 0, 100);
      size = MIN (size, total - at); /* the macro evaluates twice */
      check_push (harness, (const guint8 *)check_all_samples () + at, size, GST_CLOCK_TIME_NONE);
    }
    gst_harness_push_event (harness, gst_event_new_eos ());
    *(round == 0 ? &whole : &split) = check_pull_bytes (harness);
    gst_harness_teardown (harness);
  }
  fail_unless_equals_int (g_bytes_get_size (whole), total / ways[__i__].in * ways[__i__].out);
  check_bytes_equal (whole, split);
}
GST_END_TEST

/* Of an odd number of samples, the half is rounded up: the last one is at the centre of the filter. */
GST_START_TEST (half_of_an_odd_number)
{
  for (gsize n = 1; n < 200; n += 7) {
    GstHarness *harness = check_harness (DOWN, HIGH);
    g_autoptr (GBytes) out = NULL;

    check_push (harness, check_all_samples (), n * 2, 0);
    gst_harness_push_event (harness, gst_event_new_eos ());
    out = check_pull_bytes (harness);
    fail_unless_equals_int (g_bytes_get_size (out), (n + 1) / 2 * 2);
    gst_harness_teardown (harness);
  }
}
GST_END_TEST

/* Is said of what follows a cut, not of what was held before it. */
GST_START_TEST (discont_is_passed_on)
{
  GstHarness *harness = check_harness (ways[__i__].element, ways[__i__].caps);

  push_frame (harness, __i__, 0, GST_BUFFER_FLAG_DISCONT);
  push_frame (harness, __i__, FRAME, 0);
  push_frame (harness, __i__, GST_SECOND, GST_BUFFER_FLAG_DISCONT);
  push_frame (harness, __i__, GST_SECOND + FRAME, 0);
  for (int i = 0; i < 5; i++) { /* the third is what was held */
    g_autoptr (GstBuffer) buffer = gst_harness_try_pull (harness);

    fail_unless (buffer != NULL);
    fail_unless_equals_int (GST_BUFFER_IS_DISCONT (buffer), i == 0 || i == 3);
  }
  gst_harness_teardown (harness);
}
GST_END_TEST

/* What is held when the stream is cut comes out where it belongs; what follows begins anew. */
GST_START_TEST (discont_cuts)
{
  GstHarness *harness = check_harness (ways[__i__].element, ways[__i__].caps);

  push_frame (harness, __i__, 0, 0);
  check_out (harness, ways[__i__].first, 0, __i__);
  push_frame (harness, __i__, GST_SECOND, GST_BUFFER_FLAG_DISCONT);
  check_out (harness, ways[__i__].out - ways[__i__].first, FRAME - delay_of (__i__), __i__);
  check_out (harness, ways[__i__].first, GST_SECOND, __i__);
  gst_harness_teardown (harness);
}
GST_END_TEST

static GstEvent *
make_cut (int row)
{
  GstSegment segment;

  gst_segment_init (&segment, GST_FORMAT_TIME);
  switch (row) {
  case 0:
    return gst_event_new_eos ();
  case 1:
    return gst_event_new_segment (&segment);
  case 2:
    return gst_event_new_gap (FRAME, FRAME);
  default:
    return gst_event_new_stream_start ("another");
  }
}

GST_START_TEST (events_cut)
{
  for (int way = 0; way < N_WAYS; way++) {
    GstHarness *harness = check_harness (ways[way].element, ways[way].caps);

    push_frame (harness, way, 0, 0);
    check_out (harness, ways[way].first, 0, way);
    gst_harness_push_event (harness, make_cut (__i__));
    check_out (harness, ways[way].out - ways[way].first, FRAME - delay_of (way), way);
    gst_harness_push_event (harness, make_cut (__i__)); /* and nothing is left */
    fail_unless (gst_harness_try_pull (harness) == NULL);
    gst_harness_teardown (harness);
  }
}
GST_END_TEST

GST_START_TEST (flush_forgets)
{
  GstHarness *harness = check_harness (ways[__i__].element, ways[__i__].caps);

  push_frame (harness, __i__, 0, 0);
  check_out (harness, ways[__i__].first, 0, __i__);
  gst_harness_push_event (harness, gst_event_new_flush_start ());
  gst_harness_push_event (harness, gst_event_new_flush_stop (TRUE));
  check_push_segment (harness, 1.0, 0, GST_CLOCK_TIME_NONE);
  fail_unless (gst_harness_try_pull (harness) == NULL);
  push_frame (harness, __i__, GST_SECOND, 0);
  check_out (harness, ways[__i__].first, GST_SECOND, __i__);
  gst_harness_teardown (harness);
}
GST_END_TEST

/* The other way round, in one stream. */
GST_START_TEST (new_caps_cut)
{
  GstHarness *harness = check_harness ("halfband_demo", LOW);

  push_frame (harness, 0, 0, 0);
  check_out (harness, ways[0].first, 0, 0);
  gst_harness_set_sink_caps_str (harness, LOW);
  gst_harness_set_src_caps_str (harness, HIGH);
  check_out (harness, ways[0].out - ways[0].first, FRAME - delay_of (0), 0);
  push_frame (harness, 1, GST_SECOND, 0);
  check_out (harness, ways[1].first, GST_SECOND, 1);
  gst_harness_teardown (harness);
}
GST_END_TEST

/* 16 samples at 8 kHz; 31 at 16 kHz. */
GST_START_TEST (latency_is_told)
{
  static const GstClockTime own[] = { 2 * GST_MSECOND, 31 * GST_SECOND / 16000 };
  GstHarness *harness = check_harness (ways[__i__].element, ways[__i__].caps);

  gst_harness_set_upstream_latency (harness, FRAME);
  push_frame (harness, __i__, 0, 0);
  fail_unless_equals_clocktime (gst_harness_query_latency (harness), FRAME + own[__i__]);
  gst_harness_teardown (harness);
}
GST_END_TEST

static Suite *
halfband_suite (void)
{
  Suite *suite = suite_create ("halfband");
  TCase *tcase = tcase_create ("halfband");

  tcase_add_loop_test (tcase, rates_are_negotiated, 0, N_WAYS);
  tcase_add_test (tcase, nobody_asks);
  tcase_add_test (tcase, other_factors_are_refused);
  tcase_add_loop_test (tcase, time_goes_on, 0, N_WAYS);
  tcase_add_loop_test (tcase, splits_do_not_matter, 0, N_WAYS);
  tcase_add_test (tcase, half_of_an_odd_number);
  tcase_add_loop_test (tcase, discont_cuts, 0, N_WAYS);
  tcase_add_loop_test (tcase, discont_is_passed_on, 0, N_WAYS);
  tcase_add_loop_test (tcase, events_cut, 0, 4);
  tcase_add_loop_test (tcase, flush_forgets, 0, N_WAYS);
  tcase_add_test (tcase, new_caps_cut);
  tcase_add_loop_test (tcase, latency_is_told, 0, N_WAYS);
  suite_add_tcase (suite, tcase);
  return suite;
}

GST_CHECK_MAIN (halfband)
