/* SPDX-License-Identifier: LGPL-2.1-or-later */
#define G_LOG_DOMAIN "session"

#include "session/ap-session.h"

#include "base/ap-limits.h"
#include "base/ap-log.h"
#include "base/ap-metrics.h"
#include "session/ap-session-private.h"

#include <string.h>

G_DEFINE_FINAL_TYPE (ApSession, ap_session, G_TYPE_OBJECT)

/* While the session is paused for its pipeline, or its end waits for what is under way. */
static void
watch_for_stall (ApSession *session)
{
  if (session->stall_check.place != 0)
    return;
  session->frames_out_at_check = session->tally.frames_out;
  ap_timers_set (session->host->timers, &session->stall_check,
                 g_get_monotonic_time () + session->host->stall_seconds * G_TIME_SPAN_SECOND);
}

/* An element that has stalled must not hold a session for ever, least of all one whose peer has gone: without reading,
 * the peer's end is not seen. */
static void
on_stall_check (ApTimer *timer)
{
  ApSession *session = (ApSession *)(gpointer)((guint8 *)timer - G_STRUCT_OFFSET (ApSession, stall_check));

  if (!session->closing && (!session->paused || session->pipeline == NULL))
    return;
  /* Output that the peer does not take is the connection's to watch. */
  if (session->tally.frames_out != session->frames_out_at_check ||
      ap_connection_get_queued_bytes (session->connection) > 0) {
    watch_for_stall (session);
    return;
  }
  ap_metrics_count_failure (AP_FAILURE_PIPELINE_STALL);
  session->pipeline_ended = TRUE;
  ap_session_abort (session, "its pipeline has stalled");
}

/* Input pauses when the pipeline and the output queue together hold too much, and resumes at half of it. */
void
ap_session_update_reading (ApSession *session)
{
  gsize held = session->bytes_in_pipeline + ap_connection_get_queued_bytes (session->connection);
  gsize bound = session->paused ? AP_SESSION_HIGH_WATER / 2 : AP_SESSION_HIGH_WATER;
  gboolean paused;

  if (session->closing)
    return;
  paused = held > bound || (session->pipeline != NULL && ap_pipeline_is_full (session->pipeline));
  if (paused == session->paused)
    return;
  session->paused = paused;
  /* What an endpoint has under way by itself (a long recovery, a slow disk) has bounds of its own, and is no fault of
   * the peer's. */
  if (paused && session->pipeline != NULL)
    watch_for_stall (session);
  ap_connection_set_reading (session->connection, !paused);
}

/* Sends the close frame once all that the pipeline owes has been sent. */
void
ap_session_close_when_drained (ApSession *session)
{
  if (session->bytes_in_pipeline > 0)
    return;
  ap_connection_close (session->connection, session->close_code, session->close_reason);
}

void
ap_session_begin_close (ApSession *session, guint16 code, const char *reason)
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
  ap_session_begin_close (session, code, reason);
  if (session->bytes_in_pipeline > 0 || (session->pipeline != NULL && !session->shares_pipeline))
    watch_for_stall (session);
  if (session->shares_pipeline || session->pipeline == NULL)
    ap_session_close_when_drained (session);
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
  ap_session_update_reading (owner);
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

static void
close_endpoint (ApSession *session)
{
  if (session->endpoint->close != NULL)
    session->endpoint->close (session);
}

/* The one end of every session. The endpoint's comes after its open, in which a session may end already: what was sent
 * there met a client that had left. The last reference goes a round later: callers further up may still hold the
 * pointer.
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
  ap_timers_clear (session->host->timers, &session->stall_check);
  if (!session->shares_pipeline && session->pipeline != NULL)
    ap_pipeline_stop (session->pipeline);
  session->over = TRUE;
  if (session->opened)
    close_endpoint (session);
  /* Not at the priority of an idle source, for which a busy worker has no time. */
  g_source_set_priority (later, G_PRIORITY_DEFAULT);
  g_source_set_callback (later, drop_reference, g_object_ref (session), NULL);
  g_source_attach (later, g_main_context_get_thread_default ());
  ap_session_registry_remove (session->host->registry, session->id);
}

static const ApConnectionCallbacks connection_callbacks = { on_text, on_binary, on_ending, on_output_changed,
                                                            on_closed };

void
ap_session_note_failure (ApSession *session, ApFailure failure, const char *text)
{
  ap_metrics_count_failure (failure);
  g_free (session->failure);
  session->failure = g_strdup (text);
}

/* The beginning. */

void
ap_session_open (ApSessionHost *host, const ApEndpoint *endpoint, gpointer room, ApHttpRequest *request, int fd,
                 GBytes *early)
{
  static guint64 last_id; /* atomic; 0 is nobody's */
  g_autoptr (ApSession) session = g_object_new (AP_TYPE_SESSION, NULL);
  const ApConnectionLimits limits = {
    .max_message_bytes =
        endpoint->max_message_bytes != NULL ? endpoint->max_message_bytes (room) : host->max_frame_bytes,
    .stall_seconds = host->output_stall_seconds,
    .unsent_bytes = endpoint->unsent_bytes,
    .ping_seconds = host->ping_seconds,
    .patient = endpoint->patient,
  };
  g_autoptr (GError) error = NULL;

  session->id = __atomic_add_fetch (&last_id, 1, __ATOMIC_RELAXED);
  session->peer = g_strdup (request != NULL ? ap_http_request_get_peer (request) : "-");
  session->host = host;
  session->endpoint = endpoint;
  session->room = room;
  session->request = request;
  ap_session_tally_begin (&session->tally, endpoint->path);
  session->connection = ap_connection_new (host->poller, host->timers, fd, &limits, &connection_callbacks, session);
  ap_session_registry_add (host->registry, session->id, session);
  ap_debug ("%s session=%" G_GUINT64_FORMAT " opened by %s", endpoint->path, session->id, session->peer);
  if (!endpoint->own_pipeline && !ap_session_take_pipeline (session, &error)) {
    ap_session_note_failure (session, AP_FAILURE_PIPELINE_BUILD, error->message);
    session->pipeline_ended = TRUE;
    ap_session_begin_close (session, 1011, "the pipeline cannot be built");
  }
  if (endpoint->open != NULL)
    session->state = endpoint->open (session);
  session->request = NULL;
  session->opened = TRUE;
  if (session->over) {
    close_endpoint (session);
  } else if (!ap_connection_start (session->connection, early)) {
    ap_session_note_failure (session, AP_FAILURE_SOCKET, g_strerror (errno));
    ap_session_abort (session, "the system refused to watch the socket");
  } else if (session->closing && session->pipeline == NULL) {
    ap_session_close_when_drained (session);
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
  session->stall_check.ring = on_stall_check;
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
ap_session_send (ApSession *session, ApOpcode opcode, const guint8 *data, gsize length)
{
  ap_session_tally_out (&session->tally, length);
  ap_connection_send (session->connection, opcode, data, length);
  ap_session_flush_later (session);
}

void
ap_session_add_pending (ApSession *session, gssize bytes)
{
  session->bytes_in_pipeline += (gsize)bytes;
  if (session->closing && session->pipeline == NULL)
    ap_session_close_when_drained (session);
  ap_session_update_reading (session);
}

gsize
ap_session_get_queued_bytes (ApSession *session)
{
  return ap_connection_get_queued_bytes (session->connection);
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
