/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Load for echo servers. */
#include "bench-load.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "latency.h"

#define HEAD_IN    4 /* of an echo: two bytes and a 16-bit length */
#define HEAD_OUT   8 /* the same and a mask */
#define NOISE_LEN  65536
#define MAX_WINDOW 64

typedef struct {
  int fd;
  guint32 number;
  guint32 sent;
  guint32 received;
  gint64 sent_at[MAX_WINDOW]; /* ns, of frame n at n % MAX_WINDOW */
  guint8 *in;                 /* the start of an echo, at most a whole window */
  gsize in_len;
} Connection;

typedef struct {
  const LoadPlan *plan;
  Connection *connections;
  int set;
  gsize in_size;
  guint8 *out;      /* where a window of frames is put together */
  guint8 *expected; /* where the payload that must come back is */
  guint8 noise[2 * NOISE_LEN];
  gboolean sending;
  guint64 frames;
  Latency latency;
} Load;

static gint64
now_ns (void)
{
  struct timespec time;

  clock_gettime (CLOCK_MONOTONIC, &time);
  return time.tv_sec * G_GINT64_CONSTANT (1000000000) + time.tv_nsec;
}

/* Payload number @frame of a connection: both numbers and then noise, from a place that both say. */
static void
fill_payload (const Load *load, const Connection *connection, guint32 frame, guint8 *payload)
{
  const guint32 numbers[2] = { connection->number, frame };
  gsize start = (connection->number * 7919u + frame * 131u) % NOISE_LEN;

  memcpy (payload, load->noise + start, load->plan->frame_bytes);
  memcpy (payload, numbers, sizeof numbers);
}

/* Returns: bytes of the frame */
static gsize
build_frame (const Load *load, const Connection *connection, guint32 number, guint8 *out)
{
  guint len = load->plan->frame_bytes;
  guint8 *payload = out + HEAD_OUT;
  guint32 mask = number * 2654435761u + 0x5bd1e995u;

  out[0] = 0x82;
  out[1] = 0x80 | 126;
  out[2] = (guint8)(len >> 8);
  out[3] = (guint8)len;
  memcpy (out + 4, &mask, sizeof mask);
  fill_payload (load, connection, number, payload);
  for (guint i = 0; i < len; i++)
    payload[i] ^= out[4 + (i & 3)];
  return HEAD_OUT + len;
}

/* A window is far smaller than a socket's buffer: it is taken at once or something is wrong. */
static void
send_frames (Load *load, Connection *connection, guint count)
{
  gint64 now = now_ns ();
  gsize len = 0;

  for (guint i = 0; i < count; i++) {
    connection->sent_at[connection->sent % MAX_WINDOW] = now;
    len += build_frame (load, connection, connection->sent++, load->out + len);
  }
  if (len > 0 && send (connection->fd, load->out, len, MSG_NOSIGNAL) != (gssize)len)
    g_error ("connection %u: a window of frames was not taken: %s", connection->number, g_strerror (errno));
}

static void
check_echo (Load *load, Connection *connection, const guint8 *echo)
{
  guint len = load->plan->frame_bytes;
  const guint8 head[HEAD_IN] = { 0x82, 126, (guint8)(len >> 8), (guint8)len };

  fill_payload (load, connection, connection->received, load->expected);
  if (memcmp (echo, head, HEAD_IN) != 0 || memcmp (echo + HEAD_IN, load->expected, len) != 0)
    g_error ("connection %u: the echo of frame %u is not that frame", connection->number, connection->received);
}

static void
receive_echoes (Load *load, Connection *connection)
{
  gsize echo_len = HEAD_IN + load->plan->frame_bytes;
  gssize n = recv (connection->fd, connection->in + connection->in_len, load->in_size - connection->in_len, 0);
  gint64 now = now_ns ();
  gsize at = 0;

  if (n <= 0)
    g_error ("connection %u ended: %s", connection->number, n < 0 ? g_strerror (errno) : "by the server");
  connection->in_len += (gsize)n;
  for (; connection->in_len - at >= echo_len; at += echo_len) {
    check_echo (load, connection, connection->in + at);
    latency_add (&load->latency, now - connection->sent_at[connection->received++ % MAX_WINDOW]);
    load->frames++;
  }
  connection->in_len -= at;
  memmove (connection->in, connection->in + at, connection->in_len);
  if (load->sending)
    send_frames (load, connection, (guint)(at / echo_len));
}

/* Returns: whether something came within a second */
static gboolean
turn (Load *load)
{
  struct epoll_event events[128];
  int count = epoll_wait (load->set, events, G_N_ELEMENTS (events), 1000);

  for (int i = 0; i < count; i++)
    receive_echoes (load, events[i].data.ptr);
  return count > 0;
}

