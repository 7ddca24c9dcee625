/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* What is in Ogg: which codec it is, what of its packets is audio, and what of the audio is to be heard. */
#include "endpoints/recording/decoder/ap-decoder-ogg.h"

#include "base/ap-error.h"
#include "endpoints/recording/decoder/ap-decoder-stage.h"
#include "endpoints/recording/decoder/ap-ogg-reader.h"
#include "endpoints/recording/decoder/ap-opus.h"

#include <string.h>

#define MAX_PACKETS 255 /* on a page */
/* Links with audio: so many, and one more for so many bytes of packets, which are 20 ms or more. */
#define FREE_LINKS 1024
#define LINK_BYTES 160

/* A codec in Ogg. RFC 7845 (Opus); RFC 9639, section 10.1 (FLAC); Vorbis I specification, section 4.2 and appendix A.
 */
typedef struct {
  const char *word; /* that the first packet begins with */
  gsize word_length;
  gboolean (*begin) (ApDecoderOgg *ogg, const guint8 *data, gsize length);
  /* Whether it is a header, which is kept if the decoder needs it. */
  gboolean (*take_header) (ApDecoderOgg *ogg, const ApOggPacket *packet);
  gboolean (*open) (ApDecoderOgg *ogg, GError **error);
  /* The packets are those of audio. */
  gboolean (*decode) (ApDecoderOgg *ogg, const ApOggPage *page, GError **error);
} Codec;

struct _ApDecoderOgg {
  ApDecoderSpec spec;
  ApDecoderPcm pcm;
  gpointer owner;
  ApOggReader *reader;
  guint64 made;         /* bytes */
  guint64 links, heard; /* with audio; bytes of packets */

  /* Of the link that is read. */
  const Codec *codec; /* NULL: none yet */
  ApDecoderStage *stage;
  gboolean begun; /* its stage is still to be made, and that of the link before to be ended */
  ApOpusHead opus;
  GByteArray *head; /* what FLAC and Vorbis need of theirs */
  guint64 samples;  /* of Opus, with those that are left out at the beginning */
  gboolean audible; /* there is more in it than what is left out: without that, decoders complain at the end */
  gint64 granule;   /* of the page before; -1: there was none */
  guint64 frames;   /* that have come out */
  guint64 most;     /* that may */
};

static gboolean
on_pcm (gpointer owner, const guint8 *data, gsize length, GError **error)
{
  ApDecoderOgg *ogg = owner;
  gsize frame = ogg->spec.channels * sizeof (gint16);
  gsize frames = (gsize)MIN (length / frame, ogg->most - ogg->frames);

  ogg->frames += frames;
  ogg->made += frames * frame;
  return frames == 0 || ogg->pcm (ogg->owner, data, frames * frame, error);
}

static gboolean
open_stage (ApDecoderOgg *ogg, const char *elements, GstCaps *caps, GError **error)
{
  ogg->stage = ap_decoder_stage_new (elements, caps, &ogg->spec, on_pcm, ogg, error);
  return ogg->stage != NULL;
}

static gboolean
decode_all (ApDecoderOgg *ogg, const ApOggPage *page, GError **error)
{
  for (guint i = 0; i < page->n_packets; i++)
    if (!ap_decoder_stage_push (ogg->stage, page->packets[i].data, page->packets[i].length, error))
      return FALSE;
  return TRUE;
}

/* ---- Opus ---- */

static gboolean
opus_begin (ApDecoderOgg *ogg, const guint8 *data, gsize length)
{
  return ap_opus_head_parse (&ogg->opus, data, length);
}

static gboolean
opus_take_header (ApDecoderOgg *ogg, const ApOggPacket *packet)
{
  return packet->length >= 8 && memcmp (packet->data, "OpusTags", 8) == 0;
}

static gboolean
opus_open (ApDecoderOgg *ogg, GError **error)
{
  g_autoptr (GstCaps) caps = ap_opus_head_to_caps (&ogg->opus);

  ogg->samples = 0;
  if (!open_stage (ogg, ap_opus_head_to_elements (&ogg->opus), caps, error))
    return FALSE;
  ap_decoder_stage_skip (ogg->stage, ogg->opus.pre_skip);
  return TRUE;
}

/* Samples at the end of a stream that only fill its last packets: those beyond the granule position of its last page.
 * One that is less than that of the page before is not believed. */
static guint
opus_excess (const ApDecoderOgg *ogg, const ApOggPage *page, guint samples)
{
  gint64 start = MAX (ogg->granule, 0);

  if (!page->last || page->granule < start || page->granule - start >= samples)
    return 0;
  return samples - (guint)(page->granule - start);
}

