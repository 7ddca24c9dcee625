/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Bytes of raw audio as time. */
#include "media/ap-audio-format.h"

static const struct {
  const char *caps;
  ApAudioFormat format;
} formats[] = {
  { "audio/x-raw,format=S16LE,rate=16000,channels=1,layout=interleaved", { 2, 16000 } },
  { "audio/x-raw,format=F32LE,rate=48000,channels=2,layout=interleaved", { 8, 48000 } },
  { "audio/x-raw,format=S24LE,rate=44100,channels=1,layout=interleaved", { 3, 44100 } },
  { "audio/x-mulaw,rate=8000,channels=1", { 0, 0 } },
  { "audio/x-raw,format=S16LE", { 0, 0 } },
  { "application/octet-stream", { 0, 0 } },
};

static void
test_from_caps (void)
{
  for (guint i = 0; i < G_N_ELEMENTS (formats); i++) {
    g_autoptr (GstCaps) caps = gst_caps_from_string (formats[i].caps);
    ApAudioFormat format = ap_audio_format_from_caps (caps);

    g_assert_cmpint (format.bytes_per_frame, ==, formats[i].format.bytes_per_frame);
    g_assert_cmpint (format.rate, ==, formats[i].format.rate);
  }
}

static void
test_duration (void)
{
  const ApAudioFormat speech = { 2, 16000 };
  const ApAudioFormat music = { 3, 44100 };
  const ApAudioFormat unknown = { 0, 0 };

  g_assert_cmpuint (ap_audio_format_duration (&speech, 0), ==, 0);
  g_assert_cmpuint (ap_audio_format_duration (&speech, 640), ==, 20 * GST_MSECOND);
  g_assert_cmpuint (ap_audio_format_duration (&speech, 641), ==, 20 * GST_MSECOND); /* half a sample is no time */
  g_assert_cmpuint (ap_audio_format_duration (&music, 3 * 44100), ==, GST_SECOND);
  /* A year of it, whose number of bytes times a billion is over 64 bits. */
  g_assert_cmpuint (ap_audio_format_duration (&speech, G_GUINT64_CONSTANT (32000) * 31536000), ==,
                    31536000 * GST_SECOND);
  g_assert_cmpuint (ap_audio_format_duration (&unknown, 640), ==, GST_CLOCK_TIME_NONE);
}

int
main (int argc, char **argv)
{
  gst_init (&argc, &argv);
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/audio-format/from-caps", test_from_caps);
  g_test_add_func ("/audio-format/duration", test_duration);
  return g_test_run ();
}
