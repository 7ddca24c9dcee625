/* SPDX-License-Identifier: LGPL-2.1-or-later */
#define G_LOG_DOMAIN "session"

#include "session/ap-session.h"

#include "base/ap-limits.h"
#include "base/ap-log.h"
#include "base/ap-metrics.h"
#include "net/ap-connection.h"
#include "session/ap-session-tally.h"

#include <string.h>

struct _ApSession {
  GObject parent_instance;

  guint64 id; /* unique in the process */
  char *peer; /* its address */
  ApSessionHost *host;
  const ApEndpoint *endpoint;
  gpointer room;          /* its room's state */
  gpointer state;         /* the endpoint's */
  ApHttpRequest *request; /* the handshake's; NULL after @open */
  ApConnection *connection;
  ApPipeline *pipeline;
  gboolean shares_pipeline; /* with the other sessions of the worker */

  gsize bytes_in_pipeline;  /* of a shared pipeline, which gives back what it was given */
  guint frames_in_pipeline; /* likewise */
  ApSessionTally tally;
  GSource *stall_check; /* while it waits for its pipeline */
  guint64 frames_out_at_check;
  gboolean paused; /* the peer is not read from */

  gboolean closing; /* the close frame waits for what is in the pipeline */
  guint16 close_code;
  char *close_reason;
  gboolean pipeline_ended; /* the end is the pipeline's doing */
  char *failure;           /* what the log is told beside the reason; NULL: nothing */
};

G_DEFINE_FINAL_TYPE (ApSession, ap_session, G_TYPE_OBJECT)

/* An element that has stalled must not hold a session for ever, least of all one whose peer has gone: without reading,
 * the peer's end is not seen. */
static gboolean
on_stall_check (gpointer data)
{
  ApSession *session = data;

  if (!session->closing && !session->paused) {
    g_clear_pointer (&session->stall_check, g_source_unref);
    return G_SOURCE_REMOVE;
  }
  /* Output that the peer does not take is the connection's to watch. */
  if (session->tally.frames_out != session->frames_out_at_check ||
      ap_connection_get_queued_bytes (session->connection) > 0) {
    session->frames_out_at_check = session->tally.frames_out;
    return G_SOURCE_CONTINUE;
  }
  ap_metrics_count_failure (AP_FAILURE_PIPELINE_STALL);
  session->pipeline_ended = TRUE;
  ap_session_abort (session, "its pipeline has stalled");
  return G_SOURCE_REMOVE;
}

/* While the session is paused, or its end waits for what is in the pipeline. */
static void
watch_for_stall (ApSession *session)
{
  if (session->stall_check != NULL)
    return;
  session->frames_out_at_check = session->tally.frames_out;
  session->stall_check = g_timeout_source_new_seconds (session->host->stall_seconds);
  g_source_set_callback (session->stall_check, on_stall_check, session, NULL);
  g_source_attach (session->stall_check, g_main_context_get_thread_default ());
}

static void
end_stall_watch (ApSession *session)
{
  if (session->stall_check == NULL)
    return;
  g_source_destroy (session->stall_check);
  g_clear_pointer (&session->stall_check, g_source_unref);
}

/* Input pauses when the pipeline and the output queue together hold too much, and resumes at half of it. */
static void
update_reading (ApSession *session)
{
  gsize held = session->bytes_in_pipeline + ap_connection_get_queued_bytes (session->connection);
  gsize bound = session->paused ? AP_SESSION_HIGH_WATER / 2 : AP_SESSION_HIGH_WATER;
  gboolean paused;

  if (session->closing)
    return;
  paused = held > bound || ap_pipeline_is_full (session->pipeline);
  if (paused == session->paused)
    return;
  session->paused = paused;
  if (paused)
    watch_for_stall (session);
  ap_connection_set_reading (session->connection, !paused);
}

/* Sends the close frame once all that the pipeline owes has been sent. */
static void
close_when_drained (ApSession *session)
{
  if (session->bytes_in_pipeline > 0)
    return;
  ap_connection_close (session->connection, session->close_code, session->close_reason);
}

static void
begin_close (ApSession *session, guint16 code, const char *reason)
{
  session->closing = TRUE;
  session->close_code = code;
  session->close_reason = g_strdup (reason);
  ap_connection_end_reading (session->connection);
}

void
ap_session_close (ApSession *session, guint16 code, const char *reason)
{
  if (session->closing)
    return;
  begin_close (session, code, reason);
  if (!session->shares_pipeline || session->bytes_in_pipeline > 0)
    watch_for_stall (session);
  if (session->shares_pipeline)
    close_when_drained (session);
  else
    ap_pipeline_end (session->pipeline); /* goes on in on_own_ended() */
}

