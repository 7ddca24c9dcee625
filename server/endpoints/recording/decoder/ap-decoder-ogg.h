/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "endpoints/recording/decoder/ap-decoder.h"

/* Ogg in, samples out: of Opus, FLAC and Vorbis, whichever is first. Each link of a chain has elements of its own. */
typedef struct _ApDecoderOgg ApDecoderOgg;

/* Errors: AP_ERROR_CONFIG, where an element for Opus is not installed; without those of the others, their streams are
 * refused. */
ApDecoderOgg *ap_decoder_ogg_new (const ApDecoderSpec *spec, ApDecoderPcm pcm, gpointer owner, GError **error);
void ap_decoder_ogg_free (ApDecoderOgg *ogg);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (ApDecoderOgg, ap_decoder_ogg_free)

/* At once, so not too much of it. Errors: as ap_decoder_feed(). */
gboolean ap_decoder_ogg_push (ApDecoderOgg *ogg, const guint8 *data, gsize length, GError **error);
gboolean ap_decoder_ogg_end (ApDecoderOgg *ogg, GError **error);

/* Whether what comes next may be a head, of the stream or of a link of the chain, and no audio yet. */
gboolean ap_decoder_ogg_is_in_head (const ApDecoderOgg *ogg);
/* Bytes of samples that have come out. */
guint64 ap_decoder_ogg_get_made (const ApDecoderOgg *ogg);
