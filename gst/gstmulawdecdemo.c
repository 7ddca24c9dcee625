/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The element mulawdec_demo: G.711 mu-law in, 16-bit PCM out. */

/**
 * SECTION:element-mulawdec_demo
 * @title: mulawdec_demo
 * @short_description: decodes G.711 mu-law to 16-bit PCM
 * @see_also: mulawenc_demo, mulawdec
 *
 * Decodes mu-law to linear audio. G.711 leaves a decoder no choice, so there is nothing to set. Buffers may be split
 * anywhere, also between the channels of a sample.
 *
 * ## Example launch line
 * |[
 * gst-launch-1.0 filesrc location=tone.wav ! wavparse ! mulawdec_demo ! audioconvert ! autoaudiosink
 * ]| Plays a WAV file with mu-law inside.
 *
 * Since: 0.1
 */
#include "config.h"

#include "gstmulawdecdemo.h"

#include "gstmulawcarry.h"
#include "mulaw-kernel.h"

#include <gst/audio/audio.h>

GST_DEBUG_CATEGORY_STATIC (mulawdec_demo_debug);
#define GST_CAT_DEFAULT mulawdec_demo_debug

struct _GstMulawDecDemo {
  GstAudioDecoder parent;

  GstPadChainFunction base_chain;
  GstMulawCarry carry;
};

/* clang-format off */
static GstStaticPadTemplate sink_template = GST_STATIC_PAD_TEMPLATE ("sink", GST_PAD_SINK, GST_PAD_ALWAYS,
    GST_STATIC_CAPS ("audio/x-mulaw, rate = [ 1, MAX ], channels = [ 1, MAX ]"));
static GstStaticPadTemplate src_template = GST_STATIC_PAD_TEMPLATE ("src", GST_PAD_SRC, GST_PAD_ALWAYS,
    GST_STATIC_CAPS ("audio/x-raw, format = " GST_AUDIO_NE (S16) ", layout = interleaved, "
                     "rate = [ 1, MAX ], channels = [ 1, MAX ]"));
/* clang-format on */

G_DEFINE_FINAL_TYPE (GstMulawDecDemo, gst_mulaw_dec_demo, GST_TYPE_AUDIO_DECODER)
GST_ELEMENT_REGISTER_DEFINE (mulawdec_demo, "mulawdec_demo", GST_RANK_NONE, GST_TYPE_MULAW_DEC_DEMO)

static gboolean
gst_mulaw_dec_demo_start (GstAudioDecoder *decoder)
{
  /* lets the base class answer for duration and seeks where upstream knows bytes only */
  gst_audio_decoder_set_estimate_rate (decoder, TRUE);
  return TRUE;
}

static gboolean
gst_mulaw_dec_demo_stop (GstAudioDecoder *decoder)
{
  gst_mulaw_carry_clear (&GST_MULAW_DEC_DEMO (decoder)->carry);
  return TRUE;
}

/* What the container says goes before what we say. */
static void
merge_tags (GstAudioDecoder *decoder, gint rate, gint channels)
{
  guint64 bits = G_GUINT64_CONSTANT (8) * rate * channels;
  g_autoptr (GstTagList) tags =
      gst_tag_list_new (GST_TAG_AUDIO_CODEC, "Mu-Law", GST_TAG_BITRATE, (guint)MIN (bits, G_MAXUINT), NULL);

  gst_audio_decoder_merge_tags (decoder, tags, GST_TAG_MERGE_KEEP);
}

static gboolean
gst_mulaw_dec_demo_set_format (GstAudioDecoder *decoder, GstCaps *caps)
{
  const GstStructure *structure = gst_caps_get_structure (caps, 0);
  GstAudioChannelPosition positions[64];
  gboolean positioned;
  guint64 mask = 0;
  GstAudioInfo info;
  gint rate, channels;

  if (!gst_structure_get (structure, "rate", G_TYPE_INT, &rate, "channels", G_TYPE_INT, &channels, NULL))
    return FALSE;
  gst_structure_get (structure, "channel-mask", GST_TYPE_BITMASK, &mask, NULL);
  positioned = channels > 2 && mask != 0 && gst_audio_channel_positions_from_mask (channels, mask, positions);
  gst_audio_info_set_format (&info, GST_AUDIO_FORMAT_S16, rate, channels, positioned ? positions : NULL);
  gst_mulaw_carry_set_format (&GST_MULAW_DEC_DEMO (decoder)->carry, channels, rate);
  merge_tags (decoder, rate, channels);
  return gst_audio_decoder_set_output_format (decoder, &info);
}

