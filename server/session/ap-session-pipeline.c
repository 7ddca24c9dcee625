/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A session and its pipeline: what goes in, what comes out, and what the sessions of a worker share. */
#define G_LOG_DOMAIN "session"

#include "base/ap-limits.h"
#include "base/ap-log.h"
#include "base/ap-metrics.h"
#include "session/ap-session-private.h"

static void
overflow (ApSession *session)
{
  ap_metrics_count_failure (AP_FAILURE_OUTPUT_OVERFLOW);
  ap_session_abort (session, "its pipeline makes more than the peer reads");
}

static void
flush (ApSession *session)
{
  ap_connection_flush (session->connection);
  if (ap_connection_get_queued_bytes (session->connection) > AP_OUTPUT_HARD_LIMIT + session->host->max_frame_bytes)
    overflow (session);
  if (session->closing && session->shares_pipeline)
    ap_session_close_when_drained (session);
  ap_session_update_reading (session);
}

static void
flush_last (ApSessionHost *host)
{
  g_autoptr (ApSession) session = g_steal_pointer (&host->to_flush);

  if (session != NULL)
    flush (session);
}

/* The frames of a session come in a row. When those of another begin, its own are sent: the sooner the better, and
 * their memory is still in the processor's cache. */
void
ap_session_flush_later (ApSession *session)
{
  ApSessionHost *host = session->host;

  if (host->to_flush == session)
    return;
  flush_last (host);
  host->to_flush = g_object_ref (session);
}

static void
on_batch_end (gpointer owner)
{
  flush_last (owner);
}

static gsize
cost_of_frame (gsize length)
{
  return length + AP_FRAME_OVERHEAD;
}

static void
on_shared_frame (gpointer owner, guint64 session_id, GstBuffer *buffer)
{
  ApSessionHost *host = owner;
  ApSession *session = ap_session_registry_lookup (host->registry, session_id);

  if (session == NULL) /* it has left meanwhile */
    return;
  session->bytes_in_pipeline -= cost_of_frame (gst_buffer_get_size (buffer));
  session->frames_in_pipeline--;
  session->endpoint->frame (session, buffer);
  ap_session_flush_later (session);
}

static void
on_own_frame (gpointer owner, guint64 session_id, GstBuffer *buffer)
{
  ApSession *session = owner;

  session->endpoint->frame (session, buffer);
  ap_session_flush_later (session);
}

static void
on_own_batch_end (gpointer owner)
{
  on_batch_end (((ApSession *)owner)->host);
}

static void
on_nothing (gpointer owner)
{
}

static void
on_own_room (gpointer owner)
{
  ap_session_update_reading (owner);
}

static void
on_own_ended (gpointer owner, const GError *error)
{
  ApSession *session = owner;

  if (error != NULL)
    ap_session_note_failure (session, AP_FAILURE_PIPELINE, error->message);
  session->pipeline_ended |= !session->closing;
  if (!session->closing)
    ap_session_begin_close (session, error != NULL ? 1011 : 1000,
                            error != NULL ? "the pipeline failed" : "the pipeline has ended");
  ap_session_close_when_drained (session);
}

static void
fail_session (ApSession *session, gpointer data)
{
  if (!session->shares_pipeline)
    return;
  session->bytes_in_pipeline = 0;
  session->pipeline_ended |= !session->closing;
  ap_session_close (session, 1011, "the pipeline failed");
  ap_session_close_when_drained (session); /* if it was closing already */
}

static void
on_shared_ended (gpointer owner, const GError *error)
{
  ApSessionHost *host = owner;
  g_autoptr (GError) failure = NULL;

  ap_metrics_count_failure (AP_FAILURE_PIPELINE);
  ap_error ("the passthrough pipeline failed: %s", error != NULL ? error->message : "end of stream");
  ap_session_registry_foreach (host->registry, fail_session, NULL);
  g_clear_object (&host->passthrough);
  if (!ap_session_host_start_passthrough (host, &failure))
    g_error ("cannot start another: %s", failure->message);
}

