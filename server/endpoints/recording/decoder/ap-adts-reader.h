/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "endpoints/recording/ap-recording-types.h"

/* Whole frames out of a stream of ADTS that is cut anywhere. What is no frame is passed over: the first, and one with
 * another rate or other channels than the one before, counts only if a frame like it, or the end, is right behind it.
 *
 * It holds two frames at most, which have 8 KiB each.
 *
 * Layout: ISO/IEC 13818-7, 6.2. */
typedef struct _ApAdtsReader ApAdtsReader;

/* With its header. FALSE, with @error set, ends the call that it came from. */
typedef gboolean (*ApAdtsFrame) (gpointer owner, const guint8 *frame, gsize length, GError **error);

/* @owner: passed to @frame */
ApAdtsReader *ap_adts_reader_new (ApAdtsFrame frame, gpointer owner);
void ap_adts_reader_free (ApAdtsReader *reader);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (ApAdtsReader, ap_adts_reader_free)

/* The next bytes. Errors: what the call back returned; after one it may only be freed. */
gboolean ap_adts_reader_feed (ApAdtsReader *reader, const guint8 *data, gsize length, GError **error);

/* There are no more. Errors: what the call back returned; AP_RECORDING_ERROR_UNDECODABLE, where there was no frame. */
gboolean ap_adts_reader_end (ApAdtsReader *reader, GError **error);
