/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "audio-files.h"

#include <glib/gstdio.h>
#include <gst/app/app.h>
#include <math.h>

#define AMPLITUDE 16000.0

typedef struct {
  const char *name;
  const char *elements; /* NULL: the samples as they are */
  const char *factory;  /* that not all systems have */
} Kind;

static const Kind kinds[] = {
  [AUDIO_FILE_PCM] = { "pcm", NULL, NULL },
  [AUDIO_FILE_WAV] = { "wav", "wavenc", NULL },
  [AUDIO_FILE_MP3] = { "mp3", "lamemp3enc target=bitrate bitrate=128 cbr=true ! xingmux", "lamemp3enc" },
  [AUDIO_FILE_FLAC] = { "flac", "flacenc", "flacenc" },
  [AUDIO_FILE_ADTS] = { "adts", "avenc_aac ! aacparse ! audio/mpeg,stream-format=adts", "avenc_aac" },
  [AUDIO_FILE_MP4] = { "mp4", "avenc_aac ! aacparse ! mp4mux", "avenc_aac" },
  [AUDIO_FILE_MP4_FAST] = { "mp4-fast", "avenc_aac ! aacparse ! mp4mux faststart=true", "avenc_aac" },
  [AUDIO_FILE_MP4_FRAGMENTED] = { "mp4-fragmented",
                                  "avenc_aac ! aacparse ! mp4mux fragment-duration=500 streamable=true", "avenc_aac" },
  [AUDIO_FILE_OGG] = { "ogg", "opusenc ! oggmux", "opusenc" },
  [AUDIO_FILE_OGG_FLAC] = { "ogg-flac", "flacenc ! oggmux", "flacenc" },
  [AUDIO_FILE_OGG_VORBIS] = { "ogg-vorbis", "vorbisenc ! oggmux", "vorbisenc" },
  [AUDIO_FILE_OGG_SPEEX] = { "ogg-speex", "speexenc ! oggmux", "speexenc" },
  [AUDIO_FILE_FLAC_SILENCE] = { "flac-silence", "flacenc", "flacenc" },
  [AUDIO_FILE_WAV_U8] = { "wav-u8", "audio/x-raw,format=U8 ! wavenc", NULL },
  [AUDIO_FILE_WAV_S24] = { "wav-s24", "audio/x-raw,format=S24LE ! wavenc", NULL },
  [AUDIO_FILE_WAV_S32] = { "wav-s32", "audio/x-raw,format=S32LE ! wavenc", NULL },
  [AUDIO_FILE_WAV_F32] = { "wav-f32", "audio/x-raw,format=F32LE ! wavenc", NULL },
  [AUDIO_FILE_WAV_F64] = { "wav-f64", "audio/x-raw,format=F64LE ! wavenc", NULL },
  [AUDIO_FILE_WAV_ALAW] = { "wav-alaw", "alawenc ! wavenc", NULL },
  [AUDIO_FILE_WAV_MULAW] = { "wav-mulaw", "mulawenc ! wavenc", NULL },
  [AUDIO_FILE_WEBM] = { "webm", "opusenc ! webmmux streamable=true", "opusenc" },
};

const char *
audio_file_kind_name (AudioFileKind kind)
{
  return kinds[kind].name;
}

gboolean
audio_file_can_make (AudioFileKind kind)
{
  g_autoptr (GstElementFactory) factory = NULL;

  if (kinds[kind].factory == NULL)
    return TRUE;
  factory = gst_element_factory_find (kinds[kind].factory);
  return factory != NULL;
}

static gdouble
frequency_at (gsize second, guint channel)
{
  return (400.0 + 150.0 * (gdouble)(second % 7)) / (channel + 1);
}

GBytes *
audio_file_signal (guint rate, guint channels, gdouble seconds)
{
  gsize frames = (gsize)(seconds * rate + 0.5);
  gint16 *samples = g_new (gint16, frames * channels);

  for (gsize i = 0; i < frames; i++)
    for (guint channel = 0; channel < channels; channel++) {
      gdouble phase = 2 * G_PI * frequency_at (i / rate, channel) * (gdouble)i / rate;

      samples[i * channels + channel] = GINT16_TO_LE ((gint16)lrint (AMPLITUDE * sin (phase)));
    }
  return g_bytes_new_take (samples, frames * channels * sizeof *samples);
}

/* Muxers go back to write sizes, so what they make goes to a file. */
static GBytes *
run (const char *elements, const char *path, GBytes *signal, guint rate, guint channels)
{
  g_autofree char *launch = g_strdup_printf (
      "appsrc name=source format=time caps=\"audio/x-raw,format=S16LE,layout=interleaved,rate=%u,channels=%u\""
      " ! audioconvert dithering=none ! %s ! filesink location=%s",
      rate, channels, elements, path);
  g_autoptr (GError) error = NULL;
  g_autoptr (GstElement) pipeline = gst_parse_launch (launch, &error);
  g_autoptr (GstElement) source = NULL;
  g_autoptr (GstBus) bus = NULL;
  g_autoptr (GstMessage) message = NULL;
  GstBuffer *buffer = gst_buffer_new_wrapped_bytes (signal);
  char *contents;
  gsize length;

  g_assert_no_error (error);
  source = gst_bin_get_by_name (GST_BIN (pipeline), "source");
  bus = gst_element_get_bus (pipeline);
  GST_BUFFER_PTS (buffer) = 0;
  gst_app_src_push_buffer (GST_APP_SRC (source), buffer);
  gst_app_src_end_of_stream (GST_APP_SRC (source));
  gst_element_set_state (pipeline, GST_STATE_PLAYING);
  message = gst_bus_timed_pop_filtered (bus, 60 * GST_SECOND, GST_MESSAGE_EOS | GST_MESSAGE_ERROR);
  if (message == NULL || GST_MESSAGE_TYPE (message) != GST_MESSAGE_EOS)
    g_error ("%s: not made", launch);
  gst_element_set_state (pipeline, GST_STATE_NULL);
  g_file_get_contents (path, &contents, &length, &error);
  g_assert_no_error (error);
  return g_bytes_new_take (contents, length);
}

GBytes *
audio_file_make (AudioFileKind kind, guint rate, guint channels, gdouble seconds)
{
  g_autoptr (GBytes) signal = audio_file_signal (rate, channels, seconds);
  g_autofree char *folder = NULL;
  g_autofree char *path = NULL;
  g_autoptr (GError) error = NULL;
  GBytes *file;

  if (kinds[kind].elements == NULL)
    return g_steal_pointer (&signal);
  if (kind == AUDIO_FILE_FLAC_SILENCE)
    memset ((gpointer)g_bytes_get_data (signal, NULL), 0, g_bytes_get_size (signal));
  folder = g_dir_make_tmp ("audio-files-XXXXXX", &error);
  g_assert_no_error (error);
  path = g_build_filename (folder, "file", NULL);
  file = run (kinds[kind].elements, path, signal, rate, channels);
  g_remove (path);
  g_rmdir (folder);
  return file;
}

gdouble
audio_file_tone (const gint16 *samples, gsize stride, gsize frames, guint rate, gdouble frequency)
{
  gdouble in_phase = 0, quadrature = 0, power = 0;

  for (gsize i = 0; i < frames; i++) {
    gdouble sample = GINT16_FROM_LE (samples[i * stride]);
    gdouble phase = 2 * G_PI * frequency * (gdouble)i / rate;

    in_phase += sample * cos (phase);
    quadrature += sample * sin (phase);
    power += sample * sample;
  }
  return power > 0 ? 2 * (in_phase * in_phase + quadrature * quadrature) / ((gdouble)frames * power) : 0;
}
