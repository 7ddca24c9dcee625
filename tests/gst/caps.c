/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Formats: what is taken, what is refused, what is offered, and changes midway. */
#include "mulaw-check.h"

GST_START_TEST (data_before_caps_is_refused)
{
  GstHarness *harness = gst_harness_new (check_codecs[__i__].element);
  g_autoptr (GstBus) bus = check_bus (harness);

  gst_harness_play (harness);
  gst_harness_push_event (harness, gst_event_new_stream_start ("test"));
  check_push_segment (harness, 1.0, 0, GST_CLOCK_TIME_NONE);
  fail_unless_equals_int (check_push_frame (harness, __i__, 0), GST_FLOW_NOT_NEGOTIATED);
  fail_unless_equals_int (check_count_messages (bus, GST_MESSAGE_ERROR), 1);
  gst_element_set_bus (harness->element, NULL);
  gst_harness_teardown (harness);
}
GST_END_TEST

GST_START_TEST (format_changes_midway)
{
  GstHarness *harness = check_codec (__i__);
  GstBuffer *buffer;

  check_push_frame (harness, __i__, 0);
  check_frame (harness, __i__, 0);
  check_caps (harness, check_codecs[__i__].out_caps);
  gst_harness_set_src_caps_str (harness, check_codecs[__i__].stereo);
  check_push (harness, check_all_samples (), check_codecs[__i__].size * 4, FRAME);
  buffer = gst_harness_pull (harness);
  fail_unless_equals_int (gst_buffer_get_size (buffer), check_codecs[__i__].size_out * 4);
  gst_buffer_unref (buffer);
  check_caps (harness, check_codecs[1 - __i__].stereo);
  gst_harness_set_src_caps_str (harness, check_codecs[__i__].caps);
  check_push_frame (harness, __i__, 2 * FRAME);
  check_frame (harness, __i__, 2 * FRAME);
  check_caps (harness, check_codecs[__i__].out_caps);
  gst_harness_teardown (harness);
}
GST_END_TEST

GST_START_TEST (same_caps_twice_say_nothing_new)
{
  GstHarness *harness = check_codec (__i__);
  g_autoptr (GstCaps) caps = gst_caps_from_string (check_codecs[__i__].caps);

  check_push_frame (harness, __i__, 0);
  fail_unless_equals_int (check_count_events (harness, GST_EVENT_CAPS), 1);
  gst_harness_push_event (harness, gst_event_new_caps (caps));
  check_push_frame (harness, __i__, FRAME);
  fail_unless_equals_int (check_count_events (harness, GST_EVENT_CAPS), 0);
  check_frame (harness, __i__, 0);
  check_frame (harness, __i__, FRAME);
  gst_harness_teardown (harness);
}
GST_END_TEST

static gboolean
accepts (const char *element, const char *caps_string)
{
  GstHarness *harness = gst_harness_new (element);
  g_autoptr (GstCaps) caps = gst_caps_from_string (caps_string);
  gboolean accepted = gst_pad_peer_query_accept_caps (harness->srcpad, caps);

  gst_harness_teardown (harness);
  return accepted;
}

GST_START_TEST (caps_are_refused_or_accepted)
{
  fail_unless (accepts ("mulawenc_demo", PCM_CAPS (1, 1)));
  fail_unless (accepts ("mulawenc_demo", PCM_CAPS (2147483647, 8) ",channel-mask=(bitmask)0"));
  fail_if (accepts ("mulawenc_demo", "audio/x-raw,format=" GST_STR_ALIEN ",layout=interleaved,rate=8000,channels=1"));
  fail_if (accepts ("mulawenc_demo", "audio/x-raw,format=F32LE,layout=interleaved,rate=8000,channels=1"));
  fail_if (accepts ("mulawenc_demo", "audio/x-raw,format=" GST_STR_S16 ",layout=non-interleaved,rate=8000,channels=2"));
  fail_if (accepts ("mulawenc_demo", PCM_CAPS (0, 1)));
  fail_if (accepts ("mulawenc_demo", PCM_CAPS (8000, 0)));
  fail_unless (accepts ("mulawdec_demo", MULAW_CAPS (8000, 8)));
  fail_if (accepts ("mulawdec_demo", MULAW_CAPS (0, 1)));
  fail_if (accepts ("mulawdec_demo", "audio/x-alaw,rate=8000,channels=1"));
  fail_if (accepts ("mulawdec_demo", PCM_CAPS (8000, 1)));
}
GST_END_TEST

