/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Pipelines that cannot be, and the trial of one before it is used. */
#include "base/ap-error.h"
#include "media/ap-pipeline.h"

#include <string.h>

#include "elements.h"

#define SPEECH "audio/x-raw,format=S16LE,rate=16000,channels=1,layout=interleaved"

/* Nothing is built, so nothing calls. */
static void
on_frame (gpointer owner, guint64 session_id, GstBuffer *buffer)
{
  g_assert_not_reached ();
}

static void
on_nothing (gpointer owner)
{
  g_assert_not_reached ();
}

static void
on_ended (gpointer owner, const GError *error)
{
  g_assert_not_reached ();
}

static const char *const unbuildable[] = {
  "",
  "no-such-element",
  "identity !",
  "identity ! ! identity",
  "identity no-such-property=1",
  "fakesink",
  "fakesrc",
  "audio/x-raw,rate=8000 ! fakesink",
};

static void
test_unbuildable (gconstpointer data)
{
  static const ApPipelineCallbacks callbacks = { on_frame, on_nothing, on_nothing, on_ended };
  g_autoptr (GstCaps) caps = gst_caps_from_string (SPEECH);

  for (guint i = 0; i < G_N_ELEMENTS (unbuildable); i++) {
    const ApPipelineSpec spec = { unbuildable[i], caps, (ApPipelineMode)GPOINTER_TO_INT (data) };
    g_autoptr (GError) error = NULL;

    g_assert_null (ap_pipeline_new (&spec, &callbacks, NULL, &error));
    g_assert_error (error, AP_ERROR, AP_ERROR_CONFIG);
  }
}

static gboolean
check (gconstpointer mode, const char *format, const char *elements, GError **error)
{
  g_autoptr (GstCaps) caps = gst_caps_from_string (format);
  const ApPipelineSpec spec = { elements, caps, (ApPipelineMode)GPOINTER_TO_INT (mode) };

  return ap_pipeline_check (&spec, error);
}

static void
test_check (gconstpointer data)
{
  static const char *const good[] = { "identity", "mulawenc_demo ! mulawdec_demo", "audioconvert ! audioresample" };
  static const char *const bad[] = { "no-such-element", "identity error-after=1",
                                     "capsfilter caps=audio/x-raw,rate=8000", "mulawdec_demo" };

  for (guint i = 0; i < G_N_ELEMENTS (good); i++) {
    g_autoptr (GError) error = NULL;

    check (data, SPEECH, good[i], &error);
    g_assert_no_error (error);
  }
  for (guint i = 0; i < G_N_ELEMENTS (bad); i++) {
    g_autoptr (GError) error = NULL;

    g_assert_false (check (data, SPEECH, bad[i], &error));
    g_assert_error (error, AP_ERROR, AP_ERROR_CONFIG);
    g_assert_nonnull (strstr (error->message, bad[i]));
  }
}

/* The silence that a check sends is whole samples of every channel, however many, fast and slow. */
static void
test_check_formats (gconstpointer data)
{
  static const char *const formats[] = {
    "audio/x-raw,format=S24LE,rate=384000,channels=5,layout=interleaved,channel-mask=(bitmask)0x0",
    "audio/x-raw,format=F64LE,rate=2147483647,channels=63,layout=interleaved,channel-mask=(bitmask)0x0",
    "audio/x-raw,format=S16LE,rate=1,channels=1,layout=interleaved",
    "audio/x-mulaw,rate=8000,channels=1",
  };

  for (guint i = 0; i < G_N_ELEMENTS (formats); i++) {
    g_autoptr (GError) error = NULL;

    check (data, formats[i],
           g_str_has_prefix (formats[i], "audio/x-raw") ? "audioconvert ! capsfilter caps=audio/x-raw,format=F32LE"
                                                        : "mulawdec_demo",
           &error);
    g_assert_no_error (error);
  }
}

static void
add (const char *name, GTestDataFunc test)
{
  g_autofree char *direct = g_strdup_printf ("/pipeline-check/direct/%s", name);
  g_autofree char *queued = g_strdup_printf ("/pipeline-check/queued/%s", name);

  g_test_add_data_func (direct, GINT_TO_POINTER (AP_PIPELINE_MODE_DIRECT), test);
  g_test_add_data_func (queued, GINT_TO_POINTER (AP_PIPELINE_MODE_QUEUED), test);
}

int
main (int argc, char **argv)
{
  gst_init (&argc, &argv);
  g_test_init (&argc, &argv, NULL);
  elements_register ();
  add ("unbuildable", test_unbuildable);
  add ("good-and-bad", test_check);
  add ("formats", test_check_formats);
  return g_test_run ();
}
