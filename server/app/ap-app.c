/* SPDX-License-Identifier: LGPL-2.1-or-later */
#define G_LOG_DOMAIN "app"

#include "app/ap-app.h"

#include "app/ap-endpoints.h"
#include "app/ap-worker.h"
#include "base/ap-limits.h"
#include "base/ap-log.h"
#include "base/ap-memory.h"
#include "net/ap-http.h"
#include "net/ap-listener.h"

#include <glib-unix.h>
#include <sys/resource.h>
#include <unistd.h>

/* How often a draining server looks whether the last session has gone. */
#define DRAIN_CHECK_MS 10
/* What elements may take to stop at the very end: what the two writers of lines leave of the time that is kept. */
#define PIPELINE_STOP_TIME_US ((AP_STOP_MS - 2 * AP_STOP_LINES_MS) * G_TIME_SPAN_MILLISECOND)

/* What a connection with elements may take: its socket, and two for the bus of a queued pipeline. */
#define DESCRIPTORS_OF_PIPELINE 3
#define DESCRIPTORS_IF_UNKNOWN  1024

struct _ApApp {
  GMainLoop *loop;
  guint signals[3]; /* sources */
  ApWorkerSettings settings;
  GArray *rooms; /* of ApRunningRoom; those that have started */
  ApMetricsFacts metrics;
  ApHttp *metrics_http; /* on this thread; NULL: the workers serve /metrics */
  char *dot_dir;
  GPtrArray *workers; /* complete before the first is started */
  gboolean started;
  char **allowed_origins;
  ApTokens *tokens;        /* NULL: none */
  char *converted;         /* the elements with converters around them, where they need some */
  ApLineWriter *frame_log; /* NULL: none */
  gint64 drain_seconds;
  gint64 drain_until; /* monotonic, microseconds; 0 while serving */
  int exit_status;
};

static guint
count_sessions (gpointer data)
{
  ApApp *app = data;
  guint count = 0;

  for (guint i = 0; i < app->workers->len; i++)
    count += ap_worker_count_sessions (g_ptr_array_index (app->workers, i));
  return count;
}

static void
for_each_worker (ApApp *app, void (*func) (ApWorker *worker))
{
  for (guint i = 0; i < app->workers->len; i++)
    func (g_ptr_array_index (app->workers, i));
}

static void
report_dropped_lines (guint64 lines)
{
  ap_warning ("stdout does not keep up: %" G_GUINT64_FORMAT " lines of the frame log were dropped", lines);
}

/* A connection is a descriptor; the usual soft limit of 1,024 is there for programs that use select(). Returns the
 * limit. */
static guint
raise_descriptor_limit (void)
{
  struct rlimit limit;

  if (getrlimit (RLIMIT_NOFILE, &limit) < 0)
    return DESCRIPTORS_IF_UNKNOWN;
  if (limit.rlim_cur < limit.rlim_max) {
    limit.rlim_cur = limit.rlim_max;
    setrlimit (RLIMIT_NOFILE, &limit);
    getrlimit (RLIMIT_NOFILE, &limit);
  }
  return (guint)MIN (limit.rlim_cur, G_MAXINT);
}

/* Well under the limit, because GLib ends the program when it cannot make a descriptor that it needs for itself, or is
 * refused memory. */
static guint
max_connections (const ApConfig *config, guint descriptors)
{
  guint each = config->pipeline != NULL ? DESCRIPTORS_OF_PIPELINE : 1;
  gsize by_memory = ap_memory_room (AP_MEMORY_RESERVE) / AP_SESSION_HIGH_WATER;

  if (config->max_connections > 0)
    return (guint)config->max_connections;
  return (guint)MAX (MIN (descriptors / 4 * 3 / each, by_memory), 1);
}

static gboolean
open_listeners (const ApConfig *config, GArray *fds, guint n, GSocketAddress **bound, GError **error)
{
  guint16 port = (guint16)config->port;

  for (guint i = 0; i < n; i++) {
    int fd;

    g_clear_object (bound);
    fd = ap_listener_open (config->host, port, i == 0, bound, error);
    if (fd < 0)
      return FALSE;
    g_array_append_val (fds, fd);
    port = g_inet_socket_address_get_port (G_INET_SOCKET_ADDRESS (*bound));
  }
  return TRUE;
}

static void
log_start (GSocketAddress *bound, const ApWorkerSettings *settings, guint n_workers)
{
  g_autofree char *address = g_socket_connectable_to_string (G_SOCKET_CONNECTABLE (bound));

  ap_notice ("listening on http://%s with %u worker%s, %s%s", address, n_workers, n_workers == 1 ? "" : "s",
             settings->pipeline.elements != NULL ? "pipeline: " : "passthrough",
             settings->pipeline.elements != NULL ? settings->pipeline.elements : "");
}

