/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Samples: raw ones as they are, those of WAV files as well where they are of the recording's format already. */
#include "endpoints/recording/decoder/ap-decoder-wav.h"

#include "endpoints/recording/decoder/ap-decoder-stage.h"
#include "endpoints/recording/decoder/ap-wav-splitter.h"

#include <gst/audio/audio.h>
#include <string.h>

/* Bytes that are converted at once. */
#define SLICE (16 * 1024)
/* Files that are converted, each by elements of its own: so many, and one more for so many bytes of samples, which are
 * 20 ms of a telephone. */
#define FREE_FILES 1024
#define FILE_BYTES 160

typedef struct {
  ApDecoder decoder;
  ApDecoderSpec spec;
  ApDecoderPcm pcm;
  gpointer owner;
  ApWavSplitter *splitter; /* NULL: raw */
  ApDecoderStage *stage;   /* NULL: the samples are what is wanted */
  gsize frame_bytes;       /* of what comes in */
  guint8 carry[64];        /* the beginning of a frame; the longest has eight channels of eight bytes */
  gsize carried;
  guint64 converted, heard; /* files; bytes of samples */
} WavDecoder;

static gboolean
convert (WavDecoder *wav, const guint8 *data, gsize length, GError **error)
{
  gsize slice = SLICE - SLICE % wav->frame_bytes;

  for (gsize at = 0; at < length; at += slice)
    if (!ap_decoder_stage_push (wav->stage, data + at, MIN (slice, length - at), error))
      return FALSE;
  return TRUE;
}

static gboolean
emit (WavDecoder *wav, const guint8 *frames, gsize length, GError **error)
{
  if (length == 0)
    return TRUE;
  return wav->stage != NULL ? convert (wav, frames, length, error) : wav->pcm (wav->owner, frames, length, error);
}

static void
carry (WavDecoder *wav, const guint8 *data, gsize length)
{
  memcpy (wav->carry + wav->carried, data, length);
  wav->carried += length;
}

/* Whole frames of what came. */
static gboolean
on_samples (gpointer owner, const guint8 *data, gsize length, GError **error)
{
  WavDecoder *wav = owner;
  gsize missing = wav->carried > 0 ? MIN (wav->frame_bytes - wav->carried, length) : 0;
  gsize rest = (length - missing) % wav->frame_bytes;

  wav->heard += length;
  carry (wav, data, missing);
  if (wav->carried == wav->frame_bytes) {
    wav->carried = 0;
    if (!emit (wav, wav->carry, wav->frame_bytes, error))
      return FALSE;
  }
  if (!emit (wav, data + missing, length - missing - rest, error))
    return FALSE;
  carry (wav, data + length - rest, rest);
  return TRUE;
}

/* The bits of WAVE_FORMAT_EXTENSIBLE, in their order; GStreamer has others for the sides. Those behind, for speakers
 * above, it does not mix. */
static const GstAudioChannelPosition speakers[] = {
  GST_AUDIO_CHANNEL_POSITION_FRONT_LEFT,
  GST_AUDIO_CHANNEL_POSITION_FRONT_RIGHT,
  GST_AUDIO_CHANNEL_POSITION_FRONT_CENTER,
  GST_AUDIO_CHANNEL_POSITION_LFE1,
  GST_AUDIO_CHANNEL_POSITION_REAR_LEFT,
  GST_AUDIO_CHANNEL_POSITION_REAR_RIGHT,
  GST_AUDIO_CHANNEL_POSITION_FRONT_LEFT_OF_CENTER,
  GST_AUDIO_CHANNEL_POSITION_FRONT_RIGHT_OF_CENTER,
  GST_AUDIO_CHANNEL_POSITION_REAR_CENTER,
  GST_AUDIO_CHANNEL_POSITION_SIDE_LEFT,
  GST_AUDIO_CHANNEL_POSITION_SIDE_RIGHT,
};

/* Where the file does not tell which speaker a channel is for, or tells nonsense or of others: the usual ones. */
static guint64
mask_of (const ApWavFormat *format)
{
  guint64 mask = 0;

  if (format->channel_mask >> G_N_ELEMENTS (speakers) != 0 ||
      (guint)__builtin_popcount (format->channel_mask) != format->channels)
    return gst_audio_channel_get_fallback_mask ((gint)format->channels);
  for (gsize i = 0; i < G_N_ELEMENTS (speakers); i++)
    if ((format->channel_mask >> i & 1) != 0)
      mask |= G_GUINT64_CONSTANT (1) << speakers[i];
  return mask;
}