static gboolean
opus_decode (ApDecoderOgg *ogg, const ApOggPage *page, GError **error)
{
  guint samples = 0;

  for (guint i = 0; i < page->n_packets; i++)
    samples += ap_opus_packet_samples (page->packets[i].data, page->packets[i].length);
  ogg->samples += samples - opus_excess (ogg, page, samples);
  ogg->audible |= ogg->samples > ogg->opus.pre_skip;
  ap_decoder_stage_limit (ogg->stage, ogg->samples - MIN (ogg->samples, ogg->opus.pre_skip));
  for (guint i = 0; i < page->n_packets; i++)
    if (ap_opus_packet_samples (page->packets[i].data, page->packets[i].length) > 0 &&
        !ap_decoder_stage_push (ogg->stage, page->packets[i].data, page->packets[i].length, error))
      return FALSE;
  return TRUE;
}

/* ---- FLAC: without its Ogg it is what it is elsewhere ---- */

enum {
  FLAC_VERSION = 5,
  FLAC_WORD = 9, /* and, behind it, the header and the body of STREAMINFO */
  FLAC_BLOCK = 13,
  FLAC_LENGTH = 51,
};

static gboolean
flac_begin (ApDecoderOgg *ogg, const guint8 *data, gsize length)
{
  if (length < FLAC_LENGTH || data[FLAC_VERSION] != 1 || memcmp (data + FLAC_WORD, "fLaC", 4) != 0 ||
      (data[FLAC_BLOCK] & 0x7f) != 0 || memcmp (data + FLAC_BLOCK + 1, "\0\0\x22", 3) != 0)
    return FALSE;
  g_byte_array_append (ogg->head, data + FLAC_WORD, FLAC_LENGTH - FLAC_WORD);
  ogg->head->data[FLAC_BLOCK - FLAC_WORD] |= 0x80; /* to the decoder it is the only one */
  return TRUE;
}

/* A frame begins with fourteen ones, which no block of metadata does. */
static gboolean
flac_take_header (ApDecoderOgg *ogg, const ApOggPacket *packet)
{
  return packet->data[0] != 0xff;
}

static gboolean
flac_open (ApDecoderOgg *ogg, GError **error)
{
  ogg->audible = TRUE;
  return open_stage (ogg, "flacparse ! flacdec", NULL, error) &&
         ap_decoder_stage_push (ogg->stage, ogg->head->data, ogg->head->len, error);
}

/* ---- Vorbis ---- */

enum {
  VORBIS_CHANNELS = 11,
  VORBIS_RATE = 12,
  VORBIS_LENGTH = 30, /* of the first header; behind it in `head` is the third */
};

static gboolean
vorbis_begin (ApDecoderOgg *ogg, const guint8 *data, gsize length)
{
  if (length != VORBIS_LENGTH || data[VORBIS_CHANNELS] < 1 || data[VORBIS_CHANNELS] > 8)
    return FALSE;
  g_byte_array_append (ogg->head, data, VORBIS_LENGTH);
  return TRUE;
}

/* Headers have odd numbers; the second has comments. */
static gboolean
vorbis_take_header (ApDecoderOgg *ogg, const ApOggPacket *packet)
{
  if (packet->data[0] == 5 && ogg->head->len == VORBIS_LENGTH && !packet->cut)
    g_byte_array_append (ogg->head, packet->data, (guint)packet->length);
  return packet->data[0] % 2 == 1;
}

static gboolean
vorbis_open (ApDecoderOgg *ogg, GError **error)
{
  static const guint8 no_comments[16] = "\3vorbis\0\0\0\0\0\0\0\0\1";
  g_autoptr (GstCaps) caps = gst_caps_new_empty_simple ("audio/x-vorbis");
  const guint8 *head = ogg->head->data;

  return open_stage (ogg, "vorbisdec", caps, error) && ap_decoder_stage_push (ogg->stage, head, VORBIS_LENGTH, error) &&
         ap_decoder_stage_push (ogg->stage, no_comments, sizeof no_comments, error) &&
         ap_decoder_stage_push (ogg->stage, head + VORBIS_LENGTH, ogg->head->len - VORBIS_LENGTH, error);
}

/* How long a packet is only the decoder knows: what is beyond the end is cut from what comes out. */
static gboolean
vorbis_decode (ApDecoderOgg *ogg, const ApOggPage *page, GError **error)
{
  guint32 rate;

  memcpy (&rate, ogg->head->data + VORBIS_RATE, sizeof rate);
  rate = GUINT32_FROM_LE (rate);
  ogg->audible |= ogg->granule >= 0 || page->n_packets > 1; /* of the first packet nothing comes out */
  if (page->last && page->granule >= MAX (ogg->granule, 0) && rate > 0 && rate < G_MAXINT)
    ogg->most = MAX (ogg->frames,
                     gst_util_uint64_scale_int_round ((guint64)page->granule, (gint)ogg->spec.sample_rate, (gint)rate));
  return decode_all (ogg, page, error);
}

/* ---- all of them ---- */

static const Codec codecs[] = {
  { "OpusHead", 8, opus_begin, opus_take_header, opus_open, opus_decode },
  { "\x7f"
    "FLAC",
    5, flac_begin, flac_take_header, flac_open, decode_all },
  { "\1vorbis\0\0\0\0", 11, vorbis_begin, vorbis_take_header, vorbis_open, vorbis_decode },
};

