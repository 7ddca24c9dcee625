/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* One chain of elements for each container, and what bounds it. */
#include "endpoints/recording/decoder/ap-decoder-chain.h"

#include "endpoints/recording/decoder/ap-adts-reader.h"
#include "endpoints/recording/decoder/ap-container.h"
#include "endpoints/recording/decoder/ap-decoder-ogg.h"
#include "endpoints/recording/decoder/ap-decoder-stage.h"
#include "endpoints/recording/decoder/ap-decoder-wav.h"
#include "endpoints/recording/decoder/ap-decoder-webm.h"
#include "endpoints/recording/decoder/ap-mp4-duration.h"
#include "endpoints/recording/decoder/ap-stream-head.h"

#include <string.h>

#define KIB 1024
#define MIB (1024 * KIB)

/* Bytes that go into the elements at once. */
#define SLICE (16 * KIB)

/* How much may go into the elements without a sample coming out: before the first, and later. This is what tells
 * garbage, which parsers skip in silence, and it bounds what they gather. A frame of MP3 or ADTS has at most 8 KiB. The
 * parser of FLAC waits for the next frame; two of 16384 samples of 24 bits in two channels have 192 KiB. A page of Ogg
 * has 64 KiB, and a picture of a video may stand between the blocks of WebM; before the first sample come comments,
 * which may hold a picture. An MP4 may have its index behind all audio, and is kept till then; qtdemux does so for
 * 10 MB.
 *
 * The parser of FLAC reads a frame from its beginning with each piece that comes: very small ones are gathered. */
typedef struct {
  const char *elements; /* NULL: ApDecoderOgg's or ApDecoderWebm's */
  gsize first, later;
  gsize least; /* bytes that go into the elements at once, but for the last */
} Chain;

static const Chain chains[] = {
  [AP_CONTAINER_MP3] = { "mpegaudioparse ! mpg123audiodec", 64 * KIB, 64 * KIB },
  [AP_CONTAINER_FLAC] = { "flacparse ! flacdec", 192 * KIB, 192 * KIB, 1 * KIB },
  [AP_CONTAINER_ADTS] = { "avdec_aac", 64 * KIB, 64 * KIB },
  [AP_CONTAINER_MP4] = { "qtdemux ! aacparse ! avdec_aac", 16 * MIB, 4 * MIB },
  [AP_CONTAINER_OGG] = { NULL, 16 * MIB, 128 * KIB },
  [AP_CONTAINER_WEBM] = { NULL, 16 * MIB, 128 * KIB },
};

typedef struct {
  ApDecoder decoder;
  ApContainer container;
  ApStreamHead head;
  GByteArray *gathered; /* not in the elements yet */
  ApMp4Duration duration;
  ApDecoderStage *stage;
  ApDecoderOgg *ogg;   /* instead of a stage; or NULL */
  ApDecoderWebm *webm; /* the same */
  ApAdtsReader *adts;  /* before the stage; or NULL */
  gsize barren;        /* bytes since the last sample, without those of heads behind it */
  gsize heads;         /* and those */
  guint64 counted;     /* bytes of samples by then */
} ChainDecoder;

static guint64
get_made (const ChainDecoder *chain)
{
  if (chain->ogg != NULL)
    return ap_decoder_ogg_get_made (chain->ogg);
  return chain->webm != NULL ? ap_decoder_webm_get_made (chain->webm) : ap_decoder_stage_get_made (chain->stage);
}

/* Each link of a chain may have such comments as the first. */
static gboolean
is_barren (ChainDecoder *chain, gsize length)
{
  const Chain *bounds = &chains[chain->container];
  guint64 made = get_made (chain);
  gboolean in_head = chain->ogg != NULL && ap_decoder_ogg_is_in_head (chain->ogg);

  if (made != chain->counted)
    chain->barren = chain->heads = 0;
  else if (in_head)
    chain->heads += length;
  else
    chain->barren += length;
  chain->counted = made;
  return chain->barren > (made == 0 ? bounds->first : bounds->later) || chain->heads > bounds->first;
}

static gboolean
push_mp4 (ChainDecoder *chain, const guint8 *data, gsize length, GError **error)
{
  guint8 slice[SLICE];

  memcpy (slice, data, length);
  ap_mp4_duration_remove (&chain->duration, slice, length);
  return ap_decoder_stage_push (chain->stage, slice, length, error);
}

static gboolean
push_slice (ChainDecoder *chain, const guint8 *data, gsize length, GError **error)
{
  if (chain->container == AP_CONTAINER_MP4)
    return push_mp4 (chain, data, length, error);
  if (chain->ogg != NULL)
    return ap_decoder_ogg_push (chain->ogg, data, length, error);
  if (chain->webm != NULL)
    return ap_decoder_webm_push (chain->webm, data, length, error);
  return chain->adts != NULL ? ap_adts_reader_feed (chain->adts, data, length, error)
                             : ap_decoder_stage_push (chain->stage, data, length, error);
}

