/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "media/ap-audio-format.h"
#include "media/ap-pipeline.h"

/* What the two ways to run a pipeline share; private to ap-pipeline*.c. */
typedef struct _ApPipelineEnds ApPipelineEnds;

typedef struct {
  void (*push) (ApPipelineEnds *ends, GstBuffer *buffer); /* transfer full */
  void (*submit) (ApPipelineEnds *ends);
  gboolean (*is_full) (ApPipelineEnds *ends);
  void (*end) (ApPipelineEnds *ends);
  void (*free) (ApPipelineEnds *ends);
  GstElement *(*get_element) (ApPipelineEnds *ends); /* transfer none: what runs the audio, for its graph */
} ApPipelineEndsVtable;

struct _ApPipelineEnds {
  const ApPipelineEndsVtable *vtable;
};

/* What came out, on the worker. */
typedef struct {
  void (*frame) (ApPipeline *pipeline, GstBuffer *buffer);
  void (*batch_end) (ApPipeline *pipeline);
  void (*room) (ApPipeline *pipeline);
  void (*ended) (ApPipeline *pipeline, const GError *error);
  void (*caps) (ApPipeline *pipeline, GstCaps *caps); /* direct only */
} ApPipelineSink;

/* @bin: (nullable): the elements, in which ap_pipeline_find_pad() finds a pad each way. All three start the elements.
 */
ApPipelineEnds *ap_pipeline_direct_new (ApPipeline *pipeline, const ApPipelineSink *sink, GstElement *bin,
                                        const ApPipelineSpec *spec, GError **error);
ApPipelineEnds *ap_pipeline_queued_new (ApPipeline *pipeline, const ApPipelineSink *sink, GstElement *bin,
                                        const ApPipelineSpec *spec, GError **error);

/* Without elements. NULL where GStreamer gave its source a thread all the same. */
ApPipelineEnds *ap_pipeline_stepped_new (ApPipeline *pipeline, const ApPipelineSink *sink, GstCaps *caps);

/* Returns: (transfer full) (nullable): where audio goes into @elements (a sink pad), or comes out (a source pad) */
GstPad *ap_pipeline_find_pad (GstElement *elements, GstPadDirection direction);

/* TRUE when no element of @bin has a thread of its own or waits. */
gboolean ap_pipeline_direct_allows (GstElement *bin);

/* Sets the elements to NULL on another thread and drops the reference: an element that stalls holds up nobody. */
void ap_pipeline_take_down (GstElement *element);

/* A bus that only has a synchronous handler, and so needs no descriptors. */
GstBus *ap_pipeline_bus_new (GstBusSyncHandler handler, gpointer data, GDestroyNotify free_data);

/* TRUE after ap_pipeline_stop(): the ends are gone. */
gboolean ap_pipeline_is_stopped (ApPipeline *pipeline);

/* GStreamer's own words, in our domain. */
GError *ap_pipeline_error_from_message (GstMessage *message);

/* NULL once it is stopped. */
ApPipelineEnds *ap_pipeline_get_ends (ApPipeline *pipeline);
