/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A room with paths of its own on two workers: what its sessions know of their handshake, what it refuses before one,
 * and how a request on one worker reaches a session on another. */
#include "app/ap-worker.h"
#include "base/ap-log.h"
#include "net/ap-listener.h"
#include "session/ap-session-handle.h"

#include <string.h>

#include "test-wait.h"
#include "ws-client.h"

#define WORKERS 2

/* ---- the room: calls by name, which can be hung up over HTTP ---- */

typedef struct {
  GMutex lock;       /* guards @calls */
  GHashTable *calls; /* name -> Call */
  gint crossings;    /* atomic: requests that came to another worker than their call's */
} Calls;

typedef struct {
  ApSessionHandle *handle;
  GThread *thread; /* the worker's */
} Call;

static void
free_call (gpointer data)
{
  Call *call = data;

  ap_session_handle_unref (call->handle);
  g_free (call);
}

static void
calls_admit (ApHttpRequest *request, gpointer room)
{
  if (g_strcmp0 (ap_http_request_get_query (request, "key"), "no") == 0)
    ap_http_request_respond_error (request, 403, "a wrong key");
}

static gpointer
calls_open (ApSession *session)
{
  Calls *calls = ap_session_get_room (session);
  ApHttpRequest *request = ap_session_get_request (session);
  const char *name = ap_http_request_get_parameter (request, "name");
  Call *call = g_new (Call, 1);

  g_assert_true (g_str_has_prefix (ap_http_request_get_peer (request), "127.0.0.1:"));
  call->handle = ap_session_handle_new (session);
  call->thread = g_thread_self ();
  g_mutex_lock (&calls->lock);
  g_hash_table_replace (calls->calls, g_strdup (name != NULL ? name : "nobody"), call);
  g_mutex_unlock (&calls->lock);
  return g_strdup (name != NULL ? name : "nobody");
}

static void
calls_binary (ApSession *session, const guint8 *data, gsize length)
{
  ap_session_push (session, data, length);
}

static void
calls_frame (ApSession *session, GstBuffer *buffer)
{
  ap_session_send_buffer (session, buffer);
}

static void
calls_close (ApSession *session)
{
  g_free (ap_session_get_state (session));
}

/* On the call's worker. */
static void
hang_up_there (ApSession *session, gpointer request)
{
  if (session == NULL) {
    ap_http_request_respond_error (request, 410, "the call has ended");
    return;
  }
  ap_session_close (session, 4000, ap_session_get_state (session));
  ap_http_request_respond_json (request, 200, "{}");
}

static void
unref_request (gpointer request)
{
  ap_http_request_unref (request);
}

static void
hang_up (ApHttpRequest *request, gpointer room)
{
  Calls *calls = room;
  g_autoptr (ApSessionHandle) handle = NULL;
  Call *call;

  g_mutex_lock (&calls->lock);
  call = g_hash_table_lookup (calls->calls, ap_http_request_get_parameter (request, "name"));
  if (call != NULL) {
    handle = ap_session_handle_ref (call->handle);
    if (call->thread != g_thread_self ())
      g_atomic_int_inc (&calls->crossings);
  }
  g_mutex_unlock (&calls->lock);
  if (handle == NULL)
    ap_http_request_respond_error (request, 404, "no such call");
  else
    ap_session_handle_invoke (handle, hang_up_there, ap_http_request_ref (request), unref_request);
}

static const ApEndpoint endpoint = {
  .path = "/calls",
  .more_paths = (const char *const[]){ "/calls/{name}", NULL },
  .protocols = (const char *const[]){ "calls.v2", "calls.v1", NULL },
  .admit = calls_admit,
  .open = calls_open,
  .binary = calls_binary,
  .frame = calls_frame,
  .close = calls_close,
};

static const ApRoom calls_room = {
  .name = "calls",
  .endpoints = (const ApEndpoint *const[]){ &endpoint, NULL },
  .routes = (const ApHttpRoute[]){ { "POST", "/api/calls/{name}/hangup", hang_up, .no_token = TRUE }, { NULL } },
};

/* ---- the server around it ---- */

