/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "endpoints/recording/ap-recording-types.h"

/* Where a file ends and the next begins in what a client sends: only at the beginning of a message. */

/**
 * ap_container_detect:
 * @current: what the messages so far are part of; NONE: there were none
 * @data: the beginning of a message
 *
 * Begins a new file: WAV; FLAC; an Ogg stream; WebM; MP4; an ID3v2 tag, in the formats that have files with one. What
 * tells is 44 bits or more, so samples are not taken for it. Three frames of MP3 or ADTS in a row tell as much, at a
 * recording's beginning and behind an MP4. At a recording's beginning there is always a file: a
 * message too short to tell what it is counts as the longer word of which it may be the beginning.
 *
 * Returns: what @data begins; NONE: it goes on, or @error is set: AP_RECORDING_ERROR_UNDECODABLE, for a file that a
 * recording of @format does not take
 */
ApContainer ap_container_detect (ApRecordingFormat format, ApContainer current, const guint8 *data, gsize length,
                                 GError **error);

/* For people: `WAV`, `Ogg` and so on. */
const char *ap_container_name (ApContainer container);
