/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The element mulawenc_demo: 16-bit PCM in, G.711 mu-law out. */

/**
 * SECTION:element-mulawenc_demo
 * @title: mulawenc_demo
 * @short_description: encodes 16-bit PCM to G.711 mu-law
 * @see_also: mulawdec_demo, mulawenc
 *
 * Encodes linear audio to mu-law, one byte for each sample. Buffers may be split anywhere, also within a sample.
 *
 * ## Example launch line
 * |[
 * gst-launch-1.0 audiotestsrc num-buffers=100 ! audioconvert ! mulawenc_demo ! wavenc ! filesink location=tone.wav
 * ]| A tone, as a WAV file with mu-law inside.
 *
 * Since: 0.1
 */
#include "config.h"

#include "gstmulawencdemo.h"

#include "gstmulawcarry.h"
#include "gstmulawtierule.h"
#include "mulaw-kernel.h"

#include <gst/audio/audio.h>

GST_DEBUG_CATEGORY_STATIC (mulawenc_demo_debug);
#define GST_CAT_DEFAULT mulawenc_demo_debug

enum {
  PROP_TIE_RULE = 1,
  PROP_SUPPRESS_ALL_ZERO,
};

struct _GstMulawEncDemo {
  GstAudioEncoder parent;

  gint tie_rule;          /* a MulawTieRule; atomic */
  gint suppress_all_zero; /* atomic */

  GstPadChainFunction base_chain;
  GstMulawCarry carry;
};

/* clang-format off */
static GstStaticPadTemplate sink_template = GST_STATIC_PAD_TEMPLATE ("sink", GST_PAD_SINK, GST_PAD_ALWAYS,
    GST_STATIC_CAPS ("audio/x-raw, format = " GST_AUDIO_NE (S16) ", layout = interleaved, "
                     "rate = [ 1, MAX ], channels = [ 1, MAX ]"));
static GstStaticPadTemplate src_template = GST_STATIC_PAD_TEMPLATE ("src", GST_PAD_SRC, GST_PAD_ALWAYS,
    GST_STATIC_CAPS ("audio/x-mulaw, rate = [ 1, MAX ], channels = [ 1, MAX ]"));
/* clang-format on */

G_DEFINE_FINAL_TYPE (GstMulawEncDemo, gst_mulaw_enc_demo, GST_TYPE_AUDIO_ENCODER)
GST_ELEMENT_REGISTER_DEFINE (mulawenc_demo, "mulawenc_demo", GST_RANK_NONE, GST_TYPE_MULAW_ENC_DEMO)

static gboolean
gst_mulaw_enc_demo_stop (GstAudioEncoder *encoder)
{
  gst_mulaw_carry_clear (&GST_MULAW_ENC_DEMO (encoder)->carry);
  return TRUE;
}

static void
merge_tags (GstAudioEncoder *encoder, const GstAudioInfo *info)
{
  guint64 bits = G_GUINT64_CONSTANT (8) * info->rate * info->channels;
  guint bitrate = (guint)MIN (bits, G_MAXUINT);
  g_autoptr (GstTagList) tags =
      gst_tag_list_new (GST_TAG_AUDIO_CODEC, "Mu-Law", GST_TAG_BITRATE, bitrate, GST_TAG_MINIMUM_BITRATE, bitrate,
                        GST_TAG_MAXIMUM_BITRATE, bitrate, NULL);

  gst_audio_encoder_merge_tags (encoder, tags, GST_TAG_MERGE_REPLACE);
}

static gboolean
gst_mulaw_enc_demo_set_format (GstAudioEncoder *encoder, GstAudioInfo *info)
{
  g_autoptr (GstCaps) caps = gst_caps_new_simple ("audio/x-mulaw", "rate", G_TYPE_INT, info->rate, "channels",
                                                  G_TYPE_INT, info->channels, NULL);
  guint64 mask;

  /* mono and stereo go without saying */
  if (info->channels > 2 && !GST_AUDIO_INFO_IS_UNPOSITIONED (info) &&
      gst_audio_channel_positions_to_mask (info->position, info->channels, FALSE, &mask))
    gst_caps_set_simple (caps, "channel-mask", GST_TYPE_BITMASK, mask, NULL);
  merge_tags (encoder, info);
  return gst_audio_encoder_set_output_format (encoder, caps);
}