static gboolean
on_begin (gpointer owner, const guint8 *data, gsize length)
{
  ApDecoderOgg *ogg = owner;

  for (gsize i = 0; i < G_N_ELEMENTS (codecs); i++) {
    if (length < codecs[i].word_length || memcmp (data, codecs[i].word, codecs[i].word_length) != 0)
      continue;
    g_byte_array_set_size (ogg->head, 0);
    ogg->codec = &codecs[i];
    ogg->begun = ogg->codec->begin (ogg, data, length);
    return ogg->begun;
  }
  return FALSE;
}

static gboolean
end_stage (ApDecoderOgg *ogg, GError **error)
{
  g_autoptr (ApDecoderStage) stage = g_steal_pointer (&ogg->stage);

  return stage == NULL || !ogg->audible || ap_decoder_stage_end (stage, error);
}

static gboolean
refuse_small_links (ApDecoderOgg *ogg, GError **error)
{
  if (ogg->links++ < FREE_LINKS + ogg->heard / LINK_BYTES)
    return FALSE;
  g_set_error_literal (error, AP_RECORDING_ERROR, AP_RECORDING_ERROR_UNDECODABLE,
                       "Ogg that cannot be decoded: too many links with next to no audio in them");
  return TRUE;
}

static gboolean
open_link (ApDecoderOgg *ogg, GError **error)
{
  if (!end_stage (ogg, error) || refuse_small_links (ogg, error))
    return FALSE;
  ogg->begun = FALSE;
  ogg->granule = -1;
  ogg->frames = 0;
  ogg->most = G_MAXUINT64;
  ogg->audible = FALSE;
  return ogg->codec->open (ogg, error);
}

static gboolean
is_audio (ApDecoderOgg *ogg, const ApOggPacket *packet)
{
  return packet->length > 0 && !ogg->codec->take_header (ogg, packet) && !packet->cut;
}

/* Links of a chain may be short: elements are made for those with audio, and only for so many. */
static gboolean
on_page (gpointer owner, const ApOggPage *page, GError **error)
{
  ApDecoderOgg *ogg = owner;
  ApOggPacket packets[MAX_PACKETS];
  ApOggPage audio = { page->granule, page->last, packets, 0 };

  for (guint i = 0; i < page->n_packets; i++)
    if (is_audio (ogg, &page->packets[i])) {
      packets[audio.n_packets++] = page->packets[i];
      ogg->heard += page->packets[i].length;
    }
  if (audio.n_packets == 0)
    return TRUE;
  if (ogg->begun && !open_link (ogg, error))
    return FALSE;
  if (!ogg->codec->decode (ogg, &audio, error))
    return FALSE;
  ogg->granule = MAX (page->granule, ogg->granule);
  return TRUE;
}

gboolean
ap_decoder_ogg_push (ApDecoderOgg *ogg, const guint8 *data, gsize length, GError **error)
{
  return ap_ogg_reader_feed (ogg->reader, data, length, error);
}

gboolean
ap_decoder_ogg_end (ApDecoderOgg *ogg, GError **error)
{
  return end_stage (ogg, error);
}

gboolean
ap_decoder_ogg_is_in_head (const ApDecoderOgg *ogg)
{
  return ogg->codec == NULL || ogg->begun;
}

guint64
ap_decoder_ogg_get_made (const ApDecoderOgg *ogg)
{
  return ogg->made;
}

/* So that what is missing is known before there is audio, and what is there is loaded before files are out of reach. */
static gboolean
load_elements (GError **error)
{
  static const char *const names[] = { "avdec_opus", "opusdec", "flacparse", "flacdec", "vorbisdec" };

  for (gsize i = 0; i < G_N_ELEMENTS (names); i++) {
    g_autoptr (GstElementFactory) factory = gst_element_factory_find (names[i]);
    g_autoptr (GstPluginFeature) feature =
        factory != NULL ? gst_plugin_feature_load (GST_PLUGIN_FEATURE (factory)) : NULL;

    if (feature != NULL || i > 0)
      continue;
    g_set_error (error, AP_ERROR, AP_ERROR_CONFIG, "there is no element %s", names[i]);
    return FALSE;
  }
  return TRUE;
}

ApDecoderOgg *
ap_decoder_ogg_new (const ApDecoderSpec *spec, ApDecoderPcm pcm, gpointer owner, GError **error)
{
  static const ApOggCallbacks callbacks = { on_begin, on_page };
  ApDecoderOgg *ogg;

  if (!load_elements (error))
    return NULL;
  ogg = g_new0 (ApDecoderOgg, 1);
  ogg->spec = *spec;
  ogg->pcm = pcm;
  ogg->owner = owner;
  ogg->reader = ap_ogg_reader_new (&callbacks, ogg);
  ogg->head = g_byte_array_new ();
  return ogg;
}

void
ap_decoder_ogg_free (ApDecoderOgg *ogg)
{
  g_clear_pointer (&ogg->stage, ap_decoder_stage_free);
  ap_ogg_reader_free (ogg->reader);
  g_byte_array_unref (ogg->head);
  g_free (ogg);
}
