/* SPDX-License-Identifier: LGPL-2.1-or-later */
#define G_LOG_DOMAIN "net"

#include "net/ap-listener.h"

#include "base/ap-error.h"
#include "base/ap-limits.h"
#include "base/ap-log.h"
#include "base/ap-memory.h"
#include "base/ap-metrics.h"
#include "net/ap-http-guard.h"

#include <errno.h>
#include <glib-unix.h>
#include <sys/socket.h>
#include <unistd.h>

#define DEADLINE_KEY "deadline"

struct _ApListener {
  int fd;
  guint request_seconds;
  GSource *source; /* the socket, or the pause after a refusal */
  GSource *calm;   /* from the first refusal until the system has refused none for a while */
  void (*accepted) (GSocketConnection *connection, gpointer data);
  gpointer data;
};

static void watch_socket (ApListener *listener);
static gboolean on_calm (gpointer data);

static void
end_source (GSource *source)
{
  if (source == NULL)
    return;
  g_source_destroy (source);
  g_source_unref (source);
}

static GSource *
begin_source (GSource *source, GSourceFunc func, gpointer data)
{
  g_source_set_callback (source, func, data, NULL);
  g_source_attach (source, g_main_context_get_thread_default ());
  return source;
}

static void
set_source (ApListener *listener, GSource *source, GSourceFunc func)
{
  end_source (listener->source);
  listener->source = begin_source (source, func, listener);
}

static gboolean
on_pause_over (gpointer data)
{
  watch_socket (data);
  return G_SOURCE_REMOVE;
}

/* Out of descriptors or memory: the socket stays readable, so without a pause the loop would spin. Said once, however
 * many clients leave and come meanwhile. */
static void
pause_accepting (ApListener *listener, int error)
{
  if (listener->calm == NULL)
    ap_warning ("cannot accept a connection: %s; new clients wait until some have left", g_strerror (error));
  ap_metrics_count_failure (AP_FAILURE_ACCEPT);
  end_source (listener->calm);
  listener->calm = begin_source (g_timeout_source_new_seconds (AP_ACCEPT_CALM_SECONDS), on_calm, listener);
  set_source (listener, g_timeout_source_new (AP_ACCEPT_PAUSE_MS), on_pause_over);
}

static gboolean
on_deadline (gpointer connection)
{
  g_socket_shutdown (g_socket_connection_get_socket (connection), TRUE, TRUE, NULL);
  return G_SOURCE_REMOVE;
}

static void
end_deadline (gpointer source)
{
  ap_count (&ap_metrics_mine ()->counts.http_done, 1);
  end_source (source);
}

/* For as long as the GIO object lives, which is until the answer or the handshake is written. */
static void
begin_deadline (GSocketConnection *connection, guint seconds)
{
  GSource *source = begin_source (g_timeout_source_new_seconds (seconds), on_deadline, connection);

  g_object_set_data_full (G_OBJECT (connection), DEADLINE_KEY, source, end_deadline);
}

void
ap_listener_extend (GSocketConnection *connection, guint seconds)
{
  GSource *source = g_object_get_data (G_OBJECT (connection), DEADLINE_KEY);

  g_socket_set_timeout (g_socket_connection_get_socket (connection), AP_HTTP_STALL_SECONDS);
  g_source_set_ready_time (source, g_get_monotonic_time () + seconds * G_TIME_SPAN_SECOND);
}

static void
hand_over (ApListener *listener, int fd)
{
  g_autoptr (GSocket) socket = g_socket_new_from_fd (fd, NULL);
  g_autoptr (GSocketConnection) connection = NULL;

  if (socket == NULL) {
    close (fd);
    return;
  }
  /* GIO gives up a read that waits longer: a client that is silent in the middle of a request does not stay. */
  g_socket_set_timeout (socket, MIN (AP_HTTP_IDLE_SECONDS, listener->request_seconds));
  connection = ap_http_guard_connection (socket);
  ap_count (&ap_metrics_mine ()->counts.accepted, 1);
  begin_deadline (connection, listener->request_seconds);
  listener->accepted (connection, listener->data);
}

/* Returns: 0, or why the system refuses */
static int
accept_waiting (ApListener *listener)
{
  if (ap_memory_room (AP_MEMORY_RESERVE / 2) == 0)
    return ENOMEM;
  for (int i = 0; i < AP_ACCEPT_BATCH; i++) {
    int fd = accept4 (listener->fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);

    if (fd >= 0)
      hand_over (listener, fd);
    else if (errno == EMFILE || errno == ENFILE || errno == ENOBUFS || errno == ENOMEM)
      return errno;
    else if (errno == EAGAIN)
      return 0;
    /* Any other error is that of one connection that is gone already. */
  }
  return 0;
}