/* Where channels sit survives both elements; four channels that sit nowhere stay nowhere. */
GST_START_TEST (channel_mask_survives)
{
  GstHarness *harness =
      check_harness ("mulawenc_demo ! mulawdec_demo", PCM_CAPS (48000, 6) ",channel-mask=(bitmask)0x3f");

  check_push (harness, check_all_samples (), 1200, 0);
  check_caps (harness, PCM_CAPS (48000, 6) ",channel-mask=(bitmask)0x3f");
  gst_harness_teardown (harness);
  harness = check_harness ("mulawdec_demo", MULAW_CAPS (8000, 4));
  check_push (harness, check_all_codes (), 256, 0);
  check_caps (harness, PCM_CAPS (8000, 4) ",channel-mask=(bitmask)0");
  gst_harness_teardown (harness);
}
GST_END_TEST

/* Upstream of the element only what downstream takes is offered. */
GST_START_TEST (caps_query_is_proxied)
{
  GstHarness *harness = gst_harness_new (check_codecs[__i__].element);
  g_autoptr (GstCaps) filter = gst_caps_from_string (check_codecs[__i__].stereo), offered = NULL, filtered = NULL;
  GstStructure *structure;
  gint rate, channels;

  gst_harness_set_sink_caps_str (harness, check_codecs[__i__].out_caps);
  gst_harness_play (harness);
  offered = gst_pad_peer_query_caps (harness->srcpad, NULL);
  structure = gst_caps_get_structure (offered, 0);
  fail_unless (gst_structure_get_int (structure, "rate", &rate) && rate == 8000);
  fail_unless (gst_structure_get_int (structure, "channels", &channels) && channels == 1);
  filtered = gst_pad_peer_query_caps (harness->srcpad, filter);
  fail_unless (gst_caps_is_empty (filtered), "%" GST_PTR_FORMAT, filtered);
  gst_harness_teardown (harness);
}
GST_END_TEST

GST_START_TEST (downstream_may_refuse)
{
  GstHarness *harness = check_codec (__i__);

  gst_harness_set_sink_caps_str (harness, check_codecs[1 - __i__].stereo);
  fail_unless_equals_int (check_push_frame (harness, __i__, 0), GST_FLOW_NOT_NEGOTIATED);
  gst_harness_teardown (harness);
}
GST_END_TEST

GST_START_TEST (reconfigure_negotiates_again)
{
  GstHarness *harness = check_codec (__i__);

  check_push_frame (harness, __i__, 0);
  gst_harness_push_upstream_event (harness, gst_event_new_reconfigure ());
  fail_unless_equals_int (check_push_frame (harness, __i__, FRAME), GST_FLOW_OK);
  check_frame (harness, __i__, 0);
  check_frame (harness, __i__, FRAME);
  check_caps (harness, check_codecs[__i__].out_caps);
  gst_harness_teardown (harness);
}
GST_END_TEST

/* Downstream asks for memory at addresses that 64 divides, with room before and after. */
GST_START_TEST (allocation_is_as_downstream_wants)
{
  GstHarness *harness = check_codec (__i__);
  GstAllocationParams params = { 0, 63, 16, 48, { NULL } };
  GstBuffer *buffer;
  GstMapInfo map;
  gsize offset, room;

  gst_harness_set_propose_allocator (harness, NULL, &params);
  check_push_frame (harness, __i__, 0);
  buffer = check_pull_frame (harness, __i__, 0);
  fail_unless (gst_buffer_map (buffer, &map, GST_MAP_READ));
  gst_memory_get_sizes (map.memory, &offset, &room);
  fail_unless_equals_int ((GPOINTER_TO_SIZE (map.data) - offset) & 63, 0);
  fail_unless (offset >= 16 && room >= offset + map.size + 48);
  gst_buffer_unmap (buffer, &map);
  gst_buffer_unref (buffer);
  gst_harness_teardown (harness);
}
GST_END_TEST

static Suite *
caps_suite (void)
{
  Suite *suite = suite_create ("caps");
  TCase *tcase = tcase_create ("caps");

  tcase_add_loop_test (tcase, data_before_caps_is_refused, 0, N_CODECS);
  tcase_add_loop_test (tcase, format_changes_midway, 0, N_CODECS);
  tcase_add_loop_test (tcase, same_caps_twice_say_nothing_new, 0, N_CODECS);
  tcase_add_test (tcase, caps_are_refused_or_accepted);
  tcase_add_test (tcase, channel_mask_survives);
  tcase_add_loop_test (tcase, caps_query_is_proxied, 0, N_CODECS);
  tcase_add_loop_test (tcase, downstream_may_refuse, 0, N_CODECS);
  tcase_add_loop_test (tcase, reconfigure_negotiates_again, 0, N_CODECS);
  tcase_add_loop_test (tcase, allocation_is_as_downstream_wants, 0, N_CODECS);
  suite_add_tcase (suite, tcase);
  return suite;
}

GST_CHECK_MAIN (caps)
