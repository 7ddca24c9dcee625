/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "endpoints/recording/ap-recording-types.h"

/* Bytes of one container in, samples out. Belongs to one thread at a time, which may change from call to call; its
 * call back comes on the thread of the call, before the call returns. */
typedef struct _ApDecoder ApDecoder;

typedef struct {
  ApContainer container; /* not NONE */
  guint sample_rate;     /* of what comes out, Hz */
  guint channels;        /* of what comes out */
} ApDecoderSpec;

/* Samples as S16LE, interleaved, in whole frames. FALSE, with @error set, stops the decoder at once: the call that it
 * came from fails with that error. */
typedef gboolean (*ApDecoderPcm) (gpointer owner, const guint8 *data, gsize length, GError **error);

/* Room for what a PCM decoder carries over: less than a frame, of at most four channels. */
#define AP_DECODER_MAX_CARRY 8

/**
 * ap_decoder_feed:
 *
 * The next bytes, however they are cut: the samples of all calls together are the same for every way of cutting. When
 * it returns, all that the decoder has released was passed on.
 *
 * Errors: what the call back returned; AP_RECORDING_ERROR_UNDECODABLE; AP_RECORDING_ERROR_DECODER_DIED. After an error
 * the decoder may only be freed.
 */
gboolean ap_decoder_feed (ApDecoder *decoder, const guint8 *data, gsize length, GError **error);

/**
 * ap_decoder_finish:
 *
 * No more bytes: what was held back comes out. Then the decoder may only be freed. Errors: as ap_decoder_feed(); it is
 * AP_RECORDING_ERROR_UNDECODABLE also where no frame was found in all bytes. What has come out is good in any case.
 */
gboolean ap_decoder_finish (ApDecoder *decoder, GError **error);

/**
 * ap_decoder_get_carry:
 * @carry: (out caller-allocates): receives them
 *
 * The bytes of a PCM decoder that are not a whole frame yet; a new one that is fed with them first goes on from there.
 *
 * Returns: how many there are; 0 for all other containers
 */
gsize ap_decoder_get_carry (ApDecoder *decoder, guint8 carry[AP_DECODER_MAX_CARRY]);

/* Not from the call back. */
void ap_decoder_free (ApDecoder *decoder);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (ApDecoder, ap_decoder_free)

/* For those who make one: a struct of theirs begins with an ApDecoder. */
typedef struct {
  gboolean (*feed) (ApDecoder *decoder, const guint8 *data, gsize length, GError **error);
  gboolean (*finish) (ApDecoder *decoder, GError **error);
  gsize (*get_carry) (ApDecoder *decoder, guint8 *carry); /* NULL: never any */
  void (*free) (ApDecoder *decoder);
} ApDecoderVtable;

struct _ApDecoder {
  const ApDecoderVtable *vtable;
};