/* Elements that do not take the clients' caps get converters around them, as audioecho does with 16-bit samples. */
static gboolean
settle_pipeline (ApApp *app, const ApConfig *config, GError **error)
{
  ApPipelineSpec *spec = &app->settings.pipeline;
  g_autoptr (GError) reason = NULL;

  if (!ap_config_get_pipeline (config, spec, error))
    return FALSE;
  if (spec->elements == NULL || ap_pipeline_check (spec, &reason))
    return TRUE;
  app->converted = ap_pipeline_convert (spec);
  spec->elements = app->converted;
  if (!ap_pipeline_check (spec, NULL)) {
    g_propagate_error (error, g_steal_pointer (&reason));
    return FALSE;
  }
  ap_info ("the elements do not take the clients' caps as they are: converting");
  return TRUE;
}

static gboolean
start_rooms (ApApp *app, const ApConfig *config, GError **error)
{
  app->rooms = g_array_new (TRUE, FALSE, sizeof (ApRunningRoom));
  for (guint i = 0; ap_rooms[i] != NULL; i++) {
    const ApRoom *room = ap_rooms[i];
    ApRunningRoom running = { room, NULL };

    if (room->start != NULL)
      running.state = room->start (g_ptr_array_index (config->room_settings, i), error);
    if (room->start != NULL && running.state == NULL)
      return FALSE;
    g_array_append_val (app->rooms, running);
  }
  app->settings.rooms = (const ApRunningRoom *)(gpointer)app->rooms->data;
  return TRUE;
}

static void
drain_rooms (ApApp *app)
{
  for (const ApRunningRoom *running = app->settings.rooms; running->room != NULL; running++)
    if (running->room->drain != NULL)
      running->room->drain (running->state);
}

static void
stop_rooms (GArray *rooms)
{
  for (guint i = rooms->len; i > 0; i--) {
    const ApRunningRoom *running = &g_array_index (rooms, ApRunningRoom, i - 1);

    if (running->room->stop != NULL)
      running->room->stop (running->state);
  }
  g_array_unref (rooms);
}

static gboolean
check_drained (gpointer data)
{
  ApApp *app = data;
  guint left = count_sessions (app);

  if (left > 0 && g_get_monotonic_time () < app->drain_until)
    return G_SOURCE_CONTINUE;
  if (left > 0)
    ap_warning ("%u session%s did not close in time", left, left == 1 ? "" : "s");
  g_main_loop_quit (app->loop);
  return G_SOURCE_REMOVE;
}

/* The sessions' part of the time that a shutdown has; the rest is for what has to end after them. */
static gint64
session_time (gint64 drain_seconds)
{
  gint64 whole = drain_seconds * G_USEC_PER_SEC;

  return whole - MIN (AP_STOP_MS * G_TIME_SPAN_MILLISECOND, whole / 2);
}

static gboolean
on_signal (gpointer data)
{
  ApApp *app = data;

  if (app->drain_until != 0) {
    ap_warning ("stopped without waiting for %u sessions", count_sessions (app));
    app->exit_status = 1;
    g_main_loop_quit (app->loop);
    return G_SOURCE_CONTINUE;
  }
  ap_info ("shutting down: %u sessions have %.1f seconds to close", count_sessions (app),
           (double)session_time (app->drain_seconds) / G_USEC_PER_SEC);
  app->drain_until = g_get_monotonic_time () + session_time (app->drain_seconds);
  for_each_worker (app, ap_worker_drain);
  drain_rooms (app);
  g_timeout_add (DRAIN_CHECK_MS, check_drained, app);
  return G_SOURCE_CONTINUE;
}

static gboolean
on_draw_signal (gpointer data)
{
  ApApp *app = data;
  ApGraphs *graphs = ap_graphs_new (app->dot_dir);

  for (guint i = 0; i < app->workers->len; i++)
    ap_worker_draw (g_ptr_array_index (app->workers, i), graphs);
  ap_graphs_unref (graphs);
  return G_SOURCE_CONTINUE;
}

static char *
choose_dot_dir (const ApConfig *config)
{
  const char *of_gstreamer = g_getenv ("GST_DEBUG_DUMP_DOT_DIR");

  if (config->dot_dir != NULL)
    return g_strdup (config->dot_dir);
  return g_strdup (of_gstreamer != NULL && *of_gstreamer != '\0' ? of_gstreamer : ".");
}

