/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Two converters in a row, of which each is there only if it has something to do: format and channels, then rate. */
#include "endpoints/recording/decoder/ap-sample-converter.h"

#include <gst/audio/audio.h>

#define QUALITY      4 /* audioresample's */
#define MAX_CHANNELS 8

struct _ApSampleConverter {
  ApDecoderSpec spec;
  ApDecoderPcm pcm;
  gpointer owner;
  GstAudioInfo in; /* of what comes; no format: nothing came */
  gsize frame_bytes;
  GstAudioConverter *convert;  /* NULL: it is S16 in the right channels */
  GstAudioConverter *resample; /* NULL: it has the right rate */
  GByteArray *converted, *resampled;
  gboolean held;             /* something of what came is in the resampler */
  guint64 skip, taken, most; /* frames */
  guint64 made;              /* bytes */
};

ApSampleConverter *
ap_sample_converter_new (const ApDecoderSpec *spec, ApDecoderPcm pcm, gpointer owner)
{
  ApSampleConverter *converter = g_new0 (ApSampleConverter, 1);

  converter->spec = *spec;
  converter->pcm = pcm;
  converter->owner = owner;
  converter->frame_bytes = spec->channels * sizeof (gint16);
  converter->converted = g_byte_array_new ();
  converter->resampled = g_byte_array_new ();
  converter->most = G_MAXUINT64;
  gst_audio_info_init (&converter->in);
  return converter;
}

void
ap_sample_converter_free (ApSampleConverter *converter)
{
  g_clear_pointer (&converter->convert, gst_audio_converter_free);
  g_clear_pointer (&converter->resample, gst_audio_converter_free);
  g_byte_array_unref (converter->converted);
  g_byte_array_unref (converter->resampled);
  g_free (converter);
}

/* Of its size is only as much as was ever needed at once. */
static gpointer
room_for (GByteArray *room, gsize bytes)
{
  if (room->len < bytes)
    g_byte_array_set_size (room, (guint)bytes);
  return room->data;
}

static gboolean
emit (ApSampleConverter *converter, const guint8 *samples, gsize frames, GError **error)
{
  gsize length = frames * converter->frame_bytes;

  converter->made += length;
  return length == 0 || converter->pcm (converter->owner, samples, length, error);
}

/* @samples: NULL: silence */
static gboolean
resample (ApSampleConverter *converter, gpointer samples, gsize frames, GError **error)
{
  gsize n = gst_audio_converter_get_out_frames (converter->resample, frames);
  gpointer in[] = { samples };
  gpointer out[] = { room_for (converter->resampled, (n + 1) * converter->frame_bytes) };

  converter->held = samples != NULL;
  gst_audio_converter_samples (converter->resample, GST_AUDIO_CONVERTER_FLAG_NONE, samples != NULL ? in : NULL, frames,
                               out, n);
  return emit (converter, out[0], n, error);
}

/* @planes: one, or one for each channel */
static gboolean
take (ApSampleConverter *converter, gpointer *planes, gsize frames, GError **error)
{
  gpointer samples = planes[0];

  if (converter->convert != NULL) {
    samples = room_for (converter->converted, frames * converter->frame_bytes);
    gst_audio_converter_samples (converter->convert, GST_AUDIO_CONVERTER_FLAG_NONE, planes, frames, &samples, frames);
  }
  return converter->resample != NULL ? resample (converter, samples, frames, error)
                                     : emit (converter, samples, frames, error);
}

gboolean
ap_sample_converter_end (ApSampleConverter *converter, GError **error)
{
  return !converter->held ||
         resample (converter, NULL, gst_audio_converter_get_max_latency (converter->resample), error);
}

/* No dithering, which is random. */
static GstAudioConverter *
convert_new (GstAudioInfo *in, GstAudioInfo *out)
{
  return gst_audio_converter_new (GST_AUDIO_CONVERTER_FLAG_NONE, in, out,
                                  gst_structure_new ("options", GST_AUDIO_CONVERTER_OPT_DITHER_METHOD,
                                                     GST_TYPE_AUDIO_DITHER_METHOD, GST_AUDIO_DITHER_NONE, NULL));
}