static void
run_until (Load *load, gint64 end)
{
  while (now_ns () < end)
    if (!turn (load))
      g_error ("no echo came for a second");
}

static void
shake_hands (Connection *connection)
{
  static const char request[] =
      "GET /ws/audio HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
      "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n";
  char answer[4096] = "";
  gsize len = 0;

  if (send (connection->fd, request, strlen (request), MSG_NOSIGNAL) < 0)
    g_error ("handshake: %s", g_strerror (errno));
  while (strstr (answer, "\r\n\r\n") == NULL) {
    gssize n = recv (connection->fd, answer + len, sizeof answer - 1 - len, 0);

    if (n <= 0)
      g_error ("handshake: the server ended the connection after: %s", answer);
    len += (gsize)n;
  }
  if (!g_str_has_prefix (answer, "HTTP/1.1 101 "))
    g_error ("handshake: %s", answer);
}

static void
open_connection (Load *load, guint32 number, guint16 port)
{
  struct sockaddr_in address = { .sin_family = AF_INET, .sin_port = g_htons (port) };
  Connection *connection = &load->connections[number];
  struct epoll_event event = { .events = EPOLLIN, .data.ptr = connection };

  address.sin_addr.s_addr = g_htonl (INADDR_LOOPBACK);
  connection->number = number;
  connection->in = g_malloc (load->in_size);
  connection->fd = socket (AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (connection->fd < 0 || connect (connection->fd, (struct sockaddr *)&address, sizeof address) != 0)
    g_error ("connection %u: %s", number, g_strerror (errno));
  setsockopt (connection->fd, IPPROTO_TCP, TCP_NODELAY, &(int){ 1 }, sizeof (int));
  shake_hands (connection);
  epoll_ctl (load->set, EPOLL_CTL_ADD, connection->fd, &event);
}

static Load *
load_new (const LoadPlan *plan, guint16 port)
{
  Load *load = g_new0 (Load, 1);

  g_assert (plan->window <= MAX_WINDOW && plan->frame_bytes >= 126 && plan->frame_bytes <= G_MAXUINT16);
  load->plan = plan;
  load->in_size = plan->window * (HEAD_IN + plan->frame_bytes);
  load->out = g_malloc (plan->window * (HEAD_OUT + plan->frame_bytes));
  load->expected = g_malloc (plan->frame_bytes);
  load->connections = g_new0 (Connection, plan->connections);
  load->set = epoll_create1 (EPOLL_CLOEXEC);
  for (gsize i = 0; i < sizeof load->noise; i++)
    load->noise[i] = (guint8)g_random_int ();
  for (guint i = 0; i < plan->connections; i++)
    open_connection (load, i, port);
  return load;
}

static void
load_free (Load *load)
{
  for (guint i = 0; i < load->plan->connections; i++) {
    close (load->connections[i].fd);
    g_free (load->connections[i].in);
  }
  close (load->set);
  g_free (load->connections);
  g_free (load->expected);
  g_free (load->out);
  g_free (load);
}

/* Every frame that was sent comes back. */
static void
drain (Load *load)
{
  load->sending = FALSE;
  for (guint i = 0; i < load->plan->connections; i++)
    while (load->connections[i].received < load->connections[i].sent)
      if (!turn (load))
        g_error ("connection %u: %u of %u echoes came", i, load->connections[i].received, load->connections[i].sent);
}

LoadResult
load_run (const LoadPlan *plan, ServerProcess *server)
{
  Load *load = load_new (plan, server_process_port (server));
  gint64 start, cpu, took;
  LoadResult result;

  load->sending = TRUE;
  for (guint i = 0; i < plan->connections; i++)
    send_frames (load, &load->connections[i], plan->window);
  run_until (load, now_ns () + (gint64)(plan->seconds * 0.25e9));

  load->frames = 0;
  load->latency = (Latency){ 0 };
  start = now_ns ();
  cpu = server_process_cpu_ns (server);
  run_until (load, start + (gint64)(plan->seconds * 1e9));
  cpu = server_process_cpu_ns (server) - cpu;
  took = now_ns () - start;

  result = (LoadResult){
    .frames_per_second = (double)load->frames / ((double)took / 1e9),
    .cpu_per_frame = (double)cpu / 1e3 / (double)load->frames,
    .p50 = latency_percentile (&load->latency, 50) / 1e3,
    .p99 = latency_percentile (&load->latency, 99) / 1e3,
    .p999 = latency_percentile (&load->latency, 99.9) / 1e3,
  };
  drain (load);
  load_free (load);
  return result;
}
