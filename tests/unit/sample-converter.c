/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Samples become what GStreamer's elements make of them, to the bit, however they are cut; and what is left out at both
 * ends is. */
#include "endpoints/recording/decoder/ap-sample-converter.h"

#include <gst/app/app.h>
#include <gst/audio/audio.h>
#include <math.h>
#include <string.h>

#define FRAMES 20000

typedef struct {
  const char *format;
  guint rate, channels, out_rate, out_channels;
} Row;

static const Row rows[] = {
  { "S16LE", 44100, 2, 44100, 2 }, { "S16LE", 44100, 1, 48000, 1 }, { "S16LE", 48000, 2, 16000, 1 },
  { "S16LE", 8000, 1, 8000, 2 },   { "F32LE", 44100, 1, 44100, 1 }, { "F32LE", 48000, 2, 44100, 2 },
  { "S32LE", 96000, 2, 8000, 2 },  { "S24LE", 22050, 1, 44100, 2 }, { "F64LE", 44100, 6, 48000, 2 },
  { "U8", 11025, 2, 16000, 1 },
};

static GstCaps *
caps_of (const char *format, guint rate, guint channels)
{
  GstCaps *caps =
      gst_caps_new_simple ("audio/x-raw", "format", G_TYPE_STRING, format, "layout", G_TYPE_STRING, "interleaved",
                           "rate", G_TYPE_INT, (gint)rate, "channels", G_TYPE_INT, (gint)channels, NULL);

  if (channels > 2)
    gst_caps_set_simple (caps, "channel-mask", GST_TYPE_BITMASK, gst_audio_channel_get_fallback_mask ((gint)channels),
                         NULL);
  return caps;
}

/* A tone, other in each channel, of the format that the row asks for. */
static GstBuffer *
tone_of (const Row *row)
{
  g_autofree gdouble *samples = g_new (gdouble, FRAMES * row->channels);
  g_autoptr (GstCaps) caps = caps_of (row->format, row->rate, row->channels);
  g_autoptr (GstCaps) doubles = caps_of ("F64LE", row->rate, row->channels);
  GstAudioConverter *converter;
  GstAudioInfo in, out;
  gpointer from = samples, to;
  gsize length;

  for (gsize i = 0; i < FRAMES * row->channels; i++)
    samples[i] = 0.7 * sin ((gdouble)(i / row->channels) * 0.05 * (gdouble)(1 + i % row->channels));
  gst_audio_info_from_caps (&in, doubles);
  gst_audio_info_from_caps (&out, caps);
  converter = gst_audio_converter_new (GST_AUDIO_CONVERTER_FLAG_NONE, &in, &out, NULL);
  length = FRAMES * (gsize)out.bpf;
  to = g_malloc (length);
  g_assert_true (gst_audio_converter_samples (converter, GST_AUDIO_CONVERTER_FLAG_NONE, &from, FRAMES, &to, FRAMES));
  gst_audio_converter_free (converter);
  return gst_buffer_new_wrapped (to, length);
}

static GstFlowReturn
on_sample (GstAppSink *sink, gpointer bytes)
{
  g_autoptr (GstSample) sample = gst_app_sink_pull_sample (sink);
  GstMapInfo map;

  g_assert_true (gst_buffer_map (gst_sample_get_buffer (sample), &map, GST_MAP_READ));
  g_byte_array_append (bytes, map.data, (guint)map.size);
  gst_buffer_unmap (gst_sample_get_buffer (sample), &map);
  return GST_FLOW_OK;
}

static GByteArray *
convert_by_elements (const Row *row, GstBuffer *buffer)
{
  GByteArray *bytes = g_byte_array_new ();
  g_autoptr (GstCaps) in = caps_of (row->format, row->rate, row->channels);
  g_autoptr (GstCaps) out = caps_of ("S16LE", row->out_rate, row->out_channels);
  g_autoptr (GstElement) pipeline = gst_parse_launch ("appsrc name=source format=time ! audioconvert dithering=none ! "
                                                      "audioresample ! appsink name=sink sync=false",
                                                      NULL);
  g_autoptr (GstElement) source = gst_bin_get_by_name (GST_BIN (pipeline), "source");
  g_autoptr (GstElement) sink = gst_bin_get_by_name (GST_BIN (pipeline), "sink");
  g_autoptr (GstBus) bus = gst_element_get_bus (pipeline);
  g_autoptr (GstMessage) message = NULL;
  GstAppSinkCallbacks callbacks = { .new_sample = on_sample };
  GstBuffer *copy = gst_buffer_copy (buffer);

  GST_BUFFER_PTS (copy) = 0;
  gst_app_src_set_caps (GST_APP_SRC (source), in);
  gst_app_sink_set_caps (GST_APP_SINK (sink), out);
  gst_app_sink_set_callbacks (GST_APP_SINK (sink), &callbacks, bytes, NULL);
  gst_element_set_state (pipeline, GST_STATE_PLAYING);
  gst_app_src_push_buffer (GST_APP_SRC (source), copy);
  gst_app_src_end_of_stream (GST_APP_SRC (source));
  message = gst_bus_timed_pop_filtered (bus, 60 * GST_SECOND, GST_MESSAGE_EOS | GST_MESSAGE_ERROR);
  g_assert_nonnull (message);
  g_assert_cmpint (GST_MESSAGE_TYPE (message), ==, GST_MESSAGE_EOS);
  gst_element_set_state (pipeline, GST_STATE_NULL);
  return bytes;
}

