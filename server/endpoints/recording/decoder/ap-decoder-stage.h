/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "endpoints/recording/decoder/ap-decoder.h"

#include <gst/gst.h>

/* Elements that make samples of a recording's format: a direct ApPipeline whose end is an ApDecoderPcm. */
typedef struct _ApDecoderStage ApDecoderStage;

/**
 * ap_decoder_stage_new:
 * @elements: (nullable): what comes before the conversion to @spec's rate and channels
 * @caps: (nullable): of what goes in; NULL: bytes
 * @rate: Hz, that @elements are told to make; 0: what they like
 */
ApDecoderStage *ap_decoder_stage_new (const char *elements, GstCaps *caps, guint rate, const ApDecoderSpec *spec,
                                      ApDecoderPcm pcm, gpointer owner, GError **error);
void ap_decoder_stage_free (ApDecoderStage *stage);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (ApDecoderStage, ap_decoder_stage_free)

/* At once, so not too much of it. Errors: as ap_decoder_feed(). */
gboolean ap_decoder_stage_push (ApDecoderStage *stage, const guint8 *data, gsize length, GError **error);

/* @buffer: (transfer full): a whole packet, perhaps with what is to be cut from its samples (GstAudioClippingMeta) */
gboolean ap_decoder_stage_push_buffer (ApDecoderStage *stage, GstBuffer *buffer, GError **error);
gboolean ap_decoder_stage_end (ApDecoderStage *stage, GError **error);

/* Bytes of samples that have come out. */
guint64 ap_decoder_stage_get_made (ApDecoderStage *stage);
