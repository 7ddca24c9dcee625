/* SPDX-License-Identifier: LGPL-2.1-or-later */
#define G_LOG_DOMAIN "net"

#include "net/ap-connection.h"

#include "base/ap-limits.h"
#include "base/ap-metrics.h"
#include "base/ap-output-wait.h"
#include "net/ap-message-reader.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

/* The life of a connection; it only moves forward. */
typedef enum {
  AP_CONNECTION_OPEN,
  AP_CONNECTION_ENDING,     /* nothing more is read: the peer's close, its mistake, or the owner's wish; the owner still
                               sends */
  AP_CONNECTION_CLOSING,    /* our close frame is queued or sent; the peer's is awaited */
  AP_CONNECTION_DISCARDING, /* nothing more to say or to hear; what still comes is thrown away until the peer's end */
  AP_CONNECTION_CLOSED,
} ApConnectionState;

struct _ApConnection {
  GObject parent_instance;

  ApPollerWatch watch; /* holds the descriptor */
  ApPoller *poller;
  ApTimers *timers;
  const ApConnectionCallbacks *callbacks;
  gpointer owner;
  ApConnectionLimits limits;

  ApConnectionState state;
  ApMessageReader *reader; /* only while a message is incomplete */
  ApByteQueue output;
  ApOutputWait *wait; /* while output waits for the socket */
  gboolean reading;
  gboolean writable_awaited;
  guint32 events; /* what the poller was told */

  gboolean peer_closed; /* its close frame was read, or it broke a rule: no answer is to be expected */
  gboolean peer_erred;  /* it broke a rule */
  gboolean peer_ended;  /* it closed or left of its own will, before we did */
  guint16 close_code;
  char *close_reason;

  gint64 heard_at; /* monotonic, microseconds, as is @pinged_at */
  gint64 pinged_at;
  ApTimer silence_timer;
  ApTimer close_timer;
  ApTimer stall_timer; /* runs while output waits for the peer */
};

G_DEFINE_FINAL_TYPE (ApConnection, ap_connection, G_TYPE_OBJECT)

#define CONNECTION_OF(part, name) ((ApConnection *)(gpointer)((guint8 *)(part)-G_STRUCT_OFFSET (ApConnection, name)))

static void
start_timer (ApConnection *connection, ApTimer *timer, guint seconds)
{
  ap_timers_set (connection->timers, timer, g_get_monotonic_time () + seconds * G_TIME_SPAN_SECOND);
}

static void
stop_timers (ApConnection *connection)
{
  ap_timers_clear (connection->timers, &connection->silence_timer);
  ap_timers_clear (connection->timers, &connection->close_timer);
  ap_timers_clear (connection->timers, &connection->stall_timer);
}

static void
finish (ApConnection *connection, guint16 code, const char *reason)
{
  if (connection->state == AP_CONNECTION_CLOSED)
    return;
  connection->state = AP_CONNECTION_CLOSED;
  stop_timers (connection);
  ap_poller_remove (connection->poller, &connection->watch);
  close (connection->watch.fd);
  ap_byte_queue_clear (&connection->output);
  ap_output_wait_update (&connection->wait, 0, 0);
  connection->callbacks->closed (connection->owner, code, reason);
}

/* The end of a socket whose closing had a code already keeps that code. */
static void
finish_as_agreed (ApConnection *connection, const char *otherwise)
{
  if (connection->close_code != 0) {
    finish (connection, connection->close_code, connection->close_reason);
    return;
  }
  connection->peer_ended = TRUE;
  finish (connection, 1006, otherwise);
}

static void
on_close_timeout (ApTimer *timer)
{
  ApConnection *connection = CONNECTION_OF (timer, close_timer);

  if (connection->peer_closed)
    finish_as_agreed (connection, NULL);
  else
    finish (connection, 1006, "the peer did not finish the closing handshake in time");
}

static void
on_stall_timeout (ApTimer *timer)
{
  ap_metrics_count_failure (AP_FAILURE_OUTPUT_STALL);
  finish (CONNECTION_OF (timer, stall_timer), 1006, "the peer has stopped reading");
}

static void
update_events (ApConnection *connection)
{
  guint32 events = 0;

  if (connection->reading || connection->state >= AP_CONNECTION_CLOSING)
    events |= EPOLLIN;
  if (connection->writable_awaited)
    events |= EPOLLOUT;
  if (events == connection->events || connection->state == AP_CONNECTION_CLOSED)
    return;
  connection->events = events;
  ap_poller_modify (connection->poller, &connection->watch, events);
}

