/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* A client of a recording, on its worker: what it sends is handed to the recording's strand. */
#define G_LOG_DOMAIN "recording"

#include "endpoints/recording/ap-recording-endpoint.h"

#include "base/ap-limits.h"
#include "base/ap-log.h"
#include "base/ap-uuid.h"
#include "endpoints/recording/ap-recording-message.h"
#include "endpoints/recording/ap-recording-query.h"
#include "endpoints/recording/ap-recording.h"

#include <string.h>

/* What an answer takes while it waits for the disk. */
#define ANSWER_COST 512

typedef struct {
  ApRecording *recording; /* NULL: there is none, and the socket is closing */
  ApRecordingSocket *socket;
} Client;

static void
send_text (ApSession *session, const char *text)
{
  ap_session_send (session, AP_OPCODE_TEXT, (const guint8 *)text, strlen (text));
}

/* @text: (transfer full) */
static void
refuse (ApSession *session, char *text, guint16 code, const char *reason)
{
  send_text (session, text);
  g_free (text);
  ap_session_close (session, code, reason);
}

static void
refuse_for (ApSession *session, const GError *error, const char *id, guint16 code)
{
  refuse (session, ap_recording_format_error (error, id), code,
          code == 1008 ? "there is no such session to join" : "the session cannot be created, or not be joined now");
}

static gboolean
read_query (ApSession *session, ApRecordingQuery *query)
{
  ApRecordingStore *store = ap_session_get_room (session);
  const ApRecordingSettings *settings = ap_recording_store_get_settings (store);
  ApHttpRequest *request = ap_session_get_request (session);
  const ApRecordingQueryText text = { ap_http_request_get_query (request, "user_id"),
                                      ap_http_request_get_query (request, "sample_rate"),
                                      ap_http_request_get_query (request, "channels"),
                                      ap_http_request_get_query (request, "format") };
  ApRecordingQuery defaults = { .channels = (guint)settings->default_channels };
  char *problem;

  ap_recording_sample_rate_parse (settings->default_sample_rate, &defaults.sample_rate);
  ap_recording_format_parse (settings->default_format, &defaults.format);
  if (ap_recording_query_parse (&text, &defaults, query, &problem))
    return TRUE;
  refuse (session, problem, 1008, "the query is not valid");
  return FALSE;
}

static ApRecording *
create (ApSession *session)
{
  ApRecordingQuery query;
  ApRecording *recording;
  ApRecordingInfo info = { 0 };
  g_autoptr (GError) error = NULL;

  if (!read_query (session, &query))
    return NULL;
  info.format = query.format;
  info.sample_rate = query.sample_rate;
  info.channels = query.channels;
  info.user_id = (char *)query.user_id;
  recording = ap_recording_store_create (ap_session_get_room (session), &info, &error);
  if (recording == NULL)
    refuse_for (session, error, NULL, 1011);
  return recording;
}

/* A user who says nothing is let in: who knows the session's id may send to it. */
static gboolean
is_of_user (ApSession *session, ApRecording *recording)
{
  const char *owner = ap_recording_get_user (recording);
  const char *user = ap_http_request_get_query (ap_session_get_request (session), "user_id");

  return owner == NULL || user == NULL || *user == '\0' || g_str_equal (owner, user);
}

static ApRecording *
find (ApSession *session)
{
  const char *id = ap_http_request_get_parameter (ap_session_get_request (session), "session_id");
  ApRecordingStore *store = ap_session_get_room (session);
  gboolean away = ap_recording_store_is_away (store); /* before: what comes back is there then */
  g_autoptr (ApRecording) recording = ap_recording_store_find (store, id);
  g_autoptr (GError) error = NULL;

  if (recording != NULL && is_of_user (session, recording))
    return g_steal_pointer (&recording);
  if (recording == NULL && away) { /* it may be where nobody can look now */
    error = g_error_new (AP_RECORDING_ERROR, AP_RECORDING_ERROR_STORAGE, "the folder of recordings is not there");
    refuse_for (session, error, id, 1011);
    return NULL;
  }
  error = g_error_new (AP_RECORDING_ERROR, AP_RECORDING_ERROR_NOT_FOUND, "%s",
                       recording == NULL ? "there is no active session of this id" : "the session is another user's");
  refuse_for (session, error, id, 1008);
  return NULL;
}