static gboolean
push (ChainDecoder *chain, const guint8 *data, gsize length, GError **error)
{
  for (gsize at = 0; at < length; at += SLICE) {
    gsize slice = MIN (SLICE, length - at);

    if (!push_slice (chain, data + at, slice, error))
      return FALSE;
    if (is_barren (chain, slice)) {
      g_set_error (error, AP_RECORDING_ERROR, AP_RECORDING_ERROR_UNDECODABLE,
                   "%s that cannot be decoded: there was no sample in %" G_GSIZE_FORMAT " bytes",
                   ap_container_name (chain->container), chain->barren + chain->heads);
      return FALSE;
    }
  }
  return TRUE;
}

/* Takes what is not audio from the beginning. */
static gboolean
take_head (ChainDecoder *chain, const guint8 **data, gsize *length, GError **error)
{
  gsize taken;

  if (ap_stream_head_is_over (&chain->head))
    return TRUE;
  if (!ap_stream_head_take (&chain->head, *data, *length, chain->gathered, &taken, error))
    return FALSE;
  *data += taken;
  *length -= taken;
  return TRUE;
}

static gboolean
push_gathered (ChainDecoder *chain, GError **error)
{
  gboolean pushed = push (chain, chain->gathered->data, chain->gathered->len, error);

  g_byte_array_set_size (chain->gathered, 0);
  return pushed;
}

static gboolean
chain_feed (ApDecoder *decoder, const guint8 *data, gsize length, GError **error)
{
  ChainDecoder *chain = (ChainDecoder *)decoder;

  if (!take_head (chain, &data, &length, error))
    return FALSE;
  if (chain->gathered->len + length < chains[chain->container].least) {
    g_byte_array_append (chain->gathered, data, (guint)length);
    return TRUE;
  }
  return push_gathered (chain, error) && push (chain, data, length, error);
}

static gboolean
chain_finish (ApDecoder *decoder, GError **error)
{
  ChainDecoder *chain = (ChainDecoder *)decoder;

  if (!push_gathered (chain, error))
    return FALSE;
  if (chain->ogg != NULL)
    return ap_decoder_ogg_end (chain->ogg, error);
  if (chain->webm != NULL)
    return ap_decoder_webm_end (chain->webm, error);
  if (chain->adts != NULL && !ap_adts_reader_end (chain->adts, error))
    return FALSE;
  return ap_decoder_stage_end (chain->stage, error);
}

static void
chain_free (ApDecoder *decoder)
{
  ChainDecoder *chain = (ChainDecoder *)decoder;

  g_clear_pointer (&chain->stage, ap_decoder_stage_free);
  g_clear_pointer (&chain->ogg, ap_decoder_ogg_free);
  g_clear_pointer (&chain->webm, ap_decoder_webm_free);
  g_clear_pointer (&chain->adts, ap_adts_reader_free);
  g_byte_array_unref (chain->gathered);
  g_free (chain);
}

static gboolean
on_adts (gpointer owner, const guint8 *frame, gsize length, GError **error)
{
  return ap_decoder_stage_push (((ChainDecoder *)owner)->stage, frame, length, error);
}

static gboolean
make_stage (ChainDecoder *chain, const ApDecoderSpec *spec, ApDecoderPcm pcm, gpointer owner, GError **error)
{
  g_autoptr (GstCaps) caps = NULL;

  if (spec->container == AP_CONTAINER_OGG) {
    chain->ogg = ap_decoder_ogg_new (spec, pcm, owner, error);
    return chain->ogg != NULL;
  }
  if (spec->container == AP_CONTAINER_WEBM) {
    chain->webm = ap_decoder_webm_new (spec, pcm, owner, error);
    return chain->webm != NULL;
  }
  if (spec->container == AP_CONTAINER_ADTS) {
    chain->adts = ap_adts_reader_new (on_adts, chain);
    caps = gst_caps_from_string ("audio/mpeg,mpegversion=4,stream-format=adts,framed=true");
  }
  chain->stage = ap_decoder_stage_new (chains[spec->container].elements, caps, spec, pcm, owner, error);
  return chain->stage != NULL;
}

ApDecoder *
ap_decoder_chain_new (const ApDecoderSpec *spec, ApDecoderPcm pcm, gpointer owner, GError **error)
{
  static const ApDecoderVtable vtable = { chain_feed, chain_finish, NULL, chain_free };
  ChainDecoder *chain;

  if (spec->container == AP_CONTAINER_PCM || spec->container == AP_CONTAINER_WAV)
    return ap_decoder_wav_new (spec, pcm, owner);
  chain = g_new0 (ChainDecoder, 1);
  chain->decoder.vtable = &vtable;
  chain->container = spec->container;
  chain->gathered = g_byte_array_new ();
  ap_stream_head_init (&chain->head, spec->container);
  if (make_stage (chain, spec, pcm, owner, error))
    return &chain->decoder;
  chain_free (&chain->decoder);
  return NULL;
}