static gboolean
has_unread_input (int fd)
{
  int n = 0;

  return ioctl (fd, FIONREAD, &n) == 0 && n > 0;
}

/* After the last word of both sides the socket ends at once, as RFC 6455, section 7.1.1 asks of a server. But to close
 * with unread input would reset the connection and could destroy the close frame on its way: then, and when the peer
 * broke a rule and may go on sending, its end is awaited. */
static void
say_goodbye (ApConnection *connection)
{
  if ((!connection->peer_erred && !has_unread_input (connection->watch.fd)) ||
      shutdown (connection->watch.fd, SHUT_WR) < 0) {
    finish_as_agreed (connection, NULL);
    return;
  }
  connection->state = AP_CONNECTION_DISCARDING;
  update_events (connection);
}

static void
after_write (ApConnection *connection, gsize taken)
{
  gboolean waiting = connection->output.length > 0;

  ap_output_wait_update (&connection->wait, connection->output.length, taken);
  if (taken > 0)
    ap_timers_clear (connection->timers, &connection->stall_timer);
  if (waiting && connection->stall_timer.place == 0)
    start_timer (connection, &connection->stall_timer, connection->limits.stall_seconds);
  connection->writable_awaited = waiting;
  update_events (connection);
}

void
ap_connection_flush (ApConnection *connection)
{
  gssize n;

  if (connection->state == AP_CONNECTION_CLOSED || connection->output.length == 0)
    return;
  n = send (connection->watch.fd, connection->output.data + connection->output.start, connection->output.length,
            MSG_NOSIGNAL);
  if (n < 0 && errno != EAGAIN && errno != EINTR) {
    finish_as_agreed (connection, g_strerror (errno));
    return;
  }
  if (n > 0)
    ap_byte_queue_consume (&connection->output, (gsize)n);
  /* Nothing waits and nothing did: the ordinary case costs one comparison. */
  if (connection->output.length > 0 || connection->writable_awaited)
    after_write (connection, (gsize)MAX (n, 0));
  if (connection->output.length == 0 && connection->state == AP_CONNECTION_CLOSING && connection->peer_closed)
    say_goodbye (connection);
}

/* Not while it is not read from, nor while output waits, which has a timer of its own; and a worker that is late must
 * not take it out on the peer. */
static gboolean
could_be_heard (ApConnection *connection)
{
  return connection->reading && connection->output.length == 0 && !has_unread_input (connection->watch.fd);
}

/* A peer behind a proxy may be gone while the proxy answers TCP's probes: only an answer by WebSocket tells. */
static void
on_silence (ApTimer *timer)
{
  g_autoptr (ApConnection) connection = g_object_ref (CONNECTION_OF (timer, silence_timer));
  const gint64 patience = connection->limits.ping_seconds * G_TIME_SPAN_SECOND;
  gint64 now = g_get_monotonic_time ();

  if (!could_be_heard (connection))
    connection->heard_at = now;
  if (connection->heard_at + patience > now) {
    ap_timers_set (connection->timers, timer, connection->heard_at + patience);
    return;
  }
  if (connection->pinged_at > connection->heard_at) {
    ap_metrics_count_failure (AP_FAILURE_NO_PONG);
    finish (connection, 1006, "the peer has not answered a ping");
    return;
  }
  connection->pinged_at = now;
  ap_timers_set (connection->timers, timer, now + patience);
  ap_message_write (&connection->output, AP_OPCODE_PING, NULL, 0);
  ap_connection_flush (connection);
}

static void
send_close (ApConnection *connection, guint16 code, const char *reason)
{
  guint8 payload[125] = { (guint8)(code >> 8), (guint8)code };
  gsize length = reason != NULL ? strlen (reason) : 0;

  if (length > sizeof payload - 2) {
    const char *cut = g_utf8_find_prev_char (reason, reason + sizeof payload - 1);
    length = (gsize)(cut - reason);
  }
  if (length > 0)
    memcpy (payload + 2, reason, length);
  ap_message_write (&connection->output, AP_OPCODE_CLOSE, payload, code == 1005 ? 0 : length + 2);
}

void
ap_connection_end_reading (ApConnection *connection)
{
  if (connection->state > AP_CONNECTION_ENDING)
    return;
  connection->state = AP_CONNECTION_ENDING;
  connection->reading = FALSE;
  ap_timers_clear (connection->timers, &connection->silence_timer);
  update_events (connection);
}

