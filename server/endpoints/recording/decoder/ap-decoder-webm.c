/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The demuxer gives packets, and the decoder is chosen by their head. */
#include "endpoints/recording/decoder/ap-decoder-webm.h"

#include "endpoints/recording/decoder/ap-decoder-stage.h"
#include "endpoints/recording/decoder/ap-opus.h"
#include "media/ap-pipeline.h"

#include <gst/audio/audio.h>

struct _ApDecoderWebm {
  ApDecoderSpec spec;
  ApDecoderPcm pcm;
  gpointer owner;
  ApPipeline *demuxer;
  ApDecoderStage *stage; /* NULL: there was no head yet */
  guint pre_skip;
  guint64 samples; /* of the packets, with those that are left out at the beginning */
  gboolean ended;
  GError *error; /* the first that there was */
};

static gboolean
parse_head (ApOpusHead *head, const GstCaps *caps)
{
  const GValue *headers = gst_structure_get_value (gst_caps_get_structure (caps, 0), "streamheader");
  const GValue *first = headers != NULL && GST_VALUE_HOLDS_ARRAY (headers) && gst_value_array_get_size (headers) > 0
                            ? gst_value_array_get_value (headers, 0)
                            : NULL;
  GstMapInfo map;
  gboolean parsed;

  if (first == NULL || !GST_VALUE_HOLDS_BUFFER (first) ||
      !gst_buffer_map (gst_value_get_buffer (first), &map, GST_MAP_READ))
    return FALSE;
  parsed = ap_opus_head_parse (head, map.data, map.size);
  gst_buffer_unmap (gst_value_get_buffer (first), &map);
  return parsed;
}

static gboolean
begin (ApDecoderWebm *webm, const GstCaps *caps, GError **error)
{
  g_autoptr (GstCaps) stage_caps = NULL;
  ApOpusHead head = { 0 };

  if (webm->stage != NULL)
    return TRUE;
  if (!parse_head (&head, caps)) {
    g_set_error (error, AP_RECORDING_ERROR, AP_RECORDING_ERROR_UNDECODABLE,
                 "WebM that cannot be decoded: the head of its Opus is none");
    return FALSE;
  }
  stage_caps = ap_opus_head_to_caps (&head);
  webm->stage =
      ap_decoder_stage_new (ap_opus_head_to_elements (&head), stage_caps, &webm->spec, webm->pcm, webm->owner, error);
  if (webm->stage == NULL)
    return FALSE;
  webm->pre_skip = head.pre_skip;
  ap_decoder_stage_skip (webm->stage, head.pre_skip);
  return TRUE;
}

/* Of the last packet some samples may only fill it. */
static gboolean
decode (ApDecoderWebm *webm, const guint8 *packet, gsize length, guint64 excess, GError **error)
{
  guint samples = ap_opus_packet_samples (packet, length);

  if (samples == 0 || webm->stage == NULL)
    return TRUE;
  webm->samples += samples - MIN (excess, samples);
  ap_decoder_stage_limit (webm->stage, webm->samples - MIN (webm->samples, webm->pre_skip));
  return ap_decoder_stage_push (webm->stage, packet, length, error);
}

static void
on_caps (gpointer owner, GstCaps *caps)
{
  ApDecoderWebm *webm = owner;

  if (!begin (webm, caps, &webm->error))
    ap_pipeline_stop (webm->demuxer);
}

static void
on_frame (gpointer owner, guint64 session_id, GstBuffer *buffer)
{
  ApDecoderWebm *webm = owner;
  const GstAudioClippingMeta *clipping = gst_buffer_get_audio_clipping_meta (buffer);
  GstMapInfo map;

  if (!gst_buffer_map (buffer, &map, GST_MAP_READ))
    return;
  if (!decode (webm, map.data, map.size, clipping != NULL ? clipping->end : 0, &webm->error))
    ap_pipeline_stop (webm->demuxer);
  gst_buffer_unmap (buffer, &map);
}

static void
on_nothing (gpointer owner)
{
}

static void
on_ended (gpointer owner, const GError *error)
{
  ApDecoderWebm *webm = owner;

  webm->ended = TRUE;
  if (error != NULL && webm->error == NULL)
    webm->error = g_error_new (AP_RECORDING_ERROR, AP_RECORDING_ERROR_UNDECODABLE, "WebM that cannot be decoded: %s",
                               error->message);
}

ApDecoderWebm *
ap_decoder_webm_new (const ApDecoderSpec *spec, ApDecoderPcm pcm, gpointer owner, GError **error)
{
  static const ApPipelineCallbacks callbacks = { on_frame, on_nothing, on_nothing, on_ended, on_caps };
  /* The filter is what the demuxer's output, which comes later, is to be linked to. */
  const ApPipelineSpec demuxer = { "matroskademux ! capsfilter caps=audio/x-opus", NULL, AP_PIPELINE_MODE_DIRECT,
                                   NULL };
  g_autoptr (ApDecoderWebm) webm = g_new0 (ApDecoderWebm, 1);

  webm->spec = *spec;
  webm->pcm = pcm;
  webm->owner = owner;
  webm->demuxer = ap_pipeline_new (&demuxer, &callbacks, webm, error);
  return webm->demuxer != NULL ? g_steal_pointer (&webm) : NULL;
}

void
ap_decoder_webm_free (ApDecoderWebm *webm)
{
  if (webm->demuxer != NULL)
    ap_pipeline_stop (webm->demuxer);
  g_clear_object (&webm->demuxer);
  g_clear_pointer (&webm->stage, ap_decoder_stage_free);
  g_clear_error (&webm->error);
  g_free (webm);
}

static gboolean
tell (ApDecoderWebm *webm, GError **error)
{
  if (webm->error == NULL)
    return TRUE;
  g_propagate_error (error, g_error_copy (webm->error));
  return FALSE;
}

gboolean
ap_decoder_webm_push (ApDecoderWebm *webm, const guint8 *data, gsize length, GError **error)
{
  if (!webm->ended)
    ap_pipeline_push (webm->demuxer, 0, data, length);
  return tell (webm, error);
}

gboolean
ap_decoder_webm_end (ApDecoderWebm *webm, GError **error)
{
  if (!webm->ended)
    ap_pipeline_end (webm->demuxer);
  return tell (webm, error) && (webm->stage == NULL || ap_decoder_stage_end (webm->stage, error));
}

guint64
ap_decoder_webm_get_made (const ApDecoderWebm *webm)
{
  return webm->stage != NULL ? ap_decoder_stage_get_made (webm->stage) : 0;
}