typedef struct {
  Calls calls;
  ApRunningRoom rooms[2];
  ApTokens *tokens;
  ApWorkerSettings settings;
  ApWorker *workers[WORKERS];
  guint16 port;
} Fixture;

static guint
count_sessions (gpointer data)
{
  Fixture *fixture = data;
  guint count = 0;

  for (guint i = 0; i < WORKERS; i++)
    count += ap_worker_count_sessions (fixture->workers[i]);
  return count;
}

static void
set_up (Fixture *fixture, gconstpointer token)
{
  fixture->calls.calls = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, free_call);
  g_mutex_init (&fixture->calls.lock);
  fixture->rooms[0] = (ApRunningRoom){ &calls_room, &fixture->calls };
  fixture->tokens = token != NULL ? ap_tokens_new (token, NULL) : NULL;
  fixture->settings = (ApWorkerSettings){
    .rooms = fixture->rooms,
    .max_frame_bytes = 1024 * 1024,
    .max_connections = 1000,
    .tokens = fixture->tokens,
    .count_sessions = count_sessions,
    .data = fixture,
  };
  for (guint i = 0; i < WORKERS; i++) {
    g_autoptr (GSocketAddress) bound = NULL;
    int fd = ap_listener_open ("127.0.0.1", fixture->port, i == 0, &bound, NULL);

    g_assert_cmpint (fd, >=, 0);
    fixture->port = g_inet_socket_address_get_port (G_INET_SOCKET_ADDRESS (bound));
    fixture->workers[i] = ap_worker_new (i, fd, &fixture->settings);
  }
  for (guint i = 0; i < WORKERS; i++)
    ap_worker_start (fixture->workers[i]);
}

static void
tear_down (Fixture *fixture, gconstpointer data)
{
  for (guint i = 0; i < WORKERS; i++)
    ap_worker_stop (fixture->workers[i]);
  for (guint i = 0; i < WORKERS; i++)
    ap_worker_free (fixture->workers[i]);
  g_hash_table_unref (fixture->calls.calls);
  g_mutex_clear (&fixture->calls.lock);
  g_clear_pointer (&fixture->tokens, ap_tokens_free);
}

/* ---- tests ---- */

static guint
post (Fixture *fixture, const char *path)
{
  g_autoptr (WsClient) client = ws_client_connect_tcp (fixture->port);
  g_autofree char *request = g_strdup_printf ("POST %s HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n", path);
  g_autoptr (HttpAnswer) answer = ws_client_request (client, request);

  return answer != NULL ? answer->status : 0;
}

/* The kernel chooses each connection's worker: this goes on until a request had to cross. */
static void
test_hang_up (Fixture *fixture, gconstpointer data)
{
  gint64 deadline = test_deadline ();

  for (guint i = 0; i < 8 || g_atomic_int_get (&fixture->calls.crossings) == 0; i++) {
    g_autofree char *path = g_strdup_printf ("/calls/%u", i);
    g_autofree char *hangup = g_strdup_printf ("/api/calls/%u/hangup", i);
    g_autoptr (WsClient) client = ws_client_connect (fixture->port, path);

    g_assert_cmpint (g_get_monotonic_time (), <, deadline);
    ws_client_send_binary (client, "x", 1);
    ws_client_expect_binary (client, "x", 1);
    g_assert_cmpuint (post (fixture, hangup), ==, 200);
    ws_client_expect_close (client, 4000);
    g_assert_true (test_wait_until (count_sessions (fixture) == 0));
    g_assert_cmpuint (post (fixture, hangup), ==, 410); /* it has gone, and its handle is still good */
  }
  g_assert_cmpuint (post (fixture, "/api/calls/none/hangup"), ==, 404);
}

static guint
handshake (Fixture *fixture, const char *path, const char *headers, char **protocol)
{
  g_autoptr (WsClient) client = ws_client_connect_tcp (fixture->port);
  g_autoptr (HttpAnswer) answer = ws_client_handshake (client, path, headers);

  if (answer != NULL && protocol != NULL)
    *protocol = http_answer_header (answer, "Sec-WebSocket-Protocol");
  return answer != NULL ? answer->status : 0;
}

