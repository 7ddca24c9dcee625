/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "decoder-support.h"

ApContainer
decoder_container (AudioFileKind kind)
{
  switch (kind) {
  case AUDIO_FILE_PCM:
    return AP_CONTAINER_PCM;
  case AUDIO_FILE_MP3:
    return AP_CONTAINER_MP3;
  case AUDIO_FILE_FLAC:
  case AUDIO_FILE_FLAC_SILENCE:
    return AP_CONTAINER_FLAC;
  case AUDIO_FILE_ADTS:
    return AP_CONTAINER_ADTS;
  case AUDIO_FILE_MP4:
  case AUDIO_FILE_MP4_FAST:
  case AUDIO_FILE_MP4_FRAGMENTED:
    return AP_CONTAINER_MP4;
  case AUDIO_FILE_OGG:
  case AUDIO_FILE_OGG_FLAC:
  case AUDIO_FILE_OGG_VORBIS:
  case AUDIO_FILE_OGG_SPEEX:
    return AP_CONTAINER_OGG;
  case AUDIO_FILE_WEBM:
    return AP_CONTAINER_WEBM;
  case AUDIO_FILE_WAV:
  case AUDIO_FILE_WAV_U8:
  case AUDIO_FILE_WAV_S24:
  case AUDIO_FILE_WAV_S32:
  case AUDIO_FILE_WAV_F32:
  case AUDIO_FILE_WAV_F64:
  case AUDIO_FILE_WAV_ALAW:
  case AUDIO_FILE_WAV_MULAW:
    break;
  }
  return AP_CONTAINER_WAV;
}

gboolean
decoder_gather (gpointer samples, const guint8 *data, gsize length, GError **error)
{
  g_assert_cmpuint (length, >, 0);
  g_byte_array_append (samples, data, (guint)length);
  return TRUE;
}

GByteArray *
decoder_run (const ApDecoderSpec *spec, GBytes *file, gsize piece, GError **error)
{
  gsize length;
  const guint8 *data = g_bytes_get_data (file, &length);
  GByteArray *samples = g_byte_array_new ();
  g_autoptr (ApDecoder) decoder = ap_decoder_chain_new (spec, decoder_gather, samples, error);
  gboolean ok = decoder != NULL;

  for (gsize at = 0; ok && at < length; at += piece)
    ok = ap_decoder_feed (decoder, data + at, MIN (piece, length - at), error);
  if (ok)
    ap_decoder_finish (decoder, error);
  g_assert_cmpuint (samples->len % (spec->channels * sizeof (gint16)), ==, 0);
  return samples;
}

GByteArray *
decoder_run_kind (AudioFileKind kind, guint rate, guint channels, gdouble seconds, guint out_rate, guint out_channels,
                  gsize piece)
{
  const ApDecoderSpec spec = { decoder_container (kind), out_rate, out_channels };
  g_autoptr (GBytes) file = audio_file_make (kind, rate, channels, seconds);
  g_autoptr (GError) error = NULL;
  GByteArray *samples = decoder_run (&spec, file, piece, &error);

  g_assert_no_error (error);
  return samples;
}
