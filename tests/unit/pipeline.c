/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* GStreamer elements between our two ends, run both ways: what goes in, what comes out, how it ends, and stopping it
 * wherever a call back may. */
#include "base/ap-error.h"
#include "base/ap-limits.h"
#include "media/ap-pipeline.h"

#include <string.h>

#include "elements.h"
#include "test-wait.h"

#define SPEECH "audio/x-raw,format=S16LE,rate=16000,channels=1,layout=interleaved"
#define FLOATS "audio/x-raw,format=F32LE,rate=16000,channels=1,layout=interleaved"
#define FRAME  320

typedef struct {
  ApPipelineMode mode;
  GstCaps *caps, *out_caps;
  GMainContext *context;
  GMainContextPusher *pusher;
  ApPipeline *pipeline;

  GByteArray *bytes; /* of all frames that came */
  GArray *sizes;     /* gsize, of each */
  guint rooms;
  guint ends;
  GError *error;
  guint stop_at; /* the number of the frame whose call back stops the pipeline; 0: none */
  guint end_at;  /* the same, ends it */
} Fixture;

static void
on_frame (gpointer owner, guint64 session_id, GstBuffer *buffer)
{
  Fixture *fixture = owner;
  gsize size = gst_buffer_get_size (buffer);
  guint at = fixture->bytes->len;

  g_assert_cmpuint (fixture->ends, ==, 0);
  g_byte_array_set_size (fixture->bytes, at + (guint)size);
  if (size > 0)
    gst_buffer_extract (buffer, 0, fixture->bytes->data + at, size);
  g_array_append_val (fixture->sizes, size);
  if (fixture->sizes->len == fixture->stop_at)
    ap_pipeline_stop (fixture->pipeline);
  if (fixture->sizes->len == fixture->end_at)
    ap_pipeline_end (fixture->pipeline);
}

static void
on_batch_end (gpointer owner)
{
}

static void
on_room (gpointer owner)
{
  ((Fixture *)owner)->rooms++;
}

static void
on_ended (gpointer owner, const GError *error)
{
  Fixture *fixture = owner;

  fixture->ends++;
  fixture->error = error != NULL ? g_error_copy (error) : NULL;
}

static void
set_up (Fixture *fixture, gconstpointer data)
{
  fixture->mode = GPOINTER_TO_INT (data);
  fixture->caps = gst_caps_from_string (SPEECH);
  fixture->context = g_main_context_new ();
  fixture->pusher = g_main_context_pusher_new (fixture->context);
  fixture->bytes = g_byte_array_new ();
  fixture->sizes = g_array_new (FALSE, FALSE, sizeof (gsize));
}

static void
tear_down (Fixture *fixture, gconstpointer data)
{
  g_clear_object (&fixture->pipeline);
  ap_pipeline_await_stopped (test_deadline () - g_get_monotonic_time ());
  g_main_context_pusher_free (fixture->pusher);
  g_main_context_unref (fixture->context);
  g_byte_array_unref (fixture->bytes);
  g_array_unref (fixture->sizes);
  gst_clear_caps (&fixture->caps);
  gst_clear_caps (&fixture->out_caps);
  g_clear_error (&fixture->error);
}

static gboolean
build (Fixture *fixture, const char *elements, GError **error)
{
  static const ApPipelineCallbacks callbacks = { on_frame, on_batch_end, on_room, on_ended };
  const ApPipelineSpec spec = { elements, fixture->caps, fixture->mode, fixture->out_caps };

  fixture->pipeline = ap_pipeline_new (&spec, &callbacks, fixture, error);
  return fixture->pipeline != NULL;
}

static void
start (Fixture *fixture, const char *elements)
{
  g_autoptr (GError) error = NULL;

  build (fixture, elements, &error);
  g_assert_no_error (error);
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
  ap_pipeline_submit (fixture->pipeline);
}