static void
test_admission (Fixture *fixture, gconstpointer data)
{
  g_assert_cmpuint (handshake (fixture, "/calls", "", NULL), ==, 101);
  g_assert_cmpuint (handshake (fixture, "/calls/a", "", NULL), ==, 101);
  g_assert_cmpuint (handshake (fixture, "/calls/a?key=yes", "", NULL), ==, 101);
  g_assert_cmpuint (handshake (fixture, "/calls/a?key=no", "", NULL), ==, 403);
  g_assert_cmpuint (handshake (fixture, "/calls/a?key=n%6f", "", NULL), ==, 403);
  g_assert_cmpuint (handshake (fixture, "/calls/a?key=%ff", "", NULL), ==, 400);
  g_assert_cmpuint (handshake (fixture, "/calls/", "", NULL), ==, 404);
  g_assert_cmpuint (handshake (fixture, "/calls/a/b", "", NULL), ==, 404);
}

static void
test_protocols (Fixture *fixture, gconstpointer data)
{
  static const struct {
    const char *offered, *chosen;
    guint status;
  } rows[] = {
    { "", NULL, 101 },
    { "Sec-WebSocket-Protocol: calls.v1\r\n", "calls.v1", 101 },
    { "Sec-WebSocket-Protocol: calls.v1, calls.v2\r\n", "calls.v2", 101 },
    { "Sec-WebSocket-Protocol: chat, calls.v1, bearer.x\r\n", "calls.v1", 101 },
    { "Sec-WebSocket-Protocol: chat\r\n", NULL, 400 },
    { "Sec-WebSocket-Protocol: chat, bearer.x\r\n", NULL, 400 },
  };

  for (guint i = 0; i < G_N_ELEMENTS (rows); i++) {
    g_autofree char *protocol = NULL;

    g_test_message ("%s", rows[i].offered);
    g_assert_cmpuint (handshake (fixture, "/calls", rows[i].offered, &protocol), ==, rows[i].status);
    g_assert_cmpstr (protocol, ==, rows[i].chosen);
  }
}

/* A path that knows its clients by other means is open; the others are not. */
static void
test_token (Fixture *fixture, gconstpointer data)
{
  g_assert_cmpuint (post (fixture, "/api/calls/none/hangup"), ==, 404);
  g_assert_cmpuint (post (fixture, "/api/calls/none"), ==, 401);
  g_assert_cmpuint (handshake (fixture, "/calls", "", NULL), ==, 401);
  g_assert_cmpuint (handshake (fixture, "/calls?key=no", "", NULL), ==, 401);
  g_assert_cmpuint (handshake (fixture, "/calls?key=no", "Authorization: Bearer secret\r\n", NULL), ==, 403);
  g_assert_cmpuint (handshake (fixture, "/calls", "Sec-WebSocket-Protocol: calls.v1, bearer.secret\r\n", NULL), ==,
                    101);
}

/* Sessions, and calls to them, that are still there when the server ends. */
static void
test_end (Fixture *fixture, gconstpointer data)
{
  WsClient *clients[8];

  for (guint i = 0; i < G_N_ELEMENTS (clients); i++) {
    g_autofree char *path = g_strdup_printf ("/calls/%u", i);

    clients[i] = ws_client_connect (fixture->port, path);
  }
  for (guint i = 0; i < WORKERS; i++)
    ap_worker_drain (fixture->workers[i]);
  for (guint i = 0; i < G_N_ELEMENTS (clients); i++) {
    ws_client_expect_close (clients[i], 1001);
    ws_client_free (clients[i]);
  }
}

#define ADD(name, token, test) g_test_add ("/rooms/" name, Fixture, token, set_up, test, tear_down)

int
main (int argc, char **argv)
{
  gst_init (&argc, &argv);
  g_test_init (&argc, &argv, NULL);
  ap_log_init (G_LOG_LEVEL_CRITICAL, AP_LOG_FORMAT_TEXT);
  ADD ("hang-up", NULL, test_hang_up);
  ADD ("admission", NULL, test_admission);
  ADD ("protocols", NULL, test_protocols);
  ADD ("token", "secret", test_token);
  ADD ("end", NULL, test_end);
  return g_test_run ();
}