/* Each may have sent much, and nobody comes to look at it. */
static void
refuse_crowd (ApSession *session, const char *id)
{
  g_autoptr (GError) error =
      g_error_new (AP_RECORDING_ERROR, AP_RECORDING_ERROR_LIMIT, "too many connections wait to join the session");

  refuse_for (session, error, id, 1011);
}

/* @recording: (transfer full) (nullable) */
static Client *
client_new (ApSession *session, ApRecording *recording, ApRecordingManner manner)
{
  Client *client = g_new0 (Client, 1);
  g_autoptr (ApRecordingSocket) socket = NULL;

  if (recording == NULL)
    return client;
  socket = ap_recording_socket_new (session, manner);
  if (ap_recording_join (recording, socket)) {
    ap_event (G_LOG_LEVEL_INFO, "recording joined", AP_LOG_TEXT ("recording", ap_recording_get_id (recording)),
              AP_LOG_NUMBER ("session", ap_session_get_id (session)));
    client->recording = recording;
    client->socket = g_steal_pointer (&socket);
    return client;
  }
  refuse_crowd (session, ap_recording_get_id (recording));
  ap_recording_unref (recording);
  return client;
}

static gpointer
open_creator (ApSession *session)
{
  return client_new (session, create (session), AP_RECORDING_CREATES);
}

static gpointer
open_joiner (ApSession *session)
{
  const char *resume = ap_http_request_get_query (ap_session_get_request (session), "resume");

  return client_new (session, find (session), g_strcmp0 (resume, "1") == 0 ? AP_RECORDING_RESUMES : AP_RECORDING_JOINS);
}

static void
take_chunk (ApSession *session, const guint8 *data, gsize length)
{
  Client *client = ap_session_get_state (session);
  g_autoptr (GBytes) chunk = NULL;

  if (client->recording == NULL)
    return;
  chunk = g_bytes_new (data, length);
  ap_session_log_frame (session, length);
  ap_session_add_pending (session, (gssize)(length + AP_FRAME_OVERHEAD));
  ap_recording_append (client->recording, client->socket, chunk, length + AP_FRAME_OVERHEAD);
}

static void
take_control (ApSession *session, const char *data, gsize length)
{
  Client *client = ap_session_get_state (session);
  ApRecordingControl control;
  g_autoptr (GError) error = NULL;
  g_autofree char *answer = NULL;

  if (client->recording == NULL)
    return;
  if (!ap_recording_control_parse (data, length, &control, &error)) {
    answer = ap_recording_format_bad_control (ap_recording_get_id (client->recording), error);
    send_text (session, answer);
    return;
  }
  ap_session_add_pending (session, ANSWER_COST);
  if (control == AP_RECORDING_CONTROL_CLOSE_SESSION) {
    ap_recording_end_for (client->recording, client->socket, ANSWER_COST);
    return;
  }
  ap_recording_tell_status (client->recording, client->socket, ANSWER_COST);
}

static void
close_client (ApSession *session)
{
  Client *client = ap_session_get_state (session);

  if (client->recording != NULL)
    ap_recording_leave (client->recording, client->socket);
  g_clear_pointer (&client->socket, ap_recording_socket_unref);
  g_clear_pointer (&client->recording, ap_recording_unref);
  g_free (client);
}

static gsize
max_message_bytes (gpointer room)
{
  return (gsize)ap_recording_store_get_settings (room)->max_message_bytes;
}

const ApEndpoint ap_recording_create_endpoint = { .path = "/api/ws/audio",
                                                  .max_message_bytes = max_message_bytes,
                                                  .own_pipeline = TRUE,
                                                  .open = open_creator,
                                                  .text = take_control,
                                                  .binary = take_chunk,
                                                  .close = close_client };

const ApEndpoint ap_recording_join_endpoint = { .path = "/api/ws/audio/{session_id}",
                                                .max_message_bytes = max_message_bytes,
                                                .own_pipeline = TRUE,
                                                .open = open_joiner,
                                                .text = take_control,
                                                .binary = take_chunk,
                                                .close = close_client };