static gboolean
gather (gpointer owner, const guint8 *data, gsize length, GError **error)
{
  g_byte_array_append (owner, data, (guint)length);
  return TRUE;
}

/* @skip, @most: frames; 0: all */
static GByteArray *
convert (const Row *row, GstBuffer *buffer, gsize piece, guint64 skip, guint64 most)
{
  const ApDecoderSpec spec = { AP_CONTAINER_WAV, row->out_rate, row->out_channels };
  GByteArray *bytes = g_byte_array_new ();
  g_autoptr (ApSampleConverter) converter = ap_sample_converter_new (&spec, gather, bytes);
  g_autoptr (GstCaps) caps = caps_of (row->format, row->rate, row->channels);
  g_autoptr (GError) error = NULL;
  gsize frame = gst_buffer_get_size (buffer) / FRAMES;

  ap_sample_converter_skip (converter, skip);
  if (most > 0)
    ap_sample_converter_limit (converter, most);
  for (gsize at = 0; at < FRAMES; at += piece) {
    g_autoptr (GstBuffer) part =
        gst_buffer_copy_region (buffer, GST_BUFFER_COPY_MEMORY, at * frame, MIN (piece, FRAMES - at) * frame);

    g_assert_true (ap_sample_converter_set_caps (converter, caps, &error));
    g_assert_true (ap_sample_converter_push (converter, part, &error));
  }
  g_assert_true (ap_sample_converter_end (converter, &error));
  g_assert_cmpuint (ap_sample_converter_get_made (converter), ==, bytes->len);
  return bytes;
}

static void
test_as_elements (void)
{
  static const gsize pieces[] = { 1, 441, FRAMES };

  for (gsize i = 0; i < G_N_ELEMENTS (rows); i++) {
    g_autoptr (GstBuffer) buffer = tone_of (&rows[i]);
    g_autoptr (GByteArray) wanted = convert_by_elements (&rows[i], buffer);

    g_test_message ("row %zu", i);
    for (gsize n = 0; n < G_N_ELEMENTS (pieces); n++) {
      g_autoptr (GByteArray) bytes = convert (&rows[i], buffer, pieces[n], 0, 0);

      g_assert_cmpmem (bytes->data, bytes->len, wanted->data, wanted->len);
    }
  }
}

/* As if what is left out had not been there. */
static void
test_left_out (void)
{
  for (gsize i = 0; i < G_N_ELEMENTS (rows); i++) {
    g_autoptr (GstBuffer) buffer = tone_of (&rows[i]);
    gsize frame = gst_buffer_get_size (buffer) / FRAMES;
    g_autoptr (GstBuffer) part = gst_buffer_copy_region (buffer, GST_BUFFER_COPY_MEMORY, 1000 * frame, 5000 * frame);
    g_autoptr (GByteArray) wanted = convert_by_elements (&rows[i], part);
    g_autoptr (GByteArray) bytes = convert (&rows[i], buffer, 441, 1000, 5000);

    g_test_message ("row %zu", i);
    g_assert_cmpmem (bytes->data, bytes->len, wanted->data, wanted->len);
  }
}

/* Nobody can tell what the channels without a place are, as audioconvert cannot. */
static void
test_channels_without_places (void)
{
  const ApDecoderSpec spec = { AP_CONTAINER_WAV, 44100, 2 };
  g_autoptr (GByteArray) bytes = g_byte_array_new ();
  g_autoptr (ApSampleConverter) converter = ap_sample_converter_new (&spec, gather, bytes);
  g_autoptr (GError) error = NULL;
  static const gint channels[] = { 3, 6, 8 };

  for (gsize i = 0; i < G_N_ELEMENTS (channels); i++) {
    g_autoptr (GstCaps) caps = caps_of ("F32LE", 44100, (guint)channels[i]);

    gst_caps_set_simple (caps, "channel-mask", GST_TYPE_BITMASK, G_GUINT64_CONSTANT (0), NULL);
    g_assert_false (ap_sample_converter_set_caps (converter, caps, &error));
    g_assert_error (error, AP_RECORDING_ERROR, AP_RECORDING_ERROR_UNDECODABLE);
    g_clear_error (&error);
  }
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  gst_init (&argc, &argv);
  g_test_add_func ("/sample-converter/as-elements", test_as_elements);
  g_test_add_func ("/sample-converter/left-out", test_left_out);
  g_test_add_func ("/sample-converter/channels-without-places", test_channels_without_places);
  return g_test_run ();
}
