/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Events, tags, states, flow, metas and queries. */
#include "mulaw-check.h"

#include <gst/audio/audio.h>

GST_START_TEST (flush_and_go_on)
{
  GstHarness *harness = check_codec (__i__);

  check_push_frame (harness, __i__, 0);
  check_frame (harness, __i__, 0);
  fail_unless (gst_harness_push_event (harness, gst_event_new_flush_start ()));
  fail_unless_equals_int (check_push_frame (harness, __i__, FRAME), GST_FLOW_FLUSHING);
  fail_unless (gst_harness_push_event (harness, gst_event_new_flush_stop (TRUE)));
  check_push_segment (harness, 1.0, 0, GST_CLOCK_TIME_NONE);
  fail_unless_equals_int (check_push_frame (harness, __i__, 5 * GST_SECOND), GST_FLOW_OK);
  check_frame (harness, __i__, 5 * GST_SECOND);
  gst_harness_teardown (harness);
}
GST_END_TEST

GST_START_TEST (eos_without_data)
{
  GstHarness *harness = check_codec (__i__);
  g_autoptr (GstBus) bus = check_bus (harness);

  fail_unless (gst_harness_push_event (harness, gst_event_new_eos ()));
  fail_unless_equals_int (check_count_events (harness, GST_EVENT_EOS), 1);
  fail_unless_equals_int (gst_harness_buffers_received (harness), 0);
  fail_unless_equals_int (check_count_messages (bus, GST_MESSAGE_ERROR | GST_MESSAGE_WARNING), 0);
  gst_element_set_bus (harness->element, NULL);
  gst_harness_teardown (harness);
}
GST_END_TEST

/* What downstream sees, in this order and nothing else. */
GST_START_TEST (events_come_in_order)
{
  static const GstEventType order[] = { GST_EVENT_STREAM_START, GST_EVENT_CAPS, GST_EVENT_SEGMENT,
                                        GST_EVENT_TAG,          GST_EVENT_GAP,  GST_EVENT_CUSTOM_DOWNSTREAM,
                                        GST_EVENT_EOS };
  GstHarness *harness = check_codec (__i__);
  GstEvent *event;
  guint n = 0;

  check_push_frame (harness, __i__, 0);
  gst_harness_push_event (harness, gst_event_new_gap (FRAME, FRAME));
  gst_harness_push_event (harness,
                          gst_event_new_custom (GST_EVENT_CUSTOM_DOWNSTREAM, gst_structure_new_empty ("test")));
  check_push_frame (harness, __i__, 2 * FRAME);
  gst_harness_push_event (harness, gst_event_new_eos ());
  while ((event = gst_harness_try_pull_event (harness))) {
    fail_unless (n < G_N_ELEMENTS (order));
    fail_unless_equals_string (GST_EVENT_TYPE_NAME (event), gst_event_type_get_name (order[n]));
    n++;
    gst_event_unref (event);
  }
  fail_unless_equals_int (n, G_N_ELEMENTS (order));
  gst_harness_teardown (harness);
}
GST_END_TEST

/* Decoder: a gap comes before any data, with and without concealment asked for; caps come out before it. */
GST_START_TEST (gap_comes_first)
{
  GstHarness *harness = check_codec (DECODER);

  gst_harness_set (harness, "mulawdec_demo", "plc", (gboolean)__i__, NULL);
  fail_unless (gst_harness_push_event (harness, gst_event_new_gap (0, FRAME)));
  check_caps (harness, PCM_CAPS (8000, 1));
  fail_unless_equals_int (check_count_events (harness, GST_EVENT_GAP), 1);
  check_push_frame (harness, DECODER, FRAME);
  check_frame (harness, DECODER, FRAME);
  gst_harness_teardown (harness);
}
GST_END_TEST

static GstTagList *
out_tags (GstHarness *harness)
{
  g_autoptr (GstEvent) event = gst_pad_get_sticky_event (harness->sinkpad, GST_EVENT_TAG, 0);
  GstTagList *tags;

  fail_unless (event != NULL);
  gst_event_parse_tag (event, &tags);
  return gst_tag_list_ref (tags);
}

static void
expect_bitrate (GstHarness *harness, const char *tag, guint expected)
{
  g_autoptr (GstTagList) tags = out_tags (harness);
  g_autofree gchar *codec = NULL;
  guint bitrate;

  fail_unless (gst_tag_list_get_uint (tags, tag, &bitrate), "no %s", tag);
  fail_unless_equals_int (bitrate, expected);
  fail_unless (gst_tag_list_get_string (tags, GST_TAG_AUDIO_CODEC, &codec));
  fail_unless_equals_string (codec, "Mu-Law");
}