static GstCaps *
caps_of (const ApWavFormat *format)
{
  static const char *const raw[] = { "U8", "S16LE", "S24LE", "S32LE", "F32LE", "F64LE" };
  GstCaps *caps;

  if (format->encoding >= AP_WAV_ALAW)
    caps = gst_caps_new_empty_simple (format->encoding == AP_WAV_ALAW ? "audio/x-alaw" : "audio/x-mulaw");
  else
    caps = gst_caps_new_simple ("audio/x-raw", "format", G_TYPE_STRING, raw[format->encoding], "layout", G_TYPE_STRING,
                                "interleaved", NULL);
  gst_caps_set_simple (caps, "rate", G_TYPE_INT, (gint)format->sample_rate, "channels", G_TYPE_INT,
                       (gint)format->channels, NULL);
  if (format->channels > 2)
    gst_caps_set_simple (caps, "channel-mask", GST_TYPE_BITMASK, mask_of (format), NULL);
  return caps;
}

static const char *
elements_of (const ApWavFormat *format)
{
  if (format->encoding == AP_WAV_ALAW)
    return "alawdec";
  return format->encoding == AP_WAV_MULAW ? "mulawdec" : NULL;
}

static gboolean
is_wanted (const WavDecoder *wav, const ApWavFormat *format)
{
  return format->encoding == AP_WAV_S16 && format->sample_rate == wav->spec.sample_rate &&
         format->channels == wav->spec.channels;
}

static gboolean
end_stage (WavDecoder *wav, GError **error)
{
  g_autoptr (ApDecoderStage) stage = g_steal_pointer (&wav->stage);

  return stage == NULL || ap_decoder_stage_end (stage, error);
}

static gboolean
refuse_tiny_files (WavDecoder *wav, GError **error)
{
  if (wav->converted++ < FREE_FILES + wav->heard / FILE_BYTES)
    return FALSE;
  g_set_error (error, AP_RECORDING_ERROR, AP_RECORDING_ERROR_UNDECODABLE,
               "WAV: too many files with next to no samples in them");
  return TRUE;
}

static gboolean
on_format (gpointer owner, const ApWavFormat *format, GError **error)
{
  WavDecoder *wav = owner;
  g_autoptr (GstCaps) caps = NULL;

  if (!end_stage (wav, error))
    return FALSE;
  wav->carried = 0;
  wav->frame_bytes = format != NULL ? format->frame_bytes : wav->spec.channels * sizeof (gint16);
  if (format == NULL || is_wanted (wav, format))
    return TRUE;
  if (refuse_tiny_files (wav, error))
    return FALSE;
  caps = caps_of (format);
  wav->stage = ap_decoder_stage_new (elements_of (format), caps, &wav->spec, wav->pcm, wav->owner, error);
  return wav->stage != NULL;
}

static gboolean
wav_feed (ApDecoder *decoder, const guint8 *data, gsize length, GError **error)
{
  WavDecoder *wav = (WavDecoder *)decoder;

  return wav->splitter != NULL ? ap_wav_splitter_feed (wav->splitter, data, length, error)
                               : on_samples (wav, data, length, error);
}

static gboolean
wav_finish (ApDecoder *decoder, GError **error)
{
  return end_stage ((WavDecoder *)decoder, error);
}

static gsize
wav_get_carry (ApDecoder *decoder, guint8 *bytes)
{
  WavDecoder *wav = (WavDecoder *)decoder;

  if (wav->splitter != NULL)
    return 0;
  memcpy (bytes, wav->carry, wav->carried);
  return wav->carried;
}

static void
wav_free (ApDecoder *decoder)
{
  WavDecoder *wav = (WavDecoder *)decoder;

  g_clear_pointer (&wav->splitter, ap_wav_splitter_free);
  g_clear_pointer (&wav->stage, ap_decoder_stage_free);
  g_free (wav);
}

ApDecoder *
ap_decoder_wav_new (const ApDecoderSpec *spec, ApDecoderPcm pcm, gpointer owner)
{
  static const ApDecoderVtable vtable = { wav_feed, wav_finish, wav_get_carry, wav_free };
  static const ApWavCallbacks callbacks = { on_format, on_samples };
  WavDecoder *wav = g_new0 (WavDecoder, 1);

  wav->decoder.vtable = &vtable;
  wav->spec = *spec;
  wav->pcm = pcm;
  wav->owner = owner;
  wav->frame_bytes = spec->channels * sizeof (gint16);
  if (spec->container == AP_CONTAINER_WAV)
    wav->splitter = ap_wav_splitter_new (&callbacks, wav);
  return &wav->decoder;
}
