/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "endpoints/recording/decoder/ap-decoder.h"

/* WebM in, samples out: of the first track with Opus. */
typedef struct _ApDecoderWebm ApDecoderWebm;

/* Errors: AP_ERROR_CONFIG, where an element is not installed. */
ApDecoderWebm *ap_decoder_webm_new (const ApDecoderSpec *spec, ApDecoderPcm pcm, gpointer owner, GError **error);
void ap_decoder_webm_free (ApDecoderWebm *webm);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (ApDecoderWebm, ap_decoder_webm_free)

/* At once, so not too much of it. Errors: as ap_decoder_feed(). */
gboolean ap_decoder_webm_push (ApDecoderWebm *webm, const guint8 *data, gsize length, GError **error);
gboolean ap_decoder_webm_end (ApDecoderWebm *webm, GError **error);

/* Bytes of samples that have come out. */
guint64 ap_decoder_webm_get_made (const ApDecoderWebm *webm);