GST_START_TEST (tags_follow_the_format)
{
  GstHarness *harness = check_codec (__i__);

  check_push_frame (harness, __i__, 0);
  expect_bitrate (harness, GST_TAG_BITRATE, 64000);
  gst_harness_set_src_caps_str (harness, check_codecs[__i__].stereo);
  check_push (harness, check_all_samples (), 320, FRAME);
  expect_bitrate (harness, GST_TAG_BITRATE, 256000);
  if (__i__ == ENCODER) {
    expect_bitrate (harness, GST_TAG_MINIMUM_BITRATE, 256000);
    expect_bitrate (harness, GST_TAG_MAXIMUM_BITRATE, 256000);
  }
  gst_harness_teardown (harness);
}
GST_END_TEST

/* A title goes through. The codec of before is not that of after, where we encode; where we decode, upstream knows
 * best. */
GST_START_TEST (upstream_tags_are_merged)
{
  GstHarness *harness = check_codec (__i__);
  g_autoptr (GstTagList) tags = NULL;
  g_autofree gchar *title = NULL, *codec = NULL;

  gst_harness_push_event (
      harness, gst_event_new_tag (gst_tag_list_new (GST_TAG_TITLE, "a title", GST_TAG_AUDIO_CODEC, "G.711", NULL)));
  check_push_frame (harness, __i__, 0);
  tags = out_tags (harness);
  fail_unless (gst_tag_list_get_string (tags, GST_TAG_TITLE, &title));
  fail_unless_equals_string (title, "a title");
  fail_unless (gst_tag_list_get_string_index (tags, GST_TAG_AUDIO_CODEC, 0, &codec));
  fail_unless_equals_string (codec, __i__ == ENCODER ? "Mu-Law" : "G.711");
  gst_harness_teardown (harness);
}
GST_END_TEST

/* --- states and flow --- */

GST_START_TEST (states_cycle)
{
  GstHarness *harness = gst_harness_new (check_codecs[__i__].element);

  for (int i = 0; i < 20; i++) {
    gst_harness_play (harness);
    gst_harness_set_src_caps_str (harness, i % 2 ? check_codecs[__i__].stereo : check_codecs[__i__].caps);
    fail_unless_equals_int (check_push (harness, check_all_samples (), 640, 0), GST_FLOW_OK);
    gst_buffer_unref (gst_harness_pull (harness));
    fail_unless_equals_int (gst_element_set_state (harness->element, i % 3 ? GST_STATE_NULL : GST_STATE_READY),
                            GST_STATE_CHANGE_SUCCESS);
  }
  gst_harness_teardown (harness);
}
GST_END_TEST

static GstFlowReturn flow_of_downstream;

static GstFlowReturn
return_that_flow (GstPad *pad, GstObject *parent, GstBuffer *buffer)
{
  gst_buffer_unref (buffer);
  return flow_of_downstream;
}

GST_START_TEST (flow_of_downstream_goes_up)
{
  static const GstFlowReturn flows[] = {
    GST_FLOW_OK,         GST_FLOW_FLUSHING,     GST_FLOW_EOS,           GST_FLOW_ERROR,
    GST_FLOW_NOT_LINKED, GST_FLOW_CUSTOM_ERROR, GST_FLOW_CUSTOM_SUCCESS
  };
  GstHarness *harness = check_codec (__i__);

  gst_pad_set_chain_function (harness->sinkpad, return_that_flow);
  for (guint i = 0; i < G_N_ELEMENTS (flows); i++) {
    flow_of_downstream = flows[i];
    fail_unless_equals_int (check_push_frame (harness, __i__, i * FRAME), flows[i]);
  }
  gst_harness_teardown (harness);
}
GST_END_TEST

/* --- metas and queries --- */

GST_START_TEST (metas_go_through)
{
  GstHarness *harness = check_codec (__i__);
  g_autoptr (GstCaps) reference = gst_caps_new_empty_simple ("timestamp/x-ntp");
  GstBuffer *in = check_buffer (check_all_samples (), check_codecs[__i__].size + __i__, 0), *out;

  gst_buffer_add_reference_timestamp_meta (in, reference, 1234, GST_CLOCK_TIME_NONE);
  gst_buffer_add_audio_level_meta (in, 17, TRUE);
  gst_harness_push (harness, in);
  out = gst_harness_pull (harness);
  fail_unless (gst_buffer_get_reference_timestamp_meta (out, reference) != NULL);
  fail_unless (gst_buffer_get_audio_level_meta (out) != NULL);
  gst_buffer_unref (out);
  gst_harness_teardown (harness);
}
GST_END_TEST