void
ap_connection_close (ApConnection *connection, guint16 code, const char *reason)
{
  if (connection->state >= AP_CONNECTION_CLOSING)
    return;
  if (connection->close_code == 0) {
    connection->close_code = code;
    connection->close_reason = g_strdup (reason);
  }
  send_close (connection, code, reason);
  connection->state = AP_CONNECTION_CLOSING;
  ap_timers_clear (connection->timers, &connection->silence_timer);
  start_timer (connection, &connection->close_timer, AP_CLOSE_SECONDS);
  update_events (connection);
  ap_connection_flush (connection);
}

void
ap_connection_abort (ApConnection *connection, const char *reason)
{
  finish (connection, 1006, reason);
}

void
ap_connection_send (ApConnection *connection, ApOpcode opcode, const guint8 *data, gsize length)
{
  if (connection->state < AP_CONNECTION_CLOSING)
    ap_message_write (&connection->output, opcode, data, length);
}

gsize
ap_connection_get_queued_bytes (ApConnection *connection)
{
  return connection->output.length;
}

gboolean
ap_connection_was_ended_by_peer (ApConnection *connection)
{
  return connection->peer_ended;
}

void
ap_connection_set_reading (ApConnection *connection, gboolean reading)
{
  connection->reading = reading && connection->state == AP_CONNECTION_OPEN;
  update_events (connection);
}

static void
begin_ending (ApConnection *connection, const ApMessage *message)
{
  g_autofree char *reason = g_strndup ((const char *)message->data, message->length);

  connection->peer_closed = TRUE;
  connection->peer_erred = message->kind == AP_MESSAGE_ERROR;
  if (connection->state == AP_CONNECTION_CLOSING) {
    ap_connection_flush (connection);
    if (connection->state == AP_CONNECTION_CLOSING && connection->output.length == 0)
      say_goodbye (connection);
    return;
  }
  connection->peer_ended = !connection->peer_erred && connection->close_code == 0;
  ap_connection_end_reading (connection);
  connection->close_code = message->code;
  connection->close_reason = g_strdup (reason);
  connection->callbacks->ending (connection->owner, message->code, reason);
}

/* Returns FALSE when there is no sense in reading on. */
static gboolean
take_message (ApConnection *connection, const ApMessage *message)
{
  switch (message->kind) {
  case AP_MESSAGE_TEXT:
    if (connection->state == AP_CONNECTION_OPEN)
      connection->callbacks->text (connection->owner, (const char *)message->data, message->length);
    break;
  case AP_MESSAGE_BINARY:
    if (connection->state == AP_CONNECTION_OPEN)
      connection->callbacks->binary (connection->owner, message->data, message->length);
    break;
  case AP_MESSAGE_PING:
    ap_connection_send (connection, AP_OPCODE_PONG, message->data, message->length);
    break;
  case AP_MESSAGE_PONG:
    break;
  case AP_MESSAGE_CLOSE:
  case AP_MESSAGE_ERROR:
    begin_ending (connection, message);
    return FALSE;
  case AP_MESSAGE_NEED_MORE:
    return FALSE;
  }
  return connection->state < AP_CONNECTION_DISCARDING;
}

static void
take_bytes (ApConnection *connection, guint8 *bytes, gsize length)
{
  ApMessage message;

  if (connection->state == AP_CONNECTION_DISCARDING || connection->peer_closed)
    return;
  if (connection->reader == NULL)
    connection->reader = ap_message_reader_acquire ();
  ap_message_reader_feed (connection->reader, bytes, length);
  do
    message = ap_message_reader_next (connection->reader, connection->limits.max_message_bytes);
  while (take_message (connection, &message));
  if (ap_message_reader_is_idle (connection->reader))
    g_clear_pointer (&connection->reader, ap_message_reader_release);
}

static void
receive (ApConnection *connection)
{
  static _Thread_local guint8 buffer[AP_RECEIVE_BYTES];
  gssize n = recv (connection->watch.fd, buffer, sizeof buffer, 0);

  if (n < 0 && (errno == EAGAIN || errno == EINTR))
    return;
  if (n <= 0) {
    finish_as_agreed (connection, n < 0 ? g_strerror (errno) : "the peer left without a closing handshake");
    return;
  }
  connection->heard_at = ap_poller_get_time (connection->poller);
  take_bytes (connection, buffer, (gsize)n);
  ap_connection_flush (connection);
  /* Answers to pings wait in the queue too, without the owner's doing. */
  if (connection->output.length > 0 && connection->state == AP_CONNECTION_OPEN)
    connection->callbacks->output_changed (connection->owner);
}

