/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Any text of --pipeline is either refused with a reason or makes a pipeline that takes audio and can be stopped. Each
 * byte of an input stands for a word: of a text that names any element, one could write files. */
#include "base/ap-error.h"
#include "media/ap-pipeline.h"

#include "fuzz.h"
#include "library-leaks.h"

#define MOST_WORDS 24

/* References by name are left out: GStreamer's parser crashes on some that lead nowhere, as on "t. ! t.sink". */
static const char *const words[] = {
  "!",
  "identity",
  "queue",
  "mulawenc_demo",
  "mulawdec_demo",
  "halfband_demo",
  "capsfilter",
  "audioconvert",
  "audioresample",
  "volume",
  "tee",
  "fakesink",
  "nosuchelement",
  "(",
  ")",
  "bin.(",
  "name=t",
  "error-after=1",
  "silent=true",
  "tie-rule=itu",
  "tie-rule=never",
  "volume=0.5",
  "nosuch=1",
  "caps=audio/x-raw",
  "caps=\"audio/x-raw,rate=8000\"",
  "audio/x-raw",
  "audio/x-mulaw,rate=8000",
  "audio/x-raw,format=(",
  "=",
  "\"",
  "'",
  "\\",
  ",",
  ":",
  "max-size-buffers=1",
  "drop-probability=1.0",
  "#",
  "%",
};

static void
on_log (const char *domain, GLogLevelFlags level, const char *message, gpointer data)
{
  /* GStreamer and GObject complain of such texts in many ways; only what ends the program counts. */
  if (level & G_LOG_FLAG_FATAL)
    g_error ("%s: %s", domain, message);
}

static void
on_frame (gpointer owner, guint64 session_id, GstBuffer *buffer)
{
  g_assert_true (gst_buffer_get_size (buffer) < 1024 * 1024);
}

static void
on_anything (gpointer owner)
{
}

static void
on_ended (gpointer owner, const GError *error)
{
}

/* Only what runs on this thread is run: a thread of its own would outlive the input. */
static void
try_pipeline (const char *text, ApPipelineMode mode, GstCaps *caps)
{
  static const ApPipelineCallbacks callbacks = { on_frame, on_anything, on_anything, on_ended };
  static const guint8 audio[640] = { 1, 2, 3 };
  const ApPipelineSpec spec = { .elements = text, .mode = mode, .caps = caps };
  g_autoptr (GError) error = NULL;
  g_autoptr (ApPipeline) pipeline = ap_pipeline_new (&spec, &callbacks, NULL, &error);

  g_assert_true ((pipeline == NULL) == (error != NULL));
  if (pipeline == NULL) {
    g_assert_error (error, AP_ERROR, AP_ERROR_CONFIG);
    return;
  }
  for (gsize length = 1; length <= sizeof audio; length *= 5)
    ap_pipeline_push (pipeline, 1, audio, length);
  ap_pipeline_submit (pipeline);
  ap_pipeline_end (pipeline);
  ap_pipeline_stop (pipeline);
}

static GstCaps *caps;

int
LLVMFuzzerInitialize (int *argc, char ***argv)
{
  gst_init (NULL, NULL);
  g_log_set_default_handler (on_log, NULL);
  caps = gst_caps_from_string ("audio/x-raw,format=S16LE,rate=16000,channels=1,layout=interleaved");
  return 0;
}

int
LLVMFuzzerTestOneInput (const uint8_t *data, size_t size)
{
  g_autoptr (GString) text = g_string_new (NULL);

  for (size_t i = 0; i < MIN (size, MOST_WORDS); i++)
    g_string_append_printf (text, "%s%s", i > 0 && data[i] < 128 ? " " : "",
                            words[data[i] % 128 % G_N_ELEMENTS (words)]);
  try_pipeline (text->str, AP_PIPELINE_MODE_DIRECT, caps);
  return 0;
}