/* Also when the buffer is joined to the rest of the one before. */
GST_START_TEST (metas_go_through_a_join)
{
  GstHarness *harness = check_codec (ENCODER);
  GstBuffer *in = check_buffer (check_all_samples (), 319, GST_CLOCK_TIME_NONE), *out;

  check_push (harness, check_all_samples (), 321, 0);
  gst_buffer_unref (gst_harness_pull (harness));
  gst_buffer_add_audio_level_meta (in, 17, TRUE);
  gst_harness_push (harness, in);
  out = gst_harness_pull (harness);
  fail_unless_equals_int (gst_buffer_get_size (out), 160);
  fail_unless (gst_buffer_get_audio_level_meta (out) != NULL);
  gst_buffer_unref (out);
  gst_harness_teardown (harness);
}
GST_END_TEST

GST_START_TEST (no_latency_is_added)
{
  GstHarness *harness = check_codec (__i__);

  gst_harness_set_upstream_latency (harness, 33 * GST_MSECOND);
  fail_unless_equals_clocktime (gst_harness_query_latency (harness), 33 * GST_MSECOND);
  gst_harness_teardown (harness);
}
GST_END_TEST

static void
expect_converted (GstPad *pad, GstFormat from, gint64 value, GstFormat to, gint64 expected)
{
  gint64 converted;

  fail_unless (gst_pad_query_convert (pad, from, value, to, &converted));
  fail_unless_equals_int64 (converted, expected);
}

GST_START_TEST (bytes_and_time_convert)
{
  GstHarness *harness = check_codec (__i__);
  g_autoptr (GstPad) sink = gst_element_get_static_pad (harness->element, "sink");
  g_autoptr (GstPad) src = gst_element_get_static_pad (harness->element, "src");

  for (int i = 0; i < 51; i++)
    check_push_frame (harness, __i__, i * FRAME);
  expect_converted (sink, GST_FORMAT_BYTES, check_codecs[__i__].size * 100, GST_FORMAT_TIME, 2 * GST_SECOND);
  expect_converted (src, GST_FORMAT_BYTES, check_codecs[__i__].size_out * 100, GST_FORMAT_TIME, 2 * GST_SECOND);
  expect_converted (src, GST_FORMAT_TIME, 3 * GST_SECOND, GST_FORMAT_BYTES, check_codecs[__i__].size_out * 150);
  gst_harness_teardown (harness);
}
GST_END_TEST

/* The encoder asks upstream, so only the decoder. */
GST_START_TEST (position_is_known)
{
  GstHarness *harness = check_codec (DECODER);
  gint64 position;

  for (int i = 0; i < 50; i++)
    check_push_frame (harness, DECODER, i * FRAME);
  fail_unless (gst_element_query_position (harness->element, GST_FORMAT_TIME, &position));
  fail_unless_equals_int64 (position, 50 * FRAME);
  gst_harness_teardown (harness);
}
GST_END_TEST

static Suite *
stream_suite (void)
{
  Suite *suite = suite_create ("stream");
  TCase *tcase = tcase_create ("stream");

  tcase_add_loop_test (tcase, flush_and_go_on, 0, N_CODECS);
  tcase_add_loop_test (tcase, eos_without_data, 0, N_CODECS);
  tcase_add_loop_test (tcase, events_come_in_order, 0, N_CODECS);
  tcase_add_loop_test (tcase, gap_comes_first, 0, N_CODECS);
  tcase_add_loop_test (tcase, tags_follow_the_format, 0, N_CODECS);
  tcase_add_loop_test (tcase, upstream_tags_are_merged, 0, N_CODECS);
  tcase_add_loop_test (tcase, states_cycle, 0, N_CODECS);
  tcase_add_loop_test (tcase, flow_of_downstream_goes_up, 0, N_CODECS);
  tcase_add_loop_test (tcase, metas_go_through, 0, N_CODECS);
  tcase_add_test (tcase, metas_go_through_a_join);
  tcase_add_loop_test (tcase, no_latency_is_added, 0, N_CODECS);
  tcase_add_loop_test (tcase, bytes_and_time_convert, 0, N_CODECS);
  tcase_add_test (tcase, position_is_known);
  suite_add_tcase (suite, tcase);
  return suite;
}

GST_CHECK_MAIN (stream)