void
ap_session_abort (ApSession *session, const char *reason)
{
  ap_connection_abort (session->connection, reason);
}

/* From the connection. */

static void
on_text (gpointer owner, const char *data, gsize length)
{
  ApSession *session = owner;

  if (session->endpoint->text == NULL) {
    ap_session_close (session, 1003, "this endpoint takes binary messages only");
    return;
  }
  ap_session_tally_in (&session->tally, length);
  session->endpoint->text (session, data, length);
}

static void
on_binary (gpointer owner, const guint8 *data, gsize length)
{
  ApSession *session = owner;

  ap_session_tally_in (&session->tally, length);
  session->endpoint->binary (session, data, length);
}

static void
on_ending (gpointer owner, guint16 code, const char *reason)
{
  ap_session_close (owner, code, reason);
}

static void
on_output_changed (gpointer owner)
{
  update_reading (owner);
}

static gboolean
drop_reference (gpointer data)
{
  g_object_unref (data);
  return G_SOURCE_REMOVE;
}

static const char *
ended_by (ApSession *session)
{
  if (session->pipeline_ended)
    return "pipeline";
  return ap_connection_was_ended_by_peer (session->connection) ? "peer" : "server";
}

/* The one end of every session. The last reference goes a round later: callers further up may still hold the pointer.
 */
static void
on_closed (gpointer owner, guint16 code, const char *reason)
{
  ApSession *session = owner;
  g_autoptr (GSource) later = g_idle_source_new ();

  ap_session_tally_loss (&session->tally, 0, session->frames_in_pipeline);
  ap_session_tally_end (&session->tally, &(ApSessionEnd){ session->id, session->endpoint->path, session->peer, code,
                                                          reason, ended_by (session), session->failure });
  session->closing = TRUE;
  end_stall_watch (session);
  if (!session->shares_pipeline && session->pipeline != NULL)
    ap_pipeline_stop (session->pipeline);
  if (session->endpoint->close != NULL)
    session->endpoint->close (session);
  /* Not at the priority of an idle source, for which a busy worker has no time. */
  g_source_set_priority (later, G_PRIORITY_DEFAULT);
  g_source_set_callback (later, drop_reference, g_object_ref (session), NULL);
  g_source_attach (later, g_main_context_get_thread_default ());
  ap_session_registry_remove (session->host->registry, session->id);
}

static const ApConnectionCallbacks connection_callbacks = { on_text, on_binary, on_ending, on_output_changed,
                                                            on_closed };

/* From the pipeline. */

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
    close_when_drained (session);
  update_reading (session);
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
static void
flush_later (ApSession *session)
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
  flush_later (session);
}

static void
on_own_frame (gpointer owner, guint64 session_id, GstBuffer *buffer)
{
  ApSession *session = owner;

  session->endpoint->frame (session, buffer);
  flush_later (session);
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
  update_reading (owner);
}

static void
note_failure (ApSession *session, ApFailure failure, const char *text)
{
  ap_metrics_count_failure (failure);
  g_free (session->failure);
  session->failure = g_strdup (text);
}

static void
on_own_ended (gpointer owner, const GError *error)
{
  ApSession *session = owner;

  if (error != NULL)
    note_failure (session, AP_FAILURE_PIPELINE, error->message);
  session->pipeline_ended |= !session->closing;
  if (!session->closing)
    begin_close (session, error != NULL ? 1011 : 1000,
                 error != NULL ? "the pipeline failed" : "the pipeline has ended");
  close_when_drained (session);
}