/* The base class takes the format up with the next buffer only; the carry needs it before. */
static void
take_caps (GstMulawEncDemo *self, GstEvent *event)
{
  GstAudioInfo info;
  GstCaps *caps;

  gst_event_parse_caps (event, &caps);
  if (gst_audio_info_from_caps (&info, caps))
    gst_mulaw_carry_set_format (&self->carry, sizeof (gint16) * (guint64)info.channels, info.rate);
}

static gboolean
gst_mulaw_enc_demo_sink_event (GstAudioEncoder *encoder, GstEvent *event)
{
  GstMulawEncDemo *self = GST_MULAW_ENC_DEMO (encoder);

  gst_mulaw_carry_event (&self->carry, GST_ELEMENT (self), event);
  if (GST_EVENT_TYPE (event) == GST_EVENT_CAPS)
    take_caps (self, event);
  if (GST_EVENT_TYPE (event) == GST_EVENT_SEGMENT)
    event = gst_mulaw_carry_segment_in_time (&self->carry, event); /* the base class knows only TIME */
  return GST_AUDIO_ENCODER_CLASS (gst_mulaw_enc_demo_parent_class)->sink_event (encoder, event);
}

static GstFlowReturn
gst_mulaw_enc_demo_chain (GstPad *pad, GstObject *parent, GstBuffer *buffer)
{
  GstMulawEncDemo *self = GST_MULAW_ENC_DEMO (parent);

  buffer = gst_mulaw_carry_join (&self->carry, buffer);
  return buffer ? self->base_chain (pad, parent, buffer) : GST_FLOW_OK;
}

/* NULL if memory cannot be mapped. */
static GstBuffer *
encode_buffer (GstMulawEncDemo *self, GstBuffer *input)
{
  g_autoptr (GstBuffer) output = NULL;
  g_auto (GstBufferMapInfo) in = GST_MAP_INFO_INIT, out = GST_MAP_INFO_INIT;

  if (!gst_buffer_map (input, &in, GST_MAP_READ))
    return NULL;
  output = gst_audio_encoder_allocate_output_buffer (GST_AUDIO_ENCODER (self), in.size / sizeof (gint16));
  if (!output || !gst_buffer_map (output, &out, GST_MAP_WRITE))
    return NULL;
  pcm16_to_mulaw (out.data, in.data, in.size / sizeof (gint16), (MulawTieRule)g_atomic_int_get (&self->tie_rule),
                  g_atomic_int_get (&self->suppress_all_zero));
  return g_steal_pointer (&output);
}

static GstFlowReturn
gst_mulaw_enc_demo_handle_frame (GstAudioEncoder *encoder, GstBuffer *input)
{
  GstBuffer *output;

  if (!input)
    return GST_FLOW_OK; /* asked for what is held back, which is nothing */
  output = encode_buffer (GST_MULAW_ENC_DEMO (encoder), input);
  if (!output) {
    GST_ELEMENT_ERROR (encoder, STREAM, ENCODE, (NULL), ("A buffer could not be mapped."));
    return GST_FLOW_ERROR;
  }
  return gst_audio_encoder_finish_frame (encoder, output, -1);
}

static void
gst_mulaw_enc_demo_set_property (GObject *object, guint id, const GValue *value, GParamSpec *pspec)
{
  GstMulawEncDemo *self = GST_MULAW_ENC_DEMO (object);

  if (id == PROP_TIE_RULE)
    g_atomic_int_set (&self->tie_rule, g_value_get_enum (value));
  else if (id == PROP_SUPPRESS_ALL_ZERO)
    g_atomic_int_set (&self->suppress_all_zero, g_value_get_boolean (value));
  else
    G_OBJECT_WARN_INVALID_PROPERTY_ID (object, id, pspec);
}

