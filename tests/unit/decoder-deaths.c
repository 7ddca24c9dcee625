/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The linker takes these functions before the server's. */
#include "decoder-deaths.h"

#include "endpoints/recording/decoder/ap-decoder.h"

#define CALLS_BETWEEN 100

static GRand *chance;
static guint calls; /* since the last death */

void
decoder_deaths_begin (GRand *of)
{
  chance = of;
  calls = CALLS_BETWEEN;
}

static gboolean
dies (GError **error)
{
  if (chance == NULL || calls++ < CALLS_BETWEEN || g_rand_int_range (chance, 0, 20) > 0)
    return FALSE;
  calls = 0;
  g_set_error_literal (error, AP_RECORDING_ERROR, AP_RECORDING_ERROR_DECODER_DIED, "killed by the test");
  return TRUE;
}

gboolean
ap_decoder_feed (ApDecoder *decoder, const guint8 *data, gsize length, GError **error)
{
  if (!dies (error))
    return decoder->vtable->feed (decoder, data, length, error);
  decoder->vtable->feed (decoder, data, length / 2, NULL);
  return FALSE;
}

gboolean
ap_decoder_finish (ApDecoder *decoder, GError **error)
{
  if (!dies (error))
    return decoder->vtable->finish (decoder, error);
  decoder->vtable->finish (decoder, NULL);
  return FALSE;
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
