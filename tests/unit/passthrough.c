/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The pipeline without elements, which the sessions of a worker share: stepped by the worker, and with a streaming
 * thread, as it runs where the first way is not to be had. */
#include "base/ap-limits.h"
#include "media/ap-pipeline.h"

#include "test-wait.h"

#define FRAME 320

typedef struct {
  ApPipelineMode mode; /* auto: stepped */
  GMainContext *context;
  GMainContextPusher *pusher;
  ApPipeline *pipeline;

  guint frames; /* that came: their bytes and sessions are those of the next one expected */
  guint batches;
  guint ends;
  guint stop_at; /* the number of the frame whose call back stops the pipeline; 0: none */
  guint end_at;  /* the same, ends it */
} Fixture;

static void
on_frame (gpointer owner, guint64 session_id, GstBuffer *buffer)
{
  Fixture *fixture = owner;
  guint8 frame[FRAME];

  g_assert_cmpuint (fixture->ends, ==, 0);
  g_assert_cmpuint (session_id, ==, fixture->frames + 1);
  g_assert_cmpuint (gst_buffer_extract (buffer, 0, frame, sizeof frame), ==, sizeof frame);
  g_assert_cmpuint (gst_buffer_get_size (buffer), ==, sizeof frame);
  for (guint i = 0; i < sizeof frame; i++)
    g_assert_cmpuint (frame[i], ==, (guint8)(fixture->frames + i));
  fixture->frames++;
  if (fixture->frames == fixture->stop_at)
    ap_pipeline_stop (fixture->pipeline);
  if (fixture->frames == fixture->end_at)
    ap_pipeline_end (fixture->pipeline);
}

static void
on_batch_end (gpointer owner)
{
  ((Fixture *)owner)->batches++;
}

static void
on_room (gpointer owner)
{
}

static void
on_ended (gpointer owner, const GError *error)
{
  g_assert_no_error (error);
  ((Fixture *)owner)->ends++;
}

static void
start (Fixture *fixture)
{
  static const ApPipelineCallbacks callbacks = { on_frame, on_batch_end, on_room, on_ended };
  const ApPipelineSpec spec = { .mode = fixture->mode };
  g_autoptr (GError) error = NULL;

  fixture->pipeline = ap_pipeline_new (&spec, &callbacks, fixture, &error);
  g_assert_no_error (error);
}

static void
set_up (Fixture *fixture, gconstpointer data)
{
  fixture->mode = GPOINTER_TO_INT (data);
  fixture->context = g_main_context_new ();
  fixture->pusher = g_main_context_pusher_new (fixture->context);
  start (fixture);
}

static void
tear_down (Fixture *fixture, gconstpointer data)
{
  g_clear_object (&fixture->pipeline);
  ap_pipeline_await_stopped (test_deadline () - g_get_monotonic_time ());
  g_main_context_pusher_free (fixture->pusher);
  g_main_context_unref (fixture->context);
}

static void
push_frames (Fixture *fixture, guint first, guint n)
{
  guint8 frame[FRAME];

  for (guint i = first; i < first + n; i++) {
    for (guint j = 0; j < FRAME; j++)
      frame[j] = (guint8)(i + j);
    ap_pipeline_push (fixture->pipeline, i + 1, frame, FRAME);
  }
}

/* The alarm fails a test that waits in vain. */
#define run_until(condition)                                                                                           \
  G_STMT_START                                                                                                         \
  {                                                                                                                    \
    gint64 deadline_ = test_deadline ();                                                                               \
    while (!(condition)) {                                                                                             \
      g_assert_cmpint (g_get_monotonic_time (), <, deadline_);                                                         \
      if (!g_main_context_iteration (fixture->context, FALSE))                                                         \
        g_poll (NULL, 0, 1);                                                                                           \
    }                                                                                                                  \
  }                                                                                                                    \
  G_STMT_END

static void
run_until_quiet (Fixture *fixture)
{
  while (g_main_context_iteration (fixture->context, FALSE))
    continue;
}

/* Each buffer keeps its session, and the frames of a round come back as a batch. */
static void
test_frames (Fixture *fixture, gconstpointer data)
{
  push_frames (fixture, 0, 200);
  g_assert_cmpuint (fixture->frames, ==, 0);
  ap_pipeline_submit (fixture->pipeline);
  run_until (fixture->frames == 200);
  g_assert_cmpuint (fixture->batches, <, 200);
  g_assert_false (ap_pipeline_is_full (fixture->pipeline));
}

/* What was submitted has come when the submit returns, and nothing waits for the event loop. */
static void
test_at_once (Fixture *fixture, gconstpointer data)
{
  for (guint i = 0; i < 100; i++) {
    push_frames (fixture, i * 3, 3);
    ap_pipeline_submit (fixture->pipeline);
    g_assert_cmpuint (fixture->frames, ==, (i + 1) * 3);
    ap_pipeline_submit (fixture->pipeline);
    g_assert_cmpuint (fixture->frames, ==, (i + 1) * 3);
  }
  g_assert_false (g_main_context_pending (fixture->context));
}