/* Runs the worker's context until @condition holds; the alarm fails a test that waits in vain. */
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
assert_frames_came (Fixture *fixture, guint n)
{
  g_assert_cmpuint (fixture->sizes->len, ==, n);
  for (guint i = 0; i < n; i++) {
    g_assert_cmpuint (g_array_index (fixture->sizes, gsize, i), ==, FRAME);
    for (guint j = 0; j < FRAME; j++)
      g_assert_cmpuint (fixture->bytes->data[i * FRAME + j], ==, (guint8)(i + j));
  }
}

/* One frame out per frame in, unchanged and in order, whatever their sizes. */
static void
test_identity (Fixture *fixture, gconstpointer data)
{
  start (fixture, "identity ! identity");
  push_frames (fixture, 0, 300);
  run_until (fixture->sizes->len == 300);
  assert_frames_came (fixture, 300);
  g_assert_cmpuint (fixture->ends, ==, 0);
}

/* Of samples of two bytes: what a frame has beyond whole ones goes with the next. An empty frame stays one. */
static void
test_sizes (Fixture *fixture, gconstpointer data)
{
  static const gsize sizes[] = { 0, 1, 2, 159, 65535, 65536, 1048576, 0, 3 };
  static const gsize expected[] = { 0, 2, 160, 65534, 65536, 1048576, 0, 4 };
  g_autofree guint8 *frame = g_malloc0 (1048576);

  start (fixture, "identity");
  for (guint i = 0; i < G_N_ELEMENTS (sizes); i++)
    ap_pipeline_push (fixture->pipeline, 1, frame, sizes[i]);
  ap_pipeline_submit (fixture->pipeline);
  run_until (fixture->sizes->len == G_N_ELEMENTS (expected));
  for (guint i = 0; i < G_N_ELEMENTS (expected); i++)
    g_assert_cmpuint (g_array_index (fixture->sizes, gsize, i), ==, expected[i]);
}

/* The plugin of this build; its values are tested where it lives. */
static void
test_mulaw (Fixture *fixture, gconstpointer data)
{
  start (fixture, "mulawenc_demo");
  push_frames (fixture, 0, 50);
  run_until (fixture->bytes->len == 50 * FRAME / 2);
}

/* Elements that can make several things make what is asked for; who cannot fails. */
static void
test_out_caps (Fixture *fixture, gconstpointer data)
{
  fixture->out_caps = gst_caps_from_string (FLOATS);
  start (fixture, "audioconvert ! identity");
  push_frames (fixture, 0, 3);
  run_until (fixture->bytes->len == 3 * 2 * FRAME);
  g_assert_cmpuint (fixture->ends, ==, 0);
  g_clear_object (&fixture->pipeline);
  start (fixture, "identity");
  push_frames (fixture, 0, 1);
  run_until (fixture->ends == 1);
  g_assert_error (fixture->error, AP_ERROR, AP_ERROR_PIPELINE);
}

/* An element with memory: 10 ms of silence first, then what was put in. */
static void
test_echo (Fixture *fixture, gconstpointer data)
{
  guint8 frame[2 * FRAME];

  gst_clear_caps (&fixture->caps);
  fixture->caps = gst_caps_from_string (FLOATS);
  start (fixture, "audioecho delay=10000000 intensity=1.0");
  for (guint i = 0; i < FRAME / 2; i++)
    memcpy (frame + 4 * i, &(const gfloat){ 0.25f }, 4);
  ap_pipeline_push (fixture->pipeline, 1, frame, sizeof frame);
  ap_pipeline_push (fixture->pipeline, 1, frame, sizeof frame);
  ap_pipeline_submit (fixture->pipeline);
  run_until (fixture->bytes->len == 2 * sizeof frame);
  for (guint i = 0; i < FRAME; i++) {
    gfloat sample;

    memcpy (&sample, fixture->bytes->data + 4 * i, 4);
    g_assert_cmpfloat (sample, ==, i < FRAME / 2 ? 0.25f : 0.5f);
  }
}

