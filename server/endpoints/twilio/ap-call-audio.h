/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

/* How the audio of a call is encoded on the wire. */
typedef enum {
  AP_CALL_ENCODING_OTHER, /* one that this server has no decoder for */
  AP_CALL_ENCODING_MULAW,
  AP_CALL_ENCODING_ALAW,
  AP_CALL_ENCODING_L16LE,
  AP_CALL_ENCODING_L16BE, /* as in RTP (RFC 3551, section 4.5.11) */
} ApCallEncoding;

typedef struct {
  ApCallEncoding encoding;
  guint rate;     /* Hz */
  guint channels; /* interleaved */
} ApCallAudio;

/* Of one sample of one channel; 0 where that has no size. */
guint ap_call_encoding_bytes (ApCallEncoding encoding);

/* For people and programs: `mulaw`, `alaw`, `l16le`, `l16be`, `other`. */
const char *ap_call_encoding_name (ApCallEncoding encoding);

/**
 * ap_call_audio_read_name:
 * @name: what a service calls its audio: `audio/x-mulaw`, `PCMU`, `L16@16000h`, `audio/l16;rate=16000`, `slin16`, …
 * @l16: what it means by L16
 * @audio: (inout): the encoding is set, and the rate where the name tells it
 */
void ap_call_audio_read_name (const char *name, ApCallEncoding l16, ApCallAudio *audio);