gboolean
ap_session_host_start_passthrough (ApSessionHost *host, GError **error)
{
  static const ApPipelineCallbacks callbacks = { on_shared_frame, on_batch_end, on_nothing, on_shared_ended };
  const ApPipelineSpec spec = { .elements = NULL, .mode = AP_PIPELINE_MODE_AUTO };

  host->passthrough = ap_pipeline_new (&spec, &callbacks, host, error);
  return host->passthrough != NULL;
}

void
ap_session_host_init (ApSessionHost *host)
{
  host->stall_seconds = AP_PIPELINE_STALL_SECONDS;
  host->output_stall_seconds = AP_OUTPUT_STALL_SECONDS;
  host->registry = ap_session_registry_new ();
  host->to_submit = g_ptr_array_new_with_free_func (g_object_unref);
}

void
ap_session_host_clear (ApSessionHost *host)
{
  g_clear_object (&host->passthrough);
  g_ptr_array_unref (host->to_submit);
  g_clear_object (&host->to_flush);
  ap_session_registry_free (host->registry);
}

typedef struct {
  ApPipelineVisitor func;
  gpointer data;
} PipelineVisit;

static void
visit_pipeline (ApSession *session, gpointer data)
{
  const PipelineVisit *visit = data;

  if (!session->shares_pipeline && session->pipeline != NULL)
    visit->func (session->pipeline, session->id, visit->data);
}

void
ap_session_host_foreach_pipeline (ApSessionHost *host, ApPipelineVisitor func, gpointer data)
{
  PipelineVisit visit = { func, data };

  if (host->passthrough != NULL)
    func (host->passthrough, 0, data);
  ap_session_registry_foreach (host->registry, visit_pipeline, &visit);
}

void
ap_session_host_end_round (ApSessionHost *host)
{
  /* What a submit brings may push again, into the same pipeline too. */
  while (host->to_submit->len > 0) {
    g_autoptr (ApPipeline) pipeline = g_ptr_array_steal_index (host->to_submit, 0);

    ap_pipeline_submit (pipeline);
  }
  on_batch_end (host);
}

static const ApPipelineCallbacks own_callbacks = { on_own_frame, on_own_batch_end, on_own_room, on_own_ended };

gboolean
ap_session_take_pipeline (ApSession *session, GError **error)
{
  ApSessionHost *host = session->host;

  if (host->pipeline_spec->elements != NULL)
    return ap_session_set_pipeline (session, host->pipeline_spec, error);
  session->shares_pipeline = TRUE;
  session->pipeline = g_object_ref (host->passthrough);
  return TRUE;
}

gboolean
ap_session_set_pipeline (ApSession *session, const ApPipelineSpec *spec, GError **error)
{
  g_autoptr (ApPipeline) pipeline = ap_pipeline_new (spec, &own_callbacks, session, error);

  g_return_val_if_fail (!session->shares_pipeline, FALSE);
  if (pipeline == NULL)
    return FALSE;
  if (session->pipeline != NULL)
    ap_pipeline_stop (session->pipeline);
  g_set_object (&session->pipeline, pipeline);
  return TRUE;
}

/* The frames of one pipeline come in a row, so looking at the last entry keeps the list short. */
static void
submit_later (ApSessionHost *host, ApPipeline *pipeline)
{
  GPtrArray *list = host->to_submit;

  if (list->len == 0 || g_ptr_array_index (list, list->len - 1) != pipeline)
    g_ptr_array_add (list, g_object_ref (pipeline));
}

gboolean
ap_session_push (ApSession *session, const guint8 *data, gsize length)
{
  ApSessionHost *host = session->host;

  if (session->closing || session->pipeline == NULL)
    return FALSE;
  if (session->shares_pipeline) {
    session->bytes_in_pipeline += cost_of_frame (length);
    session->frames_in_pipeline++;
  }
  submit_later (host, session->pipeline);
  ap_pipeline_push (session->pipeline, session->id, data, length);
  ap_session_update_reading (session);
  return !session->closing;
}