/* All that was pushed comes out before the end, also what was not submitted. */
static void
test_end_drains (Fixture *fixture, gconstpointer data)
{
  start (fixture, "identity");
  push_frames (fixture, 0, 100);
  for (guint i = 100; i < 110; i++) {
    guint8 frame[FRAME];

    for (guint j = 0; j < FRAME; j++)
      frame[j] = (guint8)(i + j);
    ap_pipeline_push (fixture->pipeline, 1, frame, FRAME);
  }
  ap_pipeline_end (fixture->pipeline);
  run_until (fixture->ends > 0);
  g_assert_no_error (fixture->error);
  assert_frames_came (fixture, 110);
}

/* audioresample holds back a filter's length of audio, and gives it at the end. */
static void
test_end_drains_elements (Fixture *fixture, gconstpointer data)
{
  start (fixture, "audioresample ! audio/x-raw,rate=8000 ! audioresample ! capsfilter caps=audio/x-raw,rate=16000");
  push_frames (fixture, 0, 50);
  ap_pipeline_end (fixture->pipeline);
  run_until (fixture->ends > 0);
  g_assert_no_error (fixture->error);
  g_assert_cmpuint (fixture->bytes->len, >=, 50 * FRAME - 8);
  g_assert_cmpuint (fixture->bytes->len, <=, 50 * FRAME + 8);
}

static void
test_end_of_nothing (Fixture *fixture, gconstpointer data)
{
  start (fixture, "identity");
  ap_pipeline_end (fixture->pipeline);
  run_until (fixture->ends > 0);
  g_assert_no_error (fixture->error);
  g_assert_cmpuint (fixture->sizes->len, ==, 0);
}

static void
test_failure (Fixture *fixture, gconstpointer data)
{
  start (fixture, "identity name=tired error-after=5");
  push_frames (fixture, 0, 4);
  run_until (fixture->sizes->len == 4);
  push_frames (fixture, 4, 4);
  run_until (fixture->ends > 0);
  g_assert_error (fixture->error, AP_ERROR, AP_ERROR_PIPELINE);
  g_assert_nonnull (strstr (fixture->error->message, "tired"));
  g_assert_cmpuint (fixture->ends, ==, 1);
  /* It may still be ended, but says nothing more. */
  ap_pipeline_end (fixture->pipeline);
  while (g_main_context_iteration (fixture->context, FALSE))
    continue;
  g_assert_cmpuint (fixture->ends, ==, 1);
}

/* An element may post an error and pass audio on as if there was none: that is a failure all the same. */
static void
test_complaint (Fixture *fixture, gconstpointer data)
{
  start (fixture, "complainer name=grumpy at=3");
  push_frames (fixture, 0, 10);
  run_until (fixture->ends > 0);
  g_assert_error (fixture->error, AP_ERROR, AP_ERROR_PIPELINE);
  g_assert_nonnull (strstr (fixture->error->message, "grumpy"));
  g_assert_cmpuint (fixture->sizes->len, <=, 3);
  g_assert_cmpuint (fixture->ends, ==, 1);
}

static void
test_complaint_at_end (Fixture *fixture, gconstpointer data)
{
  start (fixture, "complainer name=grumpy");
  push_frames (fixture, 0, 10);
  run_until (fixture->sizes->len == 10);
  ap_pipeline_end (fixture->pipeline);
  run_until (fixture->ends > 0);
  g_assert_error (fixture->error, AP_ERROR, AP_ERROR_PIPELINE);
  g_assert_nonnull (strstr (fixture->error->message, "grumpy"));
  g_assert_cmpuint (fixture->ends, ==, 1);
}

static void
test_elements_end_by_themselves (Fixture *fixture, gconstpointer data)
{
  start (fixture, "identity eos-after=3");
  push_frames (fixture, 0, 10);
  run_until (fixture->ends > 0);
  g_assert_no_error (fixture->error);
  g_assert_cmpuint (fixture->sizes->len, <, 10);
}