/* Sessions never end what they share, but it can be ended. */
static void
test_end (Fixture *fixture, gconstpointer data)
{
  push_frames (fixture, 0, 5);
  ap_pipeline_submit (fixture->pipeline);
  push_frames (fixture, 5, 1);
  ap_pipeline_end (fixture->pipeline);
  run_until (fixture->ends > 0);
  g_assert_cmpuint (fixture->frames, ==, 6);
  push_frames (fixture, 6, 5);
  ap_pipeline_end (fixture->pipeline);
  run_until_quiet (fixture);
  g_assert_cmpuint (fixture->frames, ==, 6);
  g_assert_cmpuint (fixture->ends, ==, 1);
}

static void
test_end_of_nothing (Fixture *fixture, gconstpointer data)
{
  ap_pipeline_end (fixture->pipeline);
  run_until (fixture->ends > 0);
  g_assert_cmpuint (fixture->frames, ==, 0);
}

/* The frames behind the one whose call back ends it still come. */
static void
test_end_inside (Fixture *fixture, gconstpointer data)
{
  fixture->end_at = 2;
  push_frames (fixture, 0, 5);
  ap_pipeline_submit (fixture->pipeline);
  run_until (fixture->ends > 0);
  g_assert_cmpuint (fixture->frames, ==, 5);
  g_assert_cmpuint (fixture->ends, ==, 1);
}

static void
test_stop_inside (Fixture *fixture, gconstpointer data)
{
  fixture->stop_at = 2;
  push_frames (fixture, 0, 5);
  ap_pipeline_submit (fixture->pipeline);
  run_until (fixture->frames == 2);
  push_frames (fixture, 5, 5);
  ap_pipeline_submit (fixture->pipeline);
  run_until_quiet (fixture);
  g_assert_cmpuint (fixture->frames, ==, 2);
  g_assert_cmpuint (fixture->ends, ==, 0);
}

/* Wherever it is: not used yet, used, with frames that were not submitted. */
static void
test_stop (Fixture *fixture, gconstpointer data)
{
  for (guint i = 0; i < 60; i++) {
    fixture->frames = 0;
    push_frames (fixture, 0, i % 3 * 2);
    if (i % 2 == 0)
      ap_pipeline_submit (fixture->pipeline);
    ap_pipeline_stop (fixture->pipeline);
    ap_pipeline_submit (fixture->pipeline);
    g_clear_object (&fixture->pipeline);
    start (fixture);
  }
}

/* No more than a batch is held, however many a round brings. */
static void
test_bound (Fixture *fixture, gconstpointer data)
{
  push_frames (fixture, 0, 2 * AP_BATCH_FRAMES + 100);
  g_assert_cmpuint (fixture->frames, ==, 2 * AP_BATCH_FRAMES);
  ap_pipeline_submit (fixture->pipeline);
  g_assert_cmpuint (fixture->frames, ==, 2 * AP_BATCH_FRAMES + 100);
}

/* Of a batch that goes in during a push. */
static void
test_bound_stop_inside (Fixture *fixture, gconstpointer data)
{
  fixture->stop_at = AP_BATCH_FRAMES / 2;
  push_frames (fixture, 0, 2 * AP_BATCH_FRAMES);
  ap_pipeline_submit (fixture->pipeline);
  g_assert_cmpuint (fixture->frames, ==, AP_BATCH_FRAMES / 2);
}

static void
test_bound_end_inside (Fixture *fixture, gconstpointer data)
{
  fixture->end_at = AP_BATCH_FRAMES / 2;
  push_frames (fixture, 0, AP_BATCH_FRAMES);
  g_assert_cmpuint (fixture->frames, ==, AP_BATCH_FRAMES);
  g_assert_cmpuint (fixture->ends, ==, 1);
}

#define ADD(mode, name, test)                                                                                          \
  g_test_add ("/passthrough/" name, Fixture, GINT_TO_POINTER (mode), set_up, test, tear_down)
#define ADD_BOTH(name, test)                                                                                           \
  G_STMT_START                                                                                                         \
  {                                                                                                                    \
    ADD (AP_PIPELINE_MODE_AUTO, "stepped/" name, test);                                                                \
    ADD (AP_PIPELINE_MODE_QUEUED, "queued/" name, test);                                                               \
  }                                                                                                                    \
  G_STMT_END

int
main (int argc, char **argv)
{
  gst_init (&argc, &argv);
  g_test_init (&argc, &argv, NULL);
  ADD_BOTH ("frames", test_frames);
  ADD_BOTH ("end", test_end);
  ADD_BOTH ("end-of-nothing", test_end_of_nothing);
  ADD_BOTH ("end-inside", test_end_inside);
  ADD_BOTH ("stop-inside", test_stop_inside);
  ADD_BOTH ("stop", test_stop);
  ADD (AP_PIPELINE_MODE_AUTO, "stepped/at-once", test_at_once);
  ADD (AP_PIPELINE_MODE_AUTO, "stepped/bound", test_bound);
  ADD (AP_PIPELINE_MODE_AUTO, "stepped/bound-stop-inside", test_bound_stop_inside);
  ADD (AP_PIPELINE_MODE_AUTO, "stepped/bound-end-inside", test_bound_end_inside);
  return g_test_run ();
}
