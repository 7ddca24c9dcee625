/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Any command line is either refused with a reason or gives settings that are in their bounds, and any caps that are
 * taken have a format that can be counted with. An input is arguments, one on each line. */
#include "app/ap-config.h"
#include "base/ap-error.h"
#include "media/ap-audio-format.h"

#include "fuzz.h"
#include "library-leaks.h"

#define LONGEST 1024 /* GStreamer's parser of caps takes long for long ones */

static void
on_log (const char *domain, GLogLevelFlags level, const char *message, gpointer data)
{
  /* GStreamer tells of caps that it does not take, and tells us by its answer, too. */
  if (g_strcmp0 (domain, "GStreamer") != 0)
    g_error ("%s: %s", domain, message);
}

static void
check_config (const ApConfig *config)
{
  ApPipelineSpec spec = { 0 };
  g_autoptr (GError) error = NULL;

  g_assert_true (config->port >= 0 && config->port <= 65535);
  g_assert_true (config->workers >= 0 && config->workers <= 1024);
  g_assert_true (config->max_frame_bytes >= 1 && config->max_frame_bytes <= 256 * 1024 * 1024);
  g_assert_true (config->host != NULL && g_utf8_validate (config->host, -1, NULL));
  g_assert_true (ap_config_get_pipeline (config, &spec, &error) == (error == NULL));
  if (error == NULL) {
    ApAudioFormat format = ap_audio_format_from_caps (spec.caps);

    g_assert_true (gst_caps_is_fixed (spec.caps));
    g_assert_true (format.bytes_per_frame >= 0 && format.rate >= 0);
    ap_audio_format_duration (&format, 1024 * 1024);
    gst_caps_unref (spec.caps);
  } else {
    g_assert_error (error, AP_ERROR, AP_ERROR_CONFIG);
  }
}

int
LLVMFuzzerInitialize (int *argc, char ***argv)
{
  gst_init (NULL, NULL);
  g_log_set_default_handler (on_log, NULL);
  return 0;
}

int
LLVMFuzzerTestOneInput (const uint8_t *data, size_t size)
{
  g_autofree char *text = g_strndup (size > 0 ? (const char *)data : "", MIN (size, LONGEST));
  g_auto (GStrv) arguments = g_strsplit (text, "\n", -1);
  g_autoptr (GError) error = NULL;
  g_autoptr (ApConfig) config = NULL;

  config = ap_config_load (arguments, "/nonexistent", &error);
  g_assert_true ((config == NULL) == (error != NULL));
  if (config == NULL)
    g_assert_true (g_error_matches (error, AP_ERROR, AP_ERROR_USAGE) ||
                   g_error_matches (error, AP_ERROR, AP_ERROR_CONFIG));
  else
    check_config (config);
  return 0;
}