/* Half of a sample: it is whole with the next frame. */
static void
test_odd_bytes (Fixture *fixture, gconstpointer data)
{
  start (fixture, "mulawenc_demo ! mulawdec_demo");
  for (guint i = 0; i < 6; i++)
    ap_pipeline_push (fixture->pipeline, 1, (const guint8 *)"abc", 3);
  ap_pipeline_end (fixture->pipeline);
  run_until (fixture->ends > 0);
  g_assert_cmpuint (fixture->bytes->len, ==, 18);
}

/* Nothing is called after the stop, wherever the frames are. */
static void
test_stop (Fixture *fixture, gconstpointer data)
{
  for (guint i = 0; i < 20; i++) {
    guint came;

    start (fixture, "identity ! mulawenc_demo ! identity");
    push_frames (fixture, 0, 100);
    for (guint j = 0; j < i; j++)
      g_main_context_iteration (fixture->context, FALSE);
    came = fixture->sizes->len;
    ap_pipeline_stop (fixture->pipeline);
    push_frames (fixture, 0, 1);
    ap_pipeline_submit (fixture->pipeline);
    ap_pipeline_end (fixture->pipeline);
    g_assert_false (ap_pipeline_is_full (fixture->pipeline));
    while (g_main_context_iteration (fixture->context, FALSE))
      continue;
    g_assert_cmpuint (fixture->sizes->len, ==, came);
    g_assert_cmpuint (fixture->ends, ==, 0);
    g_clear_object (&fixture->pipeline);
  }
}

/* A call back may stop the pipeline while the elements, or the rest of a batch, are still at work. */
static void
test_stop_inside (Fixture *fixture, gconstpointer data)
{
  fixture->stop_at = 5;
  start (fixture, "identity ! audioconvert ! identity");
  for (guint i = 0; i < 10 && fixture->sizes->len < 5; i++)
    push_frames (fixture, i * 3, 3);
  run_until (fixture->sizes->len == 5);
  while (g_main_context_iteration (fixture->context, FALSE))
    continue;
  g_assert_cmpuint (fixture->sizes->len, ==, 5);
  g_assert_cmpuint (fixture->ends, ==, 0);
}

/* The same with the end, which an endpoint's answer to a frame may be. */
static void
test_end_inside (Fixture *fixture, gconstpointer data)
{
  fixture->end_at = 5;
  start (fixture, "identity ! audioconvert ! identity");
  for (guint i = 0; i < 10 && fixture->sizes->len < 5; i++)
    push_frames (fixture, i, 1);
  run_until (fixture->ends > 0);
  g_assert_no_error (fixture->error);
  g_assert_cmpuint (fixture->ends, ==, 1);
}

/* audioecho takes floats only: between converters it runs, and what comes out is again what was put in. */
static void
test_convert (Fixture *fixture, gconstpointer data)
{
  const ApPipelineSpec spec = { "audioecho delay=10000000 intensity=0.5", fixture->caps, fixture->mode };
  g_autofree char *converted = ap_pipeline_convert (&spec);
  g_autoptr (GError) error = NULL;

  g_assert_false (ap_pipeline_check (&spec, NULL));
  ap_pipeline_check (&(ApPipelineSpec){ converted, fixture->caps, fixture->mode }, &error);
  g_assert_no_error (error);
  start (fixture, converted);
  push_frames (fixture, 0, 2);
  ap_pipeline_end (fixture->pipeline);
  run_until (fixture->ends > 0);
  g_assert_cmpuint (fixture->bytes->len, ==, 2 * FRAME);
}

/* A pipeline that holds too much says so, and says when it takes more; empty frames count too. */
static void
fill_and_drain (Fixture *fixture, gsize length)
{
  g_autofree guint8 *frame = g_malloc0 (length + 1);
  guint n = 0;

  start (fixture, "identity name=slow sleep-time=1000");
  for (; !ap_pipeline_is_full (fixture->pipeline); n++) {
    g_assert_cmpuint (n * (length + AP_FRAME_OVERHEAD), <=, 4 * AP_SESSION_HIGH_WATER);
    ap_pipeline_push (fixture->pipeline, 1, frame, length);
    ap_pipeline_submit (fixture->pipeline);
  }
  run_until (fixture->rooms > 0);
  g_assert_false (ap_pipeline_is_full (fixture->pipeline));
  run_until (fixture->sizes->len == n);
}