static void
gst_mulaw_enc_demo_get_property (GObject *object, guint id, GValue *value, GParamSpec *pspec)
{
  GstMulawEncDemo *self = GST_MULAW_ENC_DEMO (object);

  if (id == PROP_TIE_RULE)
    g_value_set_enum (value, g_atomic_int_get (&self->tie_rule));
  else if (id == PROP_SUPPRESS_ALL_ZERO)
    g_value_set_boolean (value, g_atomic_int_get (&self->suppress_all_zero));
  else
    G_OBJECT_WARN_INVALID_PROPERTY_ID (object, id, pspec);
}

static void
install_properties (GObjectClass *object_class)
{
  const GParamFlags flags = G_PARAM_READWRITE | G_PARAM_STATIC_STRINGS | GST_PARAM_MUTABLE_PLAYING;

  /**
   * GstMulawEncDemo:tie-rule:
   *
   * Which code the 127 negative samples get that lie exactly between two codes. "itu" passes the vectors of ITU-T
   * G.191; "sign-magnitude" gives the bytes of mulawenc. On speech some 1 to 5 % of the bytes differ, by one step.
   *
   * Since: 0.1
   */
  g_object_class_install_property (object_class, PROP_TIE_RULE,
                                   g_param_spec_enum ("tie-rule", "Tie rule",
                                                      "Code of negative samples that lie exactly between two codes",
                                                      GST_TYPE_MULAW_DEMO_TIE_RULE, MULAW_TIES_ITU, flags));
  /**
   * GstMulawEncDemo:suppress-all-zero:
   *
   * Send 0x02 in place of the code 0x00 (the loudest negative samples), for lines that need a one bit in every byte.
   *
   * Since: 0.1
   */
  g_object_class_install_property (
      object_class, PROP_SUPPRESS_ALL_ZERO,
      g_param_spec_boolean ("suppress-all-zero", "Suppress all-zero", "Replace the code 0x00 by 0x02", FALSE, flags));
  gst_type_mark_as_plugin_api (GST_TYPE_MULAW_DEMO_TIE_RULE, 0);
}

static void
gst_mulaw_enc_demo_class_init (GstMulawEncDemoClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);
  GstElementClass *element_class = GST_ELEMENT_CLASS (klass);
  GstAudioEncoderClass *encoder_class = GST_AUDIO_ENCODER_CLASS (klass);

  GST_DEBUG_CATEGORY_INIT (mulawenc_demo_debug, "mulawenc_demo", 0, "G.711 mu-law encoder");
  object_class->set_property = gst_mulaw_enc_demo_set_property;
  object_class->get_property = gst_mulaw_enc_demo_get_property;
  install_properties (object_class);

  gst_element_class_add_static_pad_template (element_class, &sink_template);
  gst_element_class_add_static_pad_template (element_class, &src_template);
  gst_element_class_set_static_metadata (element_class, "Mu-law audio encoder (demo)", "Codec/Encoder/Audio",
                                         "Encodes 16-bit PCM audio to 8-bit G.711 mu-law.",
                                         "The audio-pipeline authors <authors@audio-pipeline.invalid>");
  gst_element_class_add_static_metadata (element_class, GST_ELEMENT_METADATA_DOC_URI,
                                         GST_PACKAGE_ORIGIN "docs/g711.md");

  encoder_class->stop = gst_mulaw_enc_demo_stop;
  encoder_class->set_format = gst_mulaw_enc_demo_set_format;
  encoder_class->sink_event = gst_mulaw_enc_demo_sink_event;
  encoder_class->handle_frame = gst_mulaw_enc_demo_handle_frame;
}

static void
gst_mulaw_enc_demo_init (GstMulawEncDemo *self)
{
  GstPad *sink = GST_AUDIO_ENCODER_SINK_PAD (self);

  GST_PAD_SET_ACCEPT_TEMPLATE (sink);
  /* in front of the base class, which refuses buffers that are not whole samples */
  self->base_chain = GST_PAD_CHAINFUNC (sink);
  gst_pad_set_chain_function (sink, gst_mulaw_enc_demo_chain);
}
