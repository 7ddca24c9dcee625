/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "endpoints/recording/ap-recording-types.h"

/* What stands before the audio of a compressed stream, cut anywhere: leaves ID3v2 tags out, and of FLAC's metadata all
 * but STREAMINFO, so that pictures and comments reach no decoder; refuses a FLAC, Ogg, WebM or MP4 that does not begin
 * as one.
 *
 * Layout: id3.org, ID3v2.4.0; RFC 9639, section 8 (FLAC). */
typedef struct {
  ApContainer container;
  guint state;
  guint8 bytes[42]; /* that must be seen whole */
  gsize have, want;
  guint32 left; /* bytes that are left out */
  gboolean last_block;
} ApStreamHead;

void ap_stream_head_init (ApStreamHead *head, ApContainer container);

/**
 * ap_stream_head_take:
 * @out: what is to be decoded of the bytes taken is appended
 * @taken: (out): how many it took; the rest, if any, is audio
 *
 * Errors: AP_RECORDING_ERROR_UNDECODABLE. After it, and when it has not taken all, it is not to be called again.
 */
gboolean ap_stream_head_take (ApStreamHead *head, const guint8 *data, gsize length, GByteArray *out, gsize *taken,
                              GError **error);

/* TRUE: all that follows is audio. */
gboolean ap_stream_head_is_over (const ApStreamHead *head);
