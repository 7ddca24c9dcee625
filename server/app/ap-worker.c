/* SPDX-License-Identifier: LGPL-2.1-or-later */
#define G_LOG_DOMAIN "app"

#include "app/ap-worker.h"

#include "app/ap-endpoints.h"
#include "app/ap-health.h"
#include "base/ap-log.h"
#include "net/ap-http.h"
#include "session/ap-session.h"

struct _ApWorker {
  const ApWorkerSettings *settings;
  char *name; /* the thread's */
  GThread *thread;
  GMainContext *context;
  GMainLoop *loop;
  int listen_fd;

  GMutex lock; /* guards @serving */
  GCond changed;
  gboolean serving;

  /* The worker thread's own. */
  ApPoller *poller;
  ApHttp *http;
  ApSessionHost host;
  gboolean draining;
};

static void
health (SoupServerMessage *message, gpointer data)
{
  const ApWorkerSettings *settings = ((ApWorker *)data)->settings;

  ap_health_respond (message, settings->count_sessions (settings->data));
}

/* Why no session can be opened now, or NULL. */
static const char *
refusal (gpointer data)
{
  ApWorker *worker = data;
  const ApWorkerSettings *settings = worker->settings;

  if (worker->draining)
    return "the server is shutting down";
  if (settings->count_sessions (settings->data) >= settings->max_connections)
    return "the server has as many connections as it takes; --max-connections sets how many";
  return NULL;
}

static void
ready (SoupServerMessage *message, gpointer data)
{
  const char *reason = refusal (data);

  if (reason != NULL)
    ap_http_respond_error (message, SOUP_STATUS_SERVICE_UNAVAILABLE, reason);
  else
    ap_http_respond (message, SOUP_STATUS_OK, "{\"status\":\"ready\"}");
}

static void
open_session (int fd, GBytes *early, const char *peer, gconstpointer endpoint, gpointer data)
{
  ApWorker *worker = data;

  ap_session_open (&worker->host, endpoint, fd, early, peer);
}

static void
on_round_end (gpointer data)
{
  ap_session_host_end_round (&((ApWorker *)data)->host);
}

static void
set_up (ApWorker *worker)
{
  g_autoptr (GError) error = NULL;

  worker->poller = ap_poller_new (worker->context, on_round_end, worker);
  worker->host.poller = worker->poller;
  worker->host.pipeline_spec = &worker->settings->pipeline;
  worker->host.max_frame_bytes = worker->settings->max_frame_bytes;
  worker->host.frame_log = worker->settings->frame_log;
  if (worker->settings->pipeline.elements == NULL && !ap_session_host_start_passthrough (&worker->host, &error))
    g_error ("cannot start the passthrough pipeline: %s", error->message);
  worker->http = ap_http_new (worker->listen_fd);
  ap_http_set_tokens (worker->http, worker->settings->tokens);
  ap_http_set_allowed_origins (worker->http, worker->settings->allowed_origins);
  ap_http_set_admission (worker->http, refusal, worker);
  ap_http_add_open_handler (worker->http, "/ready", ready, worker);
  ap_http_add_open_handler (worker->http, "/health", health, worker);
  for (const ApEndpoint *const *endpoint = ap_endpoints; *endpoint != NULL; endpoint++)
    ap_http_add_websocket (worker->http, (*endpoint)->path, (*endpoint)->protocols, open_session, *endpoint, worker);
}

static void
abort_session (ApSession *session, gpointer data)
{
  ap_session_abort (session, "the server has stopped");
}

static void
tear_down (ApWorker *worker)
{
  ap_http_free (worker->http);
  ap_session_registry_foreach (worker->host.registry, abort_session, NULL);
  /* What was put off: the flushing of sessions, and their last references. */
  ap_session_host_end_round (&worker->host);
  while (g_main_context_iteration (worker->context, FALSE))
    continue;
  ap_poller_free (worker->poller);
}

static void
tell_serving (ApWorker *worker)
{
  g_autoptr (GMutexLocker) locker = g_mutex_locker_new (&worker->lock);

  worker->serving = TRUE;
  g_cond_signal (&worker->changed);
}

static gpointer
worker_thread (gpointer data)
{
  ApWorker *worker = data;

  g_main_context_push_thread_default (worker->context);
  set_up (worker);
  tell_serving (worker);
  g_main_loop_run (worker->loop);
  tear_down (worker);
  g_main_context_pop_thread_default (worker->context);
  return NULL;
}

ApWorker *
ap_worker_new (guint number, int listen_fd, const ApWorkerSettings *settings)
{
  ApWorker *worker = g_new0 (ApWorker, 1);

  worker->settings = settings;
  worker->name = g_strdup_printf ("worker-%u", number);
  worker->listen_fd = listen_fd;
  worker->context = g_main_context_new ();
  worker->loop = g_main_loop_new (worker->context, FALSE);
  g_mutex_init (&worker->lock);
  g_cond_init (&worker->changed);
  ap_session_host_init (&worker->host);
  return worker;
}

void
ap_worker_free (ApWorker *worker)
{
  ap_session_host_clear (&worker->host);
  g_main_loop_unref (worker->loop);
  g_main_context_unref (worker->context);
  g_mutex_clear (&worker->lock);
  g_cond_clear (&worker->changed);
  g_free (worker->name);
  g_free (worker);
}

void
ap_worker_start (ApWorker *worker)
{
  g_autoptr (GMutexLocker) locker = g_mutex_locker_new (&worker->lock);

  worker->thread = g_thread_new (worker->name, worker_thread, worker);
  while (!worker->serving)
    g_cond_wait (&worker->changed, &worker->lock);
}

static gboolean
quit_loop (gpointer data)
{
  g_main_loop_quit (data);
  return G_SOURCE_REMOVE;
}

/* By a source and not by g_main_context_invoke(), which would run on this thread while the worker has not begun. */
static void
run_on_worker (ApWorker *worker, GSourceFunc func, gpointer data)
{
  g_autoptr (GSource) source = g_idle_source_new ();

  g_source_set_priority (source, G_PRIORITY_DEFAULT);
  g_source_set_callback (source, func, data, NULL);
  g_source_attach (source, worker->context);
}

void
ap_worker_stop (ApWorker *worker)
{
  run_on_worker (worker, quit_loop, worker->loop);
  g_thread_join (worker->thread);
}

static void
close_session (ApSession *session, gpointer data)
{
  ap_session_close (session, 1001, "the server is shutting down");
}

static gboolean
drain (gpointer data)
{
  ApWorker *worker = data;

  worker->draining = TRUE;
  ap_http_stop_accepting (worker->http);
  ap_session_registry_foreach (worker->host.registry, close_session, NULL);
  return G_SOURCE_REMOVE;
}

void
ap_worker_drain (ApWorker *worker)
{
  run_on_worker (worker, drain, worker);
}

guint
ap_worker_count_sessions (ApWorker *worker)
{
  return ap_session_registry_count (worker->host.registry);
}