static void
fail_session (ApSession *session, gpointer data)
{
  session->bytes_in_pipeline = 0;
  session->pipeline_ended |= !session->closing;
  ap_session_close (session, 1011, "the pipeline failed");
  close_when_drained (session); /* if it was closing already */
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

/* The beginning. */

static gboolean
take_pipeline (ApSession *session, GError **error)
{
  static const ApPipelineCallbacks callbacks = { on_own_frame, on_own_batch_end, on_own_room, on_own_ended };
  ApSessionHost *host = session->host;

  session->shares_pipeline = host->pipeline_spec->elements == NULL;
  if (session->shares_pipeline)
    session->pipeline = g_object_ref (host->passthrough);
  else
    session->pipeline = ap_pipeline_new (host->pipeline_spec, &callbacks, session, error);
  return session->pipeline != NULL;
}

void
ap_session_open (ApSessionHost *host, const ApEndpoint *endpoint, gpointer room, ApHttpRequest *request, int fd,
                 GBytes *early)
{
  static guint64 last_id; /* atomic; 0 is nobody's */
  g_autoptr (ApSession) session = g_object_new (AP_TYPE_SESSION, NULL);
  g_autoptr (GError) error = NULL;

  session->id = __atomic_add_fetch (&last_id, 1, __ATOMIC_RELAXED);
  session->peer = g_strdup (request != NULL ? ap_http_request_get_peer (request) : "-");
  session->host = host;
  session->endpoint = endpoint;
  session->room = room;
  session->request = request;
  ap_session_tally_begin (&session->tally, endpoint->path);
  session->connection = ap_connection_new (host->poller, fd, host->max_frame_bytes, &connection_callbacks, session);
  ap_session_registry_add (host->registry, session->id, session);
  ap_debug ("%s session=%" G_GUINT64_FORMAT " opened by %s", endpoint->path, session->id, session->peer);
  if (!take_pipeline (session, &error)) {
    note_failure (session, AP_FAILURE_PIPELINE_BUILD, error->message);
    session->pipeline_ended = TRUE;
    begin_close (session, 1011, "the pipeline cannot be built");
  }
  if (endpoint->open != NULL)
    session->state = endpoint->open (session);
  session->request = NULL;
  if (!ap_connection_start (session->connection, early)) {
    note_failure (session, AP_FAILURE_SOCKET, g_strerror (errno));
    ap_session_abort (session, "the system refused to watch the socket");
  } else if (session->pipeline == NULL) {
    close_when_drained (session);
  }
  ap_session_host_end_round (host); /* the early bytes came outside a round of the poller */
}

static void
ap_session_finalize (GObject *object)
{
  ApSession *session = AP_SESSION (object);

  g_clear_object (&session->pipeline);
  g_clear_object (&session->connection);
  g_free (session->close_reason);
  g_free (session->failure);
  g_free (session->peer);
  G_OBJECT_CLASS (ap_session_parent_class)->finalize (object);
}

static void
ap_session_class_init (ApSessionClass *klass)
{
  G_OBJECT_CLASS (klass)->finalize = ap_session_finalize;
}

static void
ap_session_init (ApSession *session)
{
}

/* For endpoints. */

guint64
ap_session_get_id (ApSession *session)
{
  return session->id;
}

ApSessionHost *
ap_session_get_host (ApSession *session)
{
  return session->host;
}

gpointer
ap_session_get_room (ApSession *session)
{
  return session->room;
}

ApHttpRequest *
ap_session_get_request (ApSession *session)
{
  return session->request;
}

gpointer
ap_session_get_state (ApSession *session)
{
  return session->state;
}

/* The frames of one pipeline come in a row, so looking at the last entry keeps the list short. */
static void
submit_later (ApSessionHost *host, ApPipeline *pipeline)
{
  GPtrArray *list = host->to_submit;

  if (list->len == 0 || g_ptr_array_index (list, list->len - 1) != pipeline)
    g_ptr_array_add (list, g_object_ref (pipeline));
}

void
ap_session_push (ApSession *session, const guint8 *data, gsize length)
{
  ApSessionHost *host = session->host;

  if (session->closing)
    return;
  if (session->shares_pipeline) {
    session->bytes_in_pipeline += cost_of_frame (length);
    session->frames_in_pipeline++;
  }
  submit_later (host, session->pipeline);
  ap_pipeline_push (session->pipeline, session->id, data, length);
  update_reading (session);
}

void
ap_session_send_buffer (ApSession *session, GstBuffer *buffer)
{
  GstMapInfo map;

  if (!gst_buffer_map (buffer, &map, GST_MAP_READ)) {
    ap_session_close (session, 1011, "a buffer of the pipeline cannot be read");
    return;
  }
  ap_session_tally_out (&session->tally, map.size);
  ap_connection_send (session->connection, AP_OPCODE_BINARY, map.data, map.size);
  gst_buffer_unmap (buffer, &map);
}

void
ap_session_count_loss (ApSession *session, guint64 gaps, guint64 dropped)
{
  ap_session_tally_loss (&session->tally, gaps, dropped);
}

void
ap_session_log_frame (ApSession *session, gsize length)
{
  char line[128];
  int n;

  if (session->host->frame_log == NULL)
    return;
  n = g_snprintf (line, sizeof line, "%s session=%" G_GUINT64_FORMAT " bytes=%" G_GSIZE_FORMAT "\n",
                  session->endpoint->path, session->id, length);
  ap_line_writer_append (session->host->frame_log, line, (gsize)n);
}