static void
on_ready (ApPollerWatch *watch, guint32 events)
{
  g_autoptr (ApConnection) connection = g_object_ref (CONNECTION_OF (watch, watch));

  if (events & EPOLLOUT) {
    ap_connection_flush (connection);
    if (connection->state < AP_CONNECTION_CLOSING)
      connection->callbacks->output_changed (connection->owner);
  }
  if (connection->state == AP_CONNECTION_CLOSED)
    return;
  /* EPOLLHUP and EPOLLERR come unasked; recv tells which end it was. */
  if (events & EPOLLIN)
    receive (connection);
  else if (events & (EPOLLHUP | EPOLLERR))
    finish_as_agreed (connection, "the connection was reset");
}

static void
set_socket_options (int fd, gsize unsent_bytes)
{
  const int on = 1;
  const int unsent = (int)unsent_bytes;
  const int idle = AP_KEEPALIVE_IDLE_SECONDS;
  const int interval = AP_KEEPALIVE_INTERVAL_SECONDS;
  const int probes = AP_KEEPALIVE_PROBES;
  const int milliseconds = AP_OUTPUT_STALL_SECONDS * 1000;

  /* Audio frames are small and each is wanted now. */
  setsockopt (fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  if (unsent > 0)
    setsockopt (fd, IPPROTO_TCP, TCP_NOTSENT_LOWAT, &unsent, sizeof unsent);
  /* A peer whose machine or network has gone is noticed by the data that it does not acknowledge, or, when nothing is
   * sent, by TCP's own probes. */
  setsockopt (fd, IPPROTO_TCP, TCP_USER_TIMEOUT, &milliseconds, sizeof milliseconds);
  setsockopt (fd, SOL_SOCKET, SO_KEEPALIVE, &on, sizeof on);
  setsockopt (fd, IPPROTO_TCP, TCP_KEEPIDLE, &idle, sizeof idle);
  setsockopt (fd, IPPROTO_TCP, TCP_KEEPINTVL, &interval, sizeof interval);
  setsockopt (fd, IPPROTO_TCP, TCP_KEEPCNT, &probes, sizeof probes);
}

ApConnection *
ap_connection_new (ApPoller *poller, ApTimers *timers, int fd, const ApConnectionLimits *limits,
                   const ApConnectionCallbacks *callbacks, gpointer owner)
{
  ApConnection *connection = g_object_new (AP_TYPE_CONNECTION, NULL);

  connection->poller = poller;
  connection->timers = timers;
  connection->watch = (ApPollerWatch){ on_ready, fd, limits->patient };
  connection->limits = *limits;
  connection->callbacks = callbacks;
  connection->owner = owner;
  set_socket_options (fd, limits->unsent_bytes);
  return connection;
}

gboolean
ap_connection_start (ApConnection *connection, GBytes *early)
{
  connection->reading = TRUE;
  connection->events = EPOLLIN;
  if (!ap_poller_add (connection->poller, &connection->watch, EPOLLIN))
    return FALSE;
  connection->heard_at = g_get_monotonic_time ();
  if (connection->limits.ping_seconds > 0 && connection->state == AP_CONNECTION_OPEN)
    start_timer (connection, &connection->silence_timer, connection->limits.ping_seconds);
  if (early != NULL && g_bytes_get_size (early) > 0) {
    g_autoptr (GByteArray) bytes = g_bytes_unref_to_array (g_bytes_ref (early));

    take_bytes (connection, bytes->data, bytes->len);
  }
  ap_connection_flush (connection);
  return TRUE;
}

static void
ap_connection_finalize (GObject *object)
{
  ApConnection *connection = AP_CONNECTION (object);

  g_clear_pointer (&connection->reader, ap_message_reader_release);
  stop_timers (connection);
  if (connection->state != AP_CONNECTION_CLOSED)
    close (connection->watch.fd);
  ap_byte_queue_clear (&connection->output);
  ap_output_wait_update (&connection->wait, 0, 0);
  g_free (connection->close_reason);
  G_OBJECT_CLASS (ap_connection_parent_class)->finalize (object);
}

static void
ap_connection_class_init (ApConnectionClass *klass)
{
  G_OBJECT_CLASS (klass)->finalize = ap_connection_finalize;
}

static void
ap_connection_init (ApConnection *connection)
{
  connection->silence_timer.ring = on_silence;
  connection->close_timer.ring = on_close_timeout;
  connection->stall_timer.ring = on_stall_timeout;
}