static GstAudioConverter *
resample_new (GstAudioInfo *in, GstAudioInfo *out)
{
  const GstAudioResamplerMethod method = GST_AUDIO_RESAMPLER_METHOD_KAISER;
  GstStructure *options = gst_structure_new ("options", GST_AUDIO_CONVERTER_OPT_RESAMPLER_METHOD,
                                             GST_TYPE_AUDIO_RESAMPLER_METHOD, method, NULL);

  gst_audio_resampler_options_set_quality (method, QUALITY, in->rate, out->rate, options);
  return gst_audio_converter_new (GST_AUDIO_CONVERTER_FLAG_VARIABLE_RATE, in, out, options);
}

/* FALSE: GStreamer cannot, as with channels that have no place. */
static gboolean
use (ApSampleConverter *converter, GstAudioInfo *in)
{
  GstAudioInfo same, out;

  gst_audio_info_set_format (&same, GST_AUDIO_FORMAT_S16LE, in->rate, (gint)converter->spec.channels, NULL);
  gst_audio_info_set_format (&out, GST_AUDIO_FORMAT_S16LE, (gint)converter->spec.sample_rate,
                             (gint)converter->spec.channels, NULL);
  gst_audio_info_init (&converter->in);
  g_clear_pointer (&converter->convert, gst_audio_converter_free);
  g_clear_pointer (&converter->resample, gst_audio_converter_free);
  if (!gst_audio_info_is_equal (in, &same) && (converter->convert = convert_new (in, &same)) == NULL)
    return FALSE;
  if (same.rate != out.rate && (converter->resample = resample_new (&same, &out)) == NULL)
    return FALSE;
  converter->in = *in;
  return TRUE;
}

gboolean
ap_sample_converter_set_caps (ApSampleConverter *converter, GstCaps *caps, GError **error)
{
  GstAudioInfo in;
  gboolean known = gst_audio_info_from_caps (&in, caps) && in.channels <= MAX_CHANNELS;

  if (known && gst_audio_info_is_equal (&in, &converter->in))
    return TRUE;
  if (!ap_sample_converter_end (converter, error))
    return FALSE;
  if (known && use (converter, &in))
    return TRUE;
  g_set_error (error, AP_RECORDING_ERROR, AP_RECORDING_ERROR_UNDECODABLE, "the samples are of no known kind");
  return FALSE;
}

void
ap_sample_converter_skip (ApSampleConverter *converter, guint64 frames)
{
  converter->skip = frames;
}

void
ap_sample_converter_limit (ApSampleConverter *converter, guint64 frames)
{
  converter->most = frames;
}

/* What is to be left out at the beginning or the end is. */
static gboolean
take_part (ApSampleConverter *converter, const GstAudioBuffer *buffer, GError **error)
{
  gsize skip = (gsize)MIN (converter->skip, buffer->n_samples);
  gsize most = (gsize)MIN (converter->most - MIN (converter->taken, converter->most), G_MAXSIZE);
  gsize frames = MIN (buffer->n_samples - skip, most);
  gsize stride = GST_AUDIO_BUFFER_LAYOUT (buffer) == GST_AUDIO_LAYOUT_INTERLEAVED
                     ? (gsize)GST_AUDIO_BUFFER_BPF (buffer)
                     : (gsize)GST_AUDIO_BUFFER_SAMPLE_STRIDE (buffer);
  gpointer planes[MAX_CHANNELS] = { NULL };

  converter->skip -= skip;
  converter->taken += frames;
  for (gint i = 0; i < MIN (buffer->n_planes, MAX_CHANNELS); i++)
    planes[i] = (guint8 *)buffer->planes[i] + skip * stride;
  return frames == 0 || take (converter, planes, frames, error);
}

gboolean
ap_sample_converter_push (ApSampleConverter *converter, GstBuffer *buffer, GError **error)
{
  GstAudioBuffer audio;
  gboolean taken;

  if (gst_buffer_get_size (buffer) == 0)
    return TRUE;
  if (!gst_audio_buffer_map (&audio, &converter->in, buffer, GST_MAP_READ)) {
    g_set_error (error, AP_RECORDING_ERROR, AP_RECORDING_ERROR_UNDECODABLE, "the samples are not what they claim");
    return FALSE;
  }
  taken = take_part (converter, &audio, error);
  gst_audio_buffer_unmap (&audio);
  return taken;
}

guint64
ap_sample_converter_get_made (const ApSampleConverter *converter)
{
  return converter->made;
}
