/* SPDX-License-Identifier: LGPL-2.1-or-later */
#define G_LOG_DOMAIN "app"

#include "app/ap-worker.h"

#include "app/ap-health.h"
#include "base/ap-invoke.h"
#include "base/ap-limits.h"
#include "base/ap-log.h"
#include "base/ap-memory.h"
#include "base/ap-metrics.h"
#include "net/ap-http.h"
#include "session/ap-session.h"

/* An endpoint on this worker; what its paths have as their data. */
typedef struct {
  ApWorker *worker;
  const ApEndpoint *endpoint;
  gpointer room; /* the state */
} Place;

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
  ApTimers *timers;
  ApHttp *http;
  GPtrArray *places; /* of Place */
  ApSessionHost host;
  gboolean draining;
};

static void
health (ApHttpRequest *request, gpointer data)
{
  const ApWorkerSettings *settings = ((ApWorker *)data)->settings;

  ap_health_respond (request, settings->count_sessions (settings->data));
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
  if (ap_memory_room (AP_MEMORY_RESERVE) == 0)
    return "the server is short of memory";
  return NULL;
}

/* Why a room does not do what it is for, or NULL. */
static const char *
refusal_of_rooms (const ApRunningRoom *rooms)
{
  const char *reason = NULL;

  for (const ApRunningRoom *running = rooms; running->room != NULL && reason == NULL; running++)
    reason = running->room->refusal != NULL ? running->room->refusal (running->state) : NULL;
  return reason;
}

static void
ready (ApHttpRequest *request, gpointer data)
{
  const char *reason = refusal (data);

  if (reason == NULL)
    reason = refusal_of_rooms (((ApWorker *)data)->settings->rooms);
  if (reason != NULL)
    ap_http_request_respond_error (request, SOUP_STATUS_SERVICE_UNAVAILABLE, reason);
  else
    ap_http_request_respond_json (request, SOUP_STATUS_OK, "{\"status\":\"ready\"}");
}

static void
admit (ApHttpRequest *request, gpointer data)
{
  const Place *place = data;
  const char *reason = refusal (place->worker);

  if (reason != NULL)
    ap_http_request_respond_error (request, SOUP_STATUS_SERVICE_UNAVAILABLE, reason);
  else if (place->endpoint->admit != NULL)
    place->endpoint->admit (request, place->room);
}

static void
open_session (ApHttpRequest *request, int fd, GBytes *early, gpointer data)
{
  const Place *place = data;

  ap_session_open (&place->worker->host, place->endpoint, place->room, request, fd, early);
}

static void
add_path (const Place *place, const char *path)
{
  const ApHttpWebSocket websocket = {
    .path = path,
    .protocols = place->endpoint->protocols,
    .admit = admit,
    .upgraded = open_session,
    .no_token = place->endpoint->no_token,
  };

  ap_http_add_websocket (place->worker->http, &websocket, (gpointer)place);
}

static void
add_endpoint (ApWorker *worker, const ApEndpoint *endpoint, gpointer room)
{
  const Place at = { worker, endpoint, room };
  Place *place = g_memdup2 (&at, sizeof at);

  g_ptr_array_add (worker->places, place);
  add_path (place, endpoint->path);
  ap_metrics_endpoint (endpoint->path); /* so that it is told from the start, at 0 */
  for (const char *const *path = endpoint->more_paths; path != NULL && *path != NULL; path++)
    add_path (place, *path);
}

static void
add_room (ApWorker *worker, const ApRunningRoom *running)
{
  const ApRoom *room = running->room;

  for (const ApEndpoint *const *endpoint = room->endpoints; endpoint != NULL && *endpoint != NULL; endpoint++)
    add_endpoint (worker, *endpoint, running->state);
  for (const ApHttpRoute *route = room->routes; route != NULL && route->path != NULL; route++)
    ap_http_add_route (worker->http, route, running->state);
}

/* Probes and load balancers, which have no token, ask the first two; docs/decisions.md. */
static void
add_routes (ApWorker *worker)
{
  static const ApHttpRoute routes[] = {
    { "GET", "/health", health, .no_token = TRUE },
    { "GET", "/ready", ready, .no_token = TRUE },
  };

  for (guint i = 0; i < G_N_ELEMENTS (routes); i++)
    ap_http_add_route (worker->http, &routes[i], worker);
  if (worker->settings->metrics != NULL)
    ap_http_add_route (worker->http, &ap_metrics_route, worker->settings->metrics);
  for (const ApRunningRoom *running = worker->settings->rooms; running->room != NULL; running++)
    add_room (worker, running);
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
  worker->host.timers = worker->timers = ap_timers_new (worker->context, on_round_end, worker);
  worker->host.pipeline_spec = &worker->settings->pipeline;
  worker->host.max_frame_bytes = worker->settings->max_frame_bytes;
  worker->host.ping_seconds = worker->settings->ping_seconds;
  worker->host.frame_log = worker->settings->frame_log;
  if (worker->settings->pipeline.elements == NULL && !ap_session_host_start_passthrough (&worker->host, &error))
    g_error ("cannot start the passthrough pipeline: %s", error->message);
  worker->http = ap_http_new (worker->listen_fd, AP_HTTP_REQUEST_SECONDS);
  ap_http_set_tokens (worker->http, worker->settings->tokens);
  ap_http_set_allowed_origins (worker->http, worker->settings->allowed_origins);
  add_routes (worker);
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
  ap_timers_free (worker->timers);
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
  g_main_context_set_poll_func (worker->context, ap_metrics_poll);
  worker->loop = g_main_loop_new (worker->context, FALSE);
  worker->places = g_ptr_array_new_with_free_func (g_free);
  g_mutex_init (&worker->lock);
  g_cond_init (&worker->changed);
  ap_session_host_init (&worker->host);
  return worker;
}

void
ap_worker_free (ApWorker *worker)
{
  ap_session_host_clear (&worker->host);
  g_ptr_array_unref (worker->places);
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

void
ap_worker_stop (ApWorker *worker)
{
  ap_invoke (worker->context, quit_loop, worker->loop, NULL);
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
  ap_invoke (worker->context, drain, worker, NULL);
}

typedef struct {
  ApWorker *worker;
  ApGraphs *graphs;
} Drawing;

static void
draw_pipeline (ApPipeline *pipeline, guint64 session_id, gpointer data)
{
  const Drawing *drawing = data;
  g_autofree char *name =
      session_id != 0 ? g_strdup_printf ("session-%" G_GUINT64_FORMAT, session_id) : g_strdup (drawing->worker->name);

  ap_graphs_add (drawing->graphs, name, pipeline);
}

static gboolean
draw (gpointer data)
{
  ap_session_host_foreach_pipeline (&((Drawing *)data)->worker->host, draw_pipeline, data);
  return G_SOURCE_REMOVE;
}

static void
drawing_free (gpointer data)
{
  ap_graphs_unref (((Drawing *)data)->graphs);
  g_free (data);
}

void
ap_worker_draw (ApWorker *worker, ApGraphs *graphs)
{
  Drawing *drawing = g_new (Drawing, 1);

  *drawing = (Drawing){ worker, ap_graphs_ref (graphs) };
  ap_invoke (worker->context, draw, drawing, drawing_free);
}

guint
ap_worker_count_sessions (ApWorker *worker)
{
  return ap_session_registry_count (worker->host.registry);
}