static gboolean
gst_mulaw_dec_demo_sink_event (GstAudioDecoder *decoder, GstEvent *event)
{
  gst_mulaw_carry_event (&GST_MULAW_DEC_DEMO (decoder)->carry, GST_ELEMENT (decoder), event);
  return GST_AUDIO_DECODER_CLASS (gst_mulaw_dec_demo_parent_class)->sink_event (decoder, event);
}

static GstFlowReturn
gst_mulaw_dec_demo_chain (GstPad *pad, GstObject *parent, GstBuffer *buffer)
{
  GstMulawDecDemo *self = GST_MULAW_DEC_DEMO (parent);

  buffer = gst_mulaw_carry_join (&self->carry, buffer);
  return buffer ? self->base_chain (pad, parent, buffer) : GST_FLOW_OK;
}

/* NULL if memory cannot be mapped. */
static GstBuffer *
decode_buffer (GstAudioDecoder *decoder, GstBuffer *input)
{
  g_autoptr (GstBuffer) output = NULL;
  g_auto (GstBufferMapInfo) in = GST_MAP_INFO_INIT, out = GST_MAP_INFO_INIT;

  if (!gst_buffer_map (input, &in, GST_MAP_READ))
    return NULL;
  output = gst_audio_decoder_allocate_output_buffer (decoder, in.size * sizeof (gint16));
  if (!output || !gst_buffer_map (output, &out, GST_MAP_WRITE))
    return NULL;
  mulaw_to_pcm16 (out.data, in.data, in.size);
  return g_steal_pointer (&output);
}

static GstFlowReturn
gst_mulaw_dec_demo_handle_frame (GstAudioDecoder *decoder, GstBuffer *input)
{
  GstBuffer *output;

  if (!input)
    return GST_FLOW_OK; /* asked for what is held back, which is nothing */
  output = decode_buffer (decoder, input);
  if (!output) {
    GST_ELEMENT_ERROR (decoder, STREAM, DECODE, (NULL), ("A buffer could not be mapped."));
    return GST_FLOW_ERROR;
  }
  return gst_audio_decoder_finish_frame (decoder, output, 1);
}

static void
gst_mulaw_dec_demo_class_init (GstMulawDecDemoClass *klass)
{
  GstElementClass *element_class = GST_ELEMENT_CLASS (klass);
  GstAudioDecoderClass *decoder_class = GST_AUDIO_DECODER_CLASS (klass);

  GST_DEBUG_CATEGORY_INIT (mulawdec_demo_debug, "mulawdec_demo", 0, "G.711 mu-law decoder");
  gst_element_class_add_static_pad_template (element_class, &sink_template);
  gst_element_class_add_static_pad_template (element_class, &src_template);
  gst_element_class_set_static_metadata (element_class, "Mu-law audio decoder (demo)", "Codec/Decoder/Audio",
                                         "Decodes 8-bit G.711 mu-law to 16-bit PCM audio.",
                                         "The audio-pipeline authors <authors@audio-pipeline.invalid>");
  gst_element_class_add_static_metadata (element_class, GST_ELEMENT_METADATA_DOC_URI,
                                         GST_PACKAGE_ORIGIN "docs/g711.md");

  decoder_class->start = gst_mulaw_dec_demo_start;
  decoder_class->stop = gst_mulaw_dec_demo_stop;
  decoder_class->set_format = gst_mulaw_dec_demo_set_format;
  decoder_class->sink_event = gst_mulaw_dec_demo_sink_event;
  decoder_class->handle_frame = gst_mulaw_dec_demo_handle_frame;
}

static void
gst_mulaw_dec_demo_init (GstMulawDecDemo *self)
{
  GstAudioDecoder *decoder = GST_AUDIO_DECODER (self);
  GstPad *sink = GST_AUDIO_DECODER_SINK_PAD (self);

  GST_PAD_SET_ACCEPT_TEMPLATE (sink);
  gst_audio_decoder_set_use_default_pad_acceptcaps (decoder, TRUE);
  gst_audio_decoder_set_needs_format (decoder, TRUE);
  /* in front of the base class: a buffer may end between two channels */
  self->base_chain = GST_PAD_CHAINFUNC (sink);
  gst_pad_set_chain_function (sink, gst_mulaw_dec_demo_chain);
}
