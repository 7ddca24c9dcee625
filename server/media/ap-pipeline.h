/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <gst/gst.h>

/* GStreamer elements between our two ends. Knows no protocol. On the worker's thread, with all its call backs; a direct
 * one may be used by several threads in turn.
 *
 * Without elements it is `appsrc ! appsink`, through which the worker itself passes what a round of the event loop
 * brought, as one buffer list. With elements it runs queued, `appsrc ! elements ! appsink` with a streaming thread; or
 * direct, at half the cost: the worker pushes into the elements and receives from them in one call. Direct is only for
 * elements that neither have threads of their own nor wait. */
#define AP_TYPE_PIPELINE (ap_pipeline_get_type ())
G_DECLARE_FINAL_TYPE (ApPipeline, ap_pipeline, AP, PIPELINE, GObject)

typedef enum {
  AP_PIPELINE_MODE_AUTO, /* without a thread where there are no elements, or all allow it */
  AP_PIPELINE_MODE_DIRECT,
  AP_PIPELINE_MODE_QUEUED,
} ApPipelineMode;

typedef struct {
  const char *elements; /* as gst-launch-1.0 takes them; NULL: none, what goes in comes out */
  GstCaps *caps; /* of what goes in, fixed; NULL: a stream of bytes of no declared kind, for a parser or demuxer */
  ApPipelineMode mode;
  GstCaps *out_caps; /* of what comes out of the elements, fixed if they are queued; NULL: as they like */
} ApPipelineSpec;

typedef struct {
  /* One buffer came out. @session_id is that of the input it was made from, if the elements keep it; else 0. */
  void (*frame) (gpointer owner, guint64 session_id, GstBuffer *buffer);
  /* No more frames for now. Queued only: elsewhere frames come during a push, or a submit. */
  void (*batch_end) (gpointer owner);
  /* A pipeline that was full takes input again. */
  void (*room) (gpointer owner);
  /* Called once, and last: after ap_pipeline_end() and the last frame (@error is NULL), or after a failure. */
  void (*ended) (gpointer owner, const GError *error);
  /* NULL, or: what the frames are from now on. Direct only. */
  void (*caps) (gpointer owner, GstCaps *caps);
} ApPipelineCallbacks;

/**
 * ap_pipeline_new:
 * @owner: passed to @callbacks
 *
 * Builds and starts it; results on the thread-default context. Errors: AP_ERROR_CONFIG with GStreamer's reason.
 */
ApPipeline *ap_pipeline_new (const ApPipelineSpec *spec, const ApPipelineCallbacks *callbacks, gpointer owner,
                             GError **error);

/**
 * ap_pipeline_check:
 *
 * Builds it, sends 20 ms of silence through and takes it down. Fails where a session's would fail from the start.
 */
gboolean ap_pipeline_check (const ApPipelineSpec *spec, GError **error);

/**
 * ap_pipeline_convert:
 *
 * Returns: (transfer full): @spec's elements between converters, for elements that want other caps than @spec's; what
 * comes out has @spec's caps again
 */
char *ap_pipeline_convert (const ApPipelineSpec *spec);

/* One buffer of @length bytes, copied; with elements and raw audio, of the whole samples in it, and the rest goes with
 * the next. A pipeline that is not direct holds it until ap_pipeline_submit(). */
void ap_pipeline_push (ApPipeline *pipeline, guint64 session_id, const guint8 *data, gsize length);
void ap_pipeline_push_buffer (ApPipeline *pipeline, GstBuffer *buffer); /* (transfer full), with elements: as it is */
void ap_pipeline_submit (ApPipeline *pipeline);

gboolean ap_pipeline_is_full (ApPipeline *pipeline); /* TRUE: push no more until `room` */

/* No more input; `ended` follows when all has come out. */
void ap_pipeline_end (ApPipeline *pipeline);
/* Also from a call back. No other one comes, what is in it or pushed later is dropped. Waits for no element. */
void ap_pipeline_stop (ApPipeline *pipeline);

/* Waits for the stopped pipelines of the whole process to be gone, for at most @timeout_us. */
void ap_pipeline_await_stopped (gint64 timeout_us);
