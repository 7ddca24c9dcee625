/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Audio in every format, made while the test runs. gst_init() comes first. */
#pragma once

#include <glib.h>

typedef enum {
  AUDIO_FILE_PCM, /* S16LE */
  AUDIO_FILE_WAV,
  AUDIO_FILE_MP3, /* 128 kbit/s, with a Xing header */
  AUDIO_FILE_FLAC,
  AUDIO_FILE_ADTS,
  AUDIO_FILE_MP4,            /* its index at the end */
  AUDIO_FILE_MP4_FAST,       /* its index in front */
  AUDIO_FILE_MP4_FRAGMENTED, /* an index for each half second */
  AUDIO_FILE_OGG,            /* Opus */
  AUDIO_FILE_OGG_FLAC,
  AUDIO_FILE_OGG_VORBIS,
  AUDIO_FILE_WEBM, /* Opus */
  AUDIO_FILE_KINDS,

  AUDIO_FILE_OGG_SPEEX = AUDIO_FILE_KINDS, /* which is not supported */
  AUDIO_FILE_FLAC_SILENCE,                 /* a few bytes a second */
  AUDIO_FILE_WAV_U8,                       /* other encodings in WAV */
  AUDIO_FILE_WAV_S24,
  AUDIO_FILE_WAV_S32,
  AUDIO_FILE_WAV_F32,
  AUDIO_FILE_WAV_F64,
  AUDIO_FILE_WAV_ALAW,
  AUDIO_FILE_WAV_MULAW,
} AudioFileKind;

/* For the names of tests. */
const char *audio_file_kind_name (AudioFileKind kind);

/* FALSE: an element that makes it is not installed. */
gboolean audio_file_can_make (AudioFileKind kind);

/* A file that holds audio_file_signal(), or silence. Opus takes 8, 12, 16, 24 and 48 kHz. */
GBytes *audio_file_make (AudioFileKind kind, guint rate, guint channels, gdouble seconds);

/* The signal as S16LE: a tone for each second, 400 Hz and 150 Hz more with each second up to 1300 Hz, then again; the
 * second channel has a tone of half the frequency. It neither starts nor ends softly. */
GBytes *audio_file_signal (guint rate, guint channels, gdouble seconds);

/* How much of the power of @frames samples of one channel is a tone of @frequency: 0 to 1. */
gdouble audio_file_tone (const gint16 *samples, gsize stride, gsize frames, guint rate, gdouble frequency);
