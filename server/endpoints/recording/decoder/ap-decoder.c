/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* What all decoders are to those who use them. */
#include "endpoints/recording/decoder/ap-decoder.h"

gboolean
ap_decoder_feed (ApDecoder *decoder, const guint8 *data, gsize length, GError **error)
{
  return decoder->vtable->feed (decoder, data, length, error);
}

gboolean
ap_decoder_finish (ApDecoder *decoder, GError **error)
{
  return decoder->vtable->finish (decoder, error);
}

gsize
ap_decoder_get_carry (ApDecoder *decoder, guint8 carry[AP_DECODER_MAX_CARRY])
{
  return decoder->vtable->get_carry != NULL ? decoder->vtable->get_carry (decoder, carry) : 0;
}

void
ap_decoder_free (ApDecoder *decoder)
{
  if (decoder != NULL)
    decoder->vtable->free (decoder);
}
