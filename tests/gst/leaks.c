/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* GStreamer's leaks tracer over everything the elements do: after each round as many objects live as before. */
#include "mulaw-check.h"

static GstTracer *tracer;

static guint
live_objects (void)
{
  GstStructure *live = NULL;
  const GValue *list;
  guint n;

  g_signal_emit_by_name (tracer, "get-live-objects", &live);
  fail_unless (live != NULL);
  list = gst_structure_get_value (live, "live-objects-list");
  n = gst_value_list_get_size (list);
  gst_structure_free (live);
  return n;
}

static void
push_discont (GstHarness *harness, gsize size)
{
  GstBuffer *buffer = check_buffer (check_all_samples (), size, 5 * GST_SECOND);

  GST_BUFFER_FLAG_SET (buffer, GST_BUFFER_FLAG_DISCONT);
  gst_harness_push (harness, buffer);
}

/* Rests that end in every way, renegotiation, a segment in bytes, refusal, and a harness torn down with a rest inside.
 */
static void
one_round (int row)
{
  GstHarness *harness = check_harness (check_codecs[row].element, check_codecs[row].stereo);
  g_autoptr (GBytes) out = NULL;
  GstSegment segment;

  gst_segment_init (&segment, GST_FORMAT_BYTES);
  check_push (harness, check_all_samples (), 1, 0);
  check_push (harness, check_all_samples (), 642, 0);
  push_discont (harness, 1);
  gst_harness_push_event (harness, gst_event_new_segment (&segment));
  check_push (harness, check_all_samples (), 641, GST_CLOCK_TIME_NONE);
  gst_harness_push_event (harness, gst_event_new_flush_start ());
  gst_harness_push_event (harness, gst_event_new_flush_stop (TRUE));
  check_push_segment (harness, 1.0, 0, GST_SECOND);
  check_push (harness, check_all_samples (), 641, 0);
  gst_harness_set_src_caps_str (harness, check_codecs[row].caps);
  check_push_frame (harness, row, 2 * GST_SECOND);
  check_push_frame (harness, row, FRAME);
  gst_harness_set_src_caps_str (harness, check_codecs[row].stereo);
  check_push (harness, check_all_samples (), 641, 2 * FRAME);
  out = check_pull_bytes (harness);
  gst_harness_teardown (harness);
}

GST_START_TEST (nothing_leaks)
{
  guint before;

  one_round (__i__); /* what is made once and kept is made now */
  before = live_objects ();
  for (int i = 0; i < 5; i++)
    one_round (__i__);
  fail_unless_equals_int (live_objects (), before);
}
GST_END_TEST

static Suite *
leaks_suite (void)
{
  Suite *suite = suite_create ("leaks");
  TCase *tcase = tcase_create ("leaks");

  tcase_add_loop_test (tcase, nothing_leaks, 0, N_CODECS);
  suite_add_tcase (suite, tcase);
  return suite;
}

int
main (int argc, char **argv)
{
  GList *tracers;
  int failed;

  g_setenv ("GST_TRACERS", "leaks", TRUE);
  gst_check_init (&argc, &argv);
  tracers = gst_tracing_get_active_tracers ();
  if (!tracers) {
    g_print ("no leaks tracer here: skipped\n");
    return 77;
  }
  tracer = tracers->data;
  failed = gst_check_run_suite (leaks_suite (), "leaks", __FILE__);
  g_list_free_full (tracers, gst_object_unref);
  return failed;
}