/* Before the workers, so that they know whether /metrics is theirs. */
static gboolean
start_metrics (ApApp *app, const ApConfig *config, guint n_workers, GError **error)
{
  g_autoptr (GSocketAddress) bound = NULL;
  g_autofree char *address = NULL;
  int fd;

  app->metrics.started_at = g_get_real_time ();
  app->metrics.workers = n_workers;
  app->metrics.max_connections = app->settings.max_connections;
  app->metrics.frame_log = app->frame_log;
  if (config->metrics_port < 0) {
    app->settings.metrics = &app->metrics;
    return TRUE;
  }
  fd = ap_listener_open (config->host, (guint16)config->metrics_port, TRUE, &bound, error);
  if (fd < 0)
    return FALSE;
  app->metrics_http = ap_http_new (fd, AP_HTTP_REQUEST_SECONDS);
  ap_http_add_route (app->metrics_http, &ap_metrics_route, &app->metrics);
  address = g_socket_connectable_to_string (G_SOCKET_CONNECTABLE (bound));
  ap_notice ("metrics on http://%s/metrics", address);
  return TRUE;
}

ApApp *
ap_app_start (const ApConfig *config, GError **error)
{
  g_autoptr (ApApp) app = g_new0 (ApApp, 1);
  g_autoptr (GArray) fds = g_array_new (FALSE, FALSE, sizeof (int));
  g_autoptr (GSocketAddress) bound = NULL;
  guint n = config->workers > 0 ? (guint)config->workers : g_get_num_processors ();

  ap_memory_init ();
  ap_log_start_thread ();
  app->settings.max_connections = max_connections (config, raise_descriptor_limit ());
  app->loop = g_main_loop_new (NULL, FALSE);
  app->signals[0] = g_unix_signal_add (SIGINT, on_signal, app);
  app->signals[1] = g_unix_signal_add (SIGTERM, on_signal, app);
  app->signals[2] = g_unix_signal_add (SIGUSR1, on_draw_signal, app);
  app->dot_dir = choose_dot_dir (config);
  app->workers = g_ptr_array_new_with_free_func ((GDestroyNotify)ap_worker_free);
  app->drain_seconds = config->drain_seconds;
  app->allowed_origins = ap_config_get_allowed_origins (config);
  app->settings.ping_seconds = (guint)config->ping_seconds;
  app->settings.max_frame_bytes = (gsize)config->max_frame_bytes;
  app->settings.allowed_origins = (const char *const *)app->allowed_origins;
  app->settings.count_sessions = count_sessions;
  app->settings.data = app;
  if (!ap_config_get_api_tokens (config, &app->tokens, error))
    return NULL;
  app->settings.tokens = app->tokens;
  if (!settle_pipeline (app, config, error))
    return NULL;
  /* The address first: a second server must not touch what the first one keeps. */
  if (!open_listeners (config, fds, n, &bound, error) || !start_rooms (app, config, error))
    return NULL;
  if (!config->no_log_frames)
    app->settings.frame_log = app->frame_log = ap_line_writer_new (STDOUT_FILENO, report_dropped_lines);
  if (!start_metrics (app, config, n, error))
    return NULL;
  for (guint i = 0; i < n; i++)
    g_ptr_array_add (app->workers, ap_worker_new (i, g_array_index (fds, int, i), &app->settings));
  for_each_worker (app, ap_worker_start);
  app->started = TRUE;
  log_start (bound, &app->settings, n);
  return g_steal_pointer (&app);
}

int
ap_app_run (ApApp *app)
{
  g_main_loop_run (app->loop);
  return app->exit_status;
}

void
ap_app_free (ApApp *app)
{
  for (guint i = 0; i < G_N_ELEMENTS (app->signals); i++)
    g_clear_handle_id (&app->signals[i], g_source_remove);
  /* Each worker counts the sessions of all for /health, so none is freed before the last has stopped. */
  if (app->started)
    for_each_worker (app, ap_worker_stop);
  g_clear_pointer (&app->workers, g_ptr_array_unref);
  g_clear_pointer (&app->rooms, stop_rooms);
  g_clear_pointer (&app->metrics_http, ap_http_free);
  g_clear_pointer (&app->frame_log, ap_line_writer_free);
  ap_pipeline_await_stopped (PIPELINE_STOP_TIME_US);
  ap_log_stop_thread ();
  g_free (app->converted);
  g_clear_pointer (&app->tokens, ap_tokens_free);
  g_free (app->dot_dir);
  g_strfreev (app->allowed_origins);
  gst_clear_caps (&app->settings.pipeline.caps);
  g_clear_pointer (&app->loop, g_main_loop_unref);
  g_free (app);
}