static gboolean
on_connections (int listen_fd, GIOCondition condition, gpointer data)
{
  int error = accept_waiting (data);

  if (error == 0)
    return G_SOURCE_CONTINUE;
  pause_accepting (data, error);
  return G_SOURCE_REMOVE;
}

/* No refusal for a while, but perhaps because nobody came: a look tells, which takes a descriptor before it looks. */
static gboolean
on_calm (gpointer data)
{
  ApListener *listener = data;
  int error = accept_waiting (listener);

  if (error != 0) {
    pause_accepting (listener, error);
    return G_SOURCE_REMOVE;
  }
  g_clear_pointer (&listener->calm, g_source_unref);
  ap_notice ("connections are accepted again");
  return G_SOURCE_REMOVE;
}

static void
watch_socket (ApListener *listener)
{
  set_source (listener, g_unix_fd_source_new (listener->fd, G_IO_IN), G_SOURCE_FUNC (on_connections));
}

ApListener *
ap_listener_new (int fd, guint request_seconds, void (*accepted) (GSocketConnection *connection, gpointer data),
                 gpointer data)
{
  ApListener *listener = g_new0 (ApListener, 1);

  listener->fd = fd;
  listener->request_seconds = request_seconds;
  listener->accepted = accepted;
  listener->data = data;
  watch_socket (listener);
  return listener;
}

void
ap_listener_free (ApListener *listener)
{
  end_source (listener->source);
  end_source (listener->calm);
  close (listener->fd);
  g_free (listener);
}

static GSocketAddress *
resolve (const char *host, guint16 port, GError **error)
{
  g_autoptr (GSocketAddress) literal = g_inet_socket_address_new_from_string (host, port);
  g_autolist (GInetAddress) addresses = NULL;
  g_autoptr (GError) reason = NULL;

  if (literal != NULL)
    return g_steal_pointer (&literal);
  addresses = g_resolver_lookup_by_name (g_resolver_get_default (), host, NULL, &reason);
  if (addresses != NULL)
    return g_inet_socket_address_new (addresses->data, port);
  g_set_error (error, AP_ERROR, AP_ERROR_USAGE,
               "--host: '%s' is not valid; it takes an address of this machine or a name that resolves to one (%s)",
               host, reason->message);
  return NULL;
}

/* Without @shared the bind fails where anything listens already, this program included; with it, it would succeed. */
static int
bind_socket (const struct sockaddr *address, socklen_t length, gboolean shared)
{
  const int on = 1;
  int fd = socket (address->sa_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

  if (fd < 0)
    return -1;
  setsockopt (fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  if (shared)
    setsockopt (fd, SOL_SOCKET, SO_REUSEPORT, &on, sizeof on);
  if (bind (fd, address, length) == 0 && (!shared || listen (fd, AP_LISTEN_BACKLOG) == 0))
    return fd;
  close (fd);
  return -1;
}

static GSocketAddress *
bound_address (int fd)
{
  struct sockaddr_storage storage;
  socklen_t length = sizeof storage;

  if (getsockname (fd, (struct sockaddr *)&storage, &length) < 0)
    return NULL;
  return g_socket_address_new_from_native (&storage, length);
}

static int
refuse (const char *host, guint16 port, GError **error)
{
  if (errno == EADDRINUSE)
    g_set_error (error, AP_ERROR, AP_ERROR_UNAVAILABLE,
                 "port %u of %s is in use by another program; stop it, or choose another port by --port", port, host);
  else
    g_set_error (error, AP_ERROR, AP_ERROR_UNAVAILABLE, "cannot listen on %s, port %u: %s", host, port,
                 g_strerror (errno));
  return -1;
}

int
ap_listener_open (const char *host, guint16 port, gboolean first, GSocketAddress **bound, GError **error)
{
  g_autoptr (GSocketAddress) address = resolve (host, port, error);
  struct sockaddr_storage storage;
  gssize length;
  int fd;

  if (address == NULL)
    return -1;
  length = g_socket_address_get_native_size (address);
  if (!g_socket_address_to_native (address, &storage, sizeof storage, error))
    return -1;
  if (first) {
    fd = bind_socket ((struct sockaddr *)&storage, (socklen_t)length, FALSE);
    if (fd < 0)
      return refuse (host, port, error);
    close (fd);
  }
  fd = bind_socket ((struct sockaddr *)&storage, (socklen_t)length, TRUE);
  if (fd < 0)
    return refuse (host, port, error);
  *bound = bound_address (fd);
  return fd;
}
