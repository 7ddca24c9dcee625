/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Files through a decoder of this process. */
#pragma once

#include "endpoints/recording/decoder/ap-decoder-chain.h"

#include "audio-files.h"

/* What holds files of @kind. */
ApContainer decoder_container (AudioFileKind kind);

/* @file in pieces of @piece bytes, and its end. Returns what came out, up to the error if there is one. */
GByteArray *decoder_run (const ApDecoderSpec *spec, GBytes *file, gsize piece, GError **error);

/* What a file of @kind decodes to; it must. */
GByteArray *decoder_run_kind (AudioFileKind kind, guint rate, guint channels, gdouble seconds, guint out_rate,
                              guint out_channels, gsize piece);

gboolean decoder_gather (gpointer samples, const guint8 *data, gsize length, GError **error);
