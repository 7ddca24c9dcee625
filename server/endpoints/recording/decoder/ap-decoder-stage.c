/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "endpoints/recording/decoder/ap-decoder-stage.h"

#include "endpoints/recording/decoder/ap-container.h"
#include "media/ap-pipeline.h"

struct _ApDecoderStage {
  ApPipeline *pipeline;
  ApContainer container;
  ApDecoderPcm pcm;
  gpointer owner;
  guint64 made;
  gboolean ended;
  GError *error; /* the first that there was */
};

static void
on_frame (gpointer owner, guint64 session_id, GstBuffer *buffer)
{
  ApDecoderStage *stage = owner;
  GstMapInfo map;

  if (!gst_buffer_map (buffer, &map, GST_MAP_READ))
    return;
  stage->made += map.size;
  if (map.size > 0 && !stage->pcm (stage->owner, map.data, map.size, &stage->error))
    ap_pipeline_stop (stage->pipeline);
  gst_buffer_unmap (buffer, &map);
}

static void
on_nothing (gpointer owner)
{
}

static void
on_ended (gpointer owner, const GError *error)
{
  ApDecoderStage *stage = owner;

  stage->ended = TRUE;
  if (error != NULL && stage->error == NULL)
    stage->error = g_error_new (AP_RECORDING_ERROR, AP_RECORDING_ERROR_UNDECODABLE, "%s that cannot be decoded: %s",
                                ap_container_name (stage->container), error->message);
}

/* Rates and channels of what was decoded are bounded before they are converted: a block of samples that claims to be of
 * 1 Hz would become hours. No dithering, which is random. */
static char *
describe (const char *elements, guint rate)
{
  g_autofree char *rates = rate > 0 ? g_strdup_printf ("%u", rate) : g_strdup ("[4000,768000]");

  return g_strdup_printf ("%s%scapsfilter caps=\"audio/x-raw,rate=%s,channels=[1,8]\""
                          " ! audioconvert dithering=none ! audioresample",
                          elements != NULL ? elements : "", elements != NULL ? " ! " : "", rates);
}

static GstCaps *
out_caps_new (const ApDecoderSpec *spec)
{
  return gst_caps_new_simple ("audio/x-raw", "format", G_TYPE_STRING, "S16LE", "layout", G_TYPE_STRING, "interleaved",
                              "rate", G_TYPE_INT, (gint)spec->sample_rate, "channels", G_TYPE_INT, (gint)spec->channels,
                              NULL);
}

ApDecoderStage *
ap_decoder_stage_new (const char *elements, GstCaps *caps, guint rate, const ApDecoderSpec *spec, ApDecoderPcm pcm,
                      gpointer owner, GError **error)
{
  static const ApPipelineCallbacks callbacks = { on_frame, on_nothing, on_nothing, on_ended };
  g_autofree char *description = describe (elements, rate);
  g_autoptr (GstCaps) out_caps = out_caps_new (spec);
  ApPipelineSpec pipeline_spec = { description, caps, AP_PIPELINE_MODE_DIRECT, out_caps };
  g_autoptr (ApDecoderStage) stage = g_new0 (ApDecoderStage, 1);

  stage->container = spec->container;
  stage->pcm = pcm;
  stage->owner = owner;
  stage->pipeline = ap_pipeline_new (&pipeline_spec, &callbacks, stage, error);
  return stage->pipeline != NULL ? g_steal_pointer (&stage) : NULL;
}

void
ap_decoder_stage_free (ApDecoderStage *stage)
{
  if (stage->pipeline != NULL)
    ap_pipeline_stop (stage->pipeline);
  g_clear_object (&stage->pipeline);
  g_clear_error (&stage->error);
  g_free (stage);
}

static gboolean
tell (ApDecoderStage *stage, GError **error)
{
  if (stage->error == NULL)
    return TRUE;
  g_propagate_error (error, g_error_copy (stage->error));
  return FALSE;
}

gboolean
ap_decoder_stage_push (ApDecoderStage *stage, const guint8 *data, gsize length, GError **error)
{
  if (!stage->ended)
    ap_pipeline_push (stage->pipeline, 0, data, length);
  return tell (stage, error);
}

gboolean
ap_decoder_stage_push_buffer (ApDecoderStage *stage, GstBuffer *buffer, GError **error)
{
  if (!stage->ended)
    ap_pipeline_push_buffer (stage->pipeline, buffer);
  else
    gst_buffer_unref (buffer);
  return tell (stage, error);
}

gboolean
ap_decoder_stage_end (ApDecoderStage *stage, GError **error)
{
  if (!stage->ended)
    ap_pipeline_end (stage->pipeline);
  return tell (stage, error);
}

guint64
ap_decoder_stage_get_made (ApDecoderStage *stage)
{
  return stage->made;
}
