/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Capsfilters between elements: direct pipelines take them out, and nobody notices but the graph. */
#include "base/ap-error.h"
#include "media/ap-pipeline-graph.h"
#include "media/ap-pipeline.h"

#include <string.h>

#include "test-wait.h"

#define SPEECH "audio/x-raw,format=S16LE,rate=16000,channels=1,layout=interleaved"
#define FLOATS "audio/x-raw,format=F32LE,rate=16000,channels=1,layout=interleaved"
#define PHONE  "audio/x-raw,format=S16LE,rate=8000,channels=1,layout=interleaved"
#define FRAME  320
#define FRAMES 50

typedef struct {
  gsize bytes;
  gboolean ended;
  GError *error;
} Result;

static void
on_frame (gpointer owner, guint64 session_id, GstBuffer *buffer)
{
  ((Result *)owner)->bytes += gst_buffer_get_size (buffer);
}

static void
on_nothing (gpointer owner)
{
}

static void
on_ended (gpointer owner, const GError *error)
{
  Result *result = owner;

  result->ended = TRUE;
  result->error = error != NULL ? g_error_copy (error) : NULL;
}

/* A second of noise through @elements. Returns: (transfer full): their graph, while it ran */
static char *
run (ApPipelineMode mode, const char *elements, Result *result)
{
  static const ApPipelineCallbacks callbacks = { on_frame, on_nothing, on_nothing, on_ended };
  g_autoptr (GMainContext) context = g_main_context_new ();
  g_autoptr (GMainContextPusher) pusher = g_main_context_pusher_new (context);
  g_autoptr (GstCaps) caps = gst_caps_from_string (SPEECH);
  g_autoptr (GError) error = NULL;
  g_autoptr (ApPipeline) pipeline =
      ap_pipeline_new (&(ApPipelineSpec){ elements, caps, mode, NULL }, &callbacks, result, &error);
  gint64 deadline = test_deadline ();
  guint8 frame[FRAME];
  char *graph;

  g_assert_no_error (error);
  for (guint i = 0; i < FRAME; i++)
    frame[i] = (guint8)g_test_rand_int ();
  for (guint i = 0; i < FRAMES; i++)
    ap_pipeline_push (pipeline, 1, frame, FRAME);
  ap_pipeline_submit (pipeline);
  graph = ap_pipeline_to_dot (pipeline);
  ap_pipeline_end (pipeline);
  while (!result->ended) {
    g_assert_cmpint (g_get_monotonic_time (), <, deadline);
    if (!g_main_context_iteration (context, FALSE))
      g_poll (NULL, 0, 1);
  }
  return graph;
}

static guint
count (const char *text, const char *word)
{
  guint n = 0;

  for (const char *at = strstr (text, word); at != NULL; at = strstr (at + 1, word))
    n++;
  return n;
}

/* What stands between two elements and leaves no choice goes, and its format is kept, whoever asks. What leaves a
 * choice stays, and what stands at the end. */
static void
test_filters (gconstpointer data)
{
  ApPipelineMode mode = GPOINTER_TO_INT (data);
  Result result = { 0 };
  g_autofree char *graph = run (mode,
                                "audioresample ! " PHONE " ! identity ! " PHONE " ! audioresample ! "
                                "audio/x-raw,rate=[8000,16000] ! audioconvert ! capsfilter caps=" SPEECH,
                                &result);

  g_assert_no_error (result.error);
  g_assert_cmpuint (count (graph, "GstCapsFilter\\n"), ==, mode == AP_PIPELINE_MODE_DIRECT ? 2 : 4);
  if (mode == AP_PIPELINE_MODE_DIRECT)
    g_assert_nonnull (strstr (graph, "rate: 8000"));
  g_assert_cmpuint (result.bytes, ==, FRAMES * FRAME - 2); /* the last sample has none behind it */
}

/* A format that cannot be is as wrong as with the filter in its place. */
static void
test_wrong_filter (gconstpointer data)
{
  Result result = { 0 };
  g_autofree char *graph = run (GPOINTER_TO_INT (data), "audioresample ! " FLOATS " ! audioresample", &result);

  g_assert_error (result.error, AP_ERROR, AP_ERROR_PIPELINE);
  g_assert_cmpuint (result.bytes, ==, 0);
  g_clear_error (&result.error);
}

/* What says more than the elements above it do is taken, as a capsfilter takes it. */
static void
test_more_fields (gconstpointer data)
{
  Result result = { 0 };
  g_autofree char *graph =
      run (GPOINTER_TO_INT (data), "volume ! " SPEECH ",channel-mask=(bitmask)0x4 ! identity", &result);

  g_assert_no_error (result.error);
  g_assert_cmpuint (result.bytes, ==, FRAMES * FRAME);
}

int
main (int argc, char **argv)
{
  gst_init (&argc, &argv);
  g_test_init (&argc, &argv, NULL);
  g_test_add_data_func ("/pipeline-caps/direct/filters", GINT_TO_POINTER (AP_PIPELINE_MODE_DIRECT), test_filters);
  g_test_add_data_func ("/pipeline-caps/queued/filters", GINT_TO_POINTER (AP_PIPELINE_MODE_QUEUED), test_filters);
  g_test_add_data_func ("/pipeline-caps/direct/wrong", GINT_TO_POINTER (AP_PIPELINE_MODE_DIRECT), test_wrong_filter);
  g_test_add_data_func ("/pipeline-caps/queued/wrong", GINT_TO_POINTER (AP_PIPELINE_MODE_QUEUED), test_wrong_filter);
  g_test_add_data_func ("/pipeline-caps/direct/more-fields", GINT_TO_POINTER (AP_PIPELINE_MODE_DIRECT),
                        test_more_fields);
  g_test_add_data_func ("/pipeline-caps/queued/more-fields", GINT_TO_POINTER (AP_PIPELINE_MODE_QUEUED),
                        test_more_fields);
  return g_test_run ();
}
