/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "endpoints/recording/ap-recording-types.h"

/* Reads WAV from pieces cut anywhere: RIFF, RF64 and BW64 with all chunks but the format and the samples left out. A
 * length of the samples of 0 or 0xFFFFFFFF, which who writes into a pipe puts there, means: all that comes, as does one
 * that is longer than what comes. Behind the samples another file may follow. What does not begin as such a file is
 * raw.
 *
 * Layout: Microsoft's and IBM's Multimedia Programming Interface and Data Specifications 1.0; EBU Tech 3306 (RF64);
 * ITU-R BS.2088 (BW64). */
typedef enum {
  AP_WAV_U8,
  AP_WAV_S16,
  AP_WAV_S24, /* three bytes */
  AP_WAV_S32,
  AP_WAV_F32,
  AP_WAV_F64,
  AP_WAV_ALAW,
  AP_WAV_MULAW,
} ApWavEncoding;

typedef struct {
  ApWavEncoding encoding; /* all little endian */
  guint sample_rate;      /* Hz, 4000 to 768000 */
  guint channels;         /* 1 to 8 */
  guint frame_bytes;      /* a sample of every channel */
  guint32 channel_mask;   /* of WAVE_FORMAT_EXTENSIBLE; 0: not told */
} ApWavFormat;

typedef struct {
  /* Samples of @format follow; NULL: raw ones, of what format the recording has. */
  gboolean (*format) (gpointer owner, const ApWavFormat *format, GError **error);
  /* The next bytes of the samples, cut anywhere. */
  gboolean (*samples) (gpointer owner, const guint8 *data, gsize length, GError **error);
} ApWavCallbacks;

typedef struct _ApWavSplitter ApWavSplitter;

ApWavSplitter *ap_wav_splitter_new (const ApWavCallbacks *callbacks, gpointer owner);
void ap_wav_splitter_free (ApWavSplitter *splitter);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (ApWavSplitter, ap_wav_splitter_free)

/* Errors: AP_RECORDING_ERROR_UNDECODABLE, which says what is not supported or is wrong; what a call back returned.
 * After an error it may only be freed. */
gboolean ap_wav_splitter_feed (ApWavSplitter *splitter, const guint8 *data, gsize length, GError **error);