static void
test_full (Fixture *fixture, gconstpointer data)
{
  fill_and_drain (fixture, 4096);
}

static void
test_full_of_empty_frames (Fixture *fixture, gconstpointer data)
{
  fill_and_drain (fixture, 0);
}

/* Elements that have threads or that wait run queued. */
static void
test_auto (Fixture *fixture, gconstpointer data)
{
  static const struct {
    const char *elements;
    gboolean direct;
  } choices[] = {
    { "identity", TRUE },
    { "mulawenc_demo ! mulawdec_demo", TRUE },
    { "audioecho", TRUE },
    { "queue", FALSE },
    { "audioconvert ! queue ! volume", FALSE },
    { "identity sync=true", FALSE },
    { "identity sleep-time=1", FALSE },
  };

  gst_clear_caps (&fixture->caps);
  fixture->caps = gst_caps_from_string (FLOATS);
  for (guint i = 0; i < G_N_ELEMENTS (choices); i++) {
    const guint8 frame[FRAME] = { 0 };
    gboolean encoder = g_str_has_prefix (choices[i].elements, "mulaw");

    gst_clear_caps (&fixture->caps);
    fixture->caps = gst_caps_from_string (encoder ? SPEECH : FLOATS);
    start (fixture, choices[i].elements);
    ap_pipeline_push (fixture->pipeline, 1, frame, FRAME);
    /* Only a direct pipeline gives a frame before the push returns. */
    g_assert_cmpint (fixture->sizes->len > 0, ==, choices[i].direct);
    g_array_set_size (fixture->sizes, 0);
    g_clear_object (&fixture->pipeline);
  }
}

#define ADD(mode, name, test) g_test_add ("/pipeline/" name, Fixture, GINT_TO_POINTER (mode), set_up, test, tear_down)
#define ADD_BOTH(name, test)                                                                                           \
  G_STMT_START                                                                                                         \
  {                                                                                                                    \
    ADD (AP_PIPELINE_MODE_DIRECT, "direct/" name, test);                                                               \
    ADD (AP_PIPELINE_MODE_QUEUED, "queued/" name, test);                                                               \
  }                                                                                                                    \
  G_STMT_END
int
main (int argc, char **argv)
{
  gst_init (&argc, &argv);
  g_test_init (&argc, &argv, NULL);
  elements_register ();
  ADD_BOTH ("identity", test_identity);
  ADD_BOTH ("sizes", test_sizes);
  ADD_BOTH ("mulaw", test_mulaw);
  ADD_BOTH ("out-caps", test_out_caps);
  ADD_BOTH ("echo", test_echo);
  ADD_BOTH ("end-drains", test_end_drains);
  ADD_BOTH ("end-drains-elements", test_end_drains_elements);
  ADD_BOTH ("end-of-nothing", test_end_of_nothing);
  ADD_BOTH ("failure", test_failure);
  ADD_BOTH ("complaint", test_complaint);
  ADD_BOTH ("complaint-at-end", test_complaint_at_end);
  ADD_BOTH ("elements-end-by-themselves", test_elements_end_by_themselves);
  ADD_BOTH ("odd-bytes", test_odd_bytes);
  ADD_BOTH ("stop", test_stop);
  ADD_BOTH ("stop-inside", test_stop_inside);
  ADD_BOTH ("end-inside", test_end_inside);
  ADD_BOTH ("convert", test_convert);
  ADD (AP_PIPELINE_MODE_QUEUED, "queued/full", test_full);
  ADD (AP_PIPELINE_MODE_QUEUED, "queued/full-of-empty-frames", test_full_of_empty_frames);
  ADD (AP_PIPELINE_MODE_AUTO, "auto", test_auto);
  return g_test_run ();
}
