/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "endpoints/recording/decoder/ap-decoder-stage.h"

#include "endpoints/recording/decoder/ap-container.h"
#include "endpoints/recording/decoder/ap-sample-converter.h"
#include "media/ap-pipeline.h"

struct _ApDecoderStage {
  ApPipeline *pipeline; /* NULL: what goes in is samples */
  ApSampleConverter *converter;
  ApContainer container;
  gboolean ended;
  GError *error; /* the first that there was */
};

static void
on_caps (gpointer owner, GstCaps *caps)
{
  ApDecoderStage *stage = owner;

  if (!ap_sample_converter_set_caps (stage->converter, caps, &stage->error))
    ap_pipeline_stop (stage->pipeline);
}

static void
on_frame (gpointer owner, guint64 session_id, GstBuffer *buffer)
{
  ApDecoderStage *stage = owner;

  if (!ap_sample_converter_push (stage->converter, buffer, &stage->error))
    ap_pipeline_stop (stage->pipeline);
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
 * 1 Hz would become hours. What needs no conversion is liked best. */
static GstCaps *
samples_caps (void)
{
  return gst_caps_from_string ("audio/x-raw,format=S16LE,layout=interleaved,rate=[4000,768000],channels=[1,8];"
                               "audio/x-raw,rate=[4000,768000],channels=[1,8]");
}

static gboolean
make_pipeline (ApDecoderStage *stage, const char *elements, GstCaps *caps, GError **error)
{
  static const ApPipelineCallbacks callbacks = { on_frame, on_nothing, on_nothing, on_ended, on_caps };
  g_autoptr (GstCaps) out_caps = samples_caps ();
  ApPipelineSpec spec = { elements, caps, AP_PIPELINE_MODE_DIRECT, out_caps };

  stage->pipeline = ap_pipeline_new (&spec, &callbacks, stage, error);
  return stage->pipeline != NULL;
}

static gboolean
take_samples_of (ApDecoderStage *stage, GstCaps *caps, GError **error)
{
  g_autoptr (GstCaps) bounds = samples_caps ();

  if (gst_caps_is_subset (caps, bounds))
    return ap_sample_converter_set_caps (stage->converter, caps, error);
  g_set_error (error, AP_RECORDING_ERROR, AP_RECORDING_ERROR_UNDECODABLE, "%s of a rate that nobody uses",
               ap_container_name (stage->container));
  return FALSE;
}

ApDecoderStage *
ap_decoder_stage_new (const char *elements, GstCaps *caps, const ApDecoderSpec *spec, ApDecoderPcm pcm, gpointer owner,
                      GError **error)
{
  g_autoptr (ApDecoderStage) stage = g_new0 (ApDecoderStage, 1);
  gboolean made;

  stage->container = spec->container;
  stage->converter = ap_sample_converter_new (spec, pcm, owner);
  made = elements != NULL ? make_pipeline (stage, elements, caps, error) : take_samples_of (stage, caps, error);
  return made ? g_steal_pointer (&stage) : NULL;
}

void
ap_decoder_stage_free (ApDecoderStage *stage)
{
  if (stage->pipeline != NULL)
    ap_pipeline_stop (stage->pipeline);
  g_clear_object (&stage->pipeline);
  ap_sample_converter_free (stage->converter);
  g_clear_error (&stage->error);
  g_free (stage);
}

void
ap_decoder_stage_skip (ApDecoderStage *stage, guint64 frames)
{
  ap_sample_converter_skip (stage->converter, frames);
}

void
ap_decoder_stage_limit (ApDecoderStage *stage, guint64 frames)
{
  ap_sample_converter_limit (stage->converter, frames);
}

static gboolean
tell (ApDecoderStage *stage, GError **error)
{
  if (stage->error == NULL)
    return TRUE;
  g_propagate_error (error, g_error_copy (stage->error));
  return FALSE;
}

static gboolean
convert (ApDecoderStage *stage, const guint8 *data, gsize length, GError **error)
{
  g_autoptr (GstBuffer) buffer =
      gst_buffer_new_wrapped_full (GST_MEMORY_FLAG_READONLY, (gpointer)data, length, 0, length, NULL, NULL);

  return ap_sample_converter_push (stage->converter, buffer, error);
}

gboolean
ap_decoder_stage_push (ApDecoderStage *stage, const guint8 *data, gsize length, GError **error)
{
  if (stage->pipeline == NULL)
    return convert (stage, data, length, error);
  if (!stage->ended)
    ap_pipeline_push (stage->pipeline, 0, data, length);
  return tell (stage, error);
}

gboolean
ap_decoder_stage_end (ApDecoderStage *stage, GError **error)
{
  if (stage->pipeline != NULL && !stage->ended)
    ap_pipeline_end (stage->pipeline);
  return tell (stage, error) && ap_sample_converter_end (stage->converter, error);
}

guint64
ap_decoder_stage_get_made (ApDecoderStage *stage)
{
  return ap_sample_converter_get_made (stage->converter);
}
