/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The floor: the least that a program can do to echo WebSocket frames. One epoll set, one recv and one send for all the
 * frames that are there, no check of any rule. For the benchmark alone. */
#include <errno.h>
#include <fcntl.h>
#include <glib.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#define BUFFER_SIZE (64 * 1024)

typedef struct {
  int fd;
  gboolean open; /* the handshake is done */
  guint8 *rest;  /* the start of a frame or of the request */
  gsize rest_len;
} Peer;

/* Of a thread, for whichever peer it serves: what came, and the answer. */
static _Thread_local guint8 input[BUFFER_SIZE + 1];
static _Thread_local guint8 answer[BUFFER_SIZE];

static void
keep (Peer *peer, gsize start, gsize end)
{
  peer->rest_len = end - start;
  peer->rest = peer->rest_len > 0 ? g_memdup2 (input + start, peer->rest_len) : NULL;
}

/* @len: bytes of the input */
static gboolean
shake_hands (Peer *peer, gsize len)
{
  static const char name[] = "Sec-WebSocket-Key: ";
  g_autoptr (GChecksum) sum = g_checksum_new (G_CHECKSUM_SHA1);
  g_autofree char *accept = NULL;
  g_autofree char *text = NULL;
  const char *key;
  guint8 digest[20];
  gsize digest_len = sizeof digest;

  input[len] = '\0';
  if (strstr ((char *)input, "\r\n\r\n") == NULL) {
    keep (peer, 0, len);
    return TRUE;
  }
  key = strstr ((char *)input, name);
  if (key == NULL)
    return FALSE;
  g_checksum_update (sum, (const guchar *)key + strlen (name), 24);
  g_checksum_update (sum, (const guchar *)"258EAFA5-E914-47DA-95CA-C5AB0DC85B11", -1);
  g_checksum_get_digest (sum, digest, &digest_len);
  accept = g_base64_encode (digest, digest_len);
  text = g_strdup_printf ("HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                          "Sec-WebSocket-Accept: %s\r\n\r\n",
                          accept);
  peer->open = TRUE;
  return send (peer->fd, text, strlen (text), MSG_NOSIGNAL) == (gssize)strlen (text);
}

/* Writes the echo of the frame at @in, which is masked and not longer than 65,535 bytes, to @out.
 * Returns: bytes of the frame; 0 when it is not all there. */
static gsize
echo_frame (const guint8 *in, gsize in_len, guint8 *out, gsize *out_len)
{
  gsize head = in_len >= 2 && (in[1] & 0x7f) == 126 ? 4 : 2;
  gsize len;

  if (in_len < head + 4)
    return 0;
  len = head == 4 ? (gsize)(in[2] << 8 | in[3]) : in[1] & 0x7f;
  if (in_len < head + 4 + len)
    return 0;
  memcpy (out, in, head);
  out[1] &= 0x7f;
  for (gsize i = 0; i < len; i++)
    out[head + i] = in[head + 4 + i] ^ in[head + (i & 3)];
  *out_len = head + len;
  return head + 4 + len;
}

static gboolean
echo_frames (Peer *peer, gsize len)
{
  gsize done = 0, answer_len = 0, frame, out;

  while ((frame = echo_frame (input + done, len - done, answer + answer_len, &out)) > 0) {
    done += frame;
    answer_len += out;
  }
  keep (peer, done, len);
  return answer_len == 0 || send (peer->fd, answer, answer_len, MSG_NOSIGNAL) == (gssize)answer_len;
}

/* Returns: bytes of the input; 0 when the peer has left */
static gsize
receive (Peer *peer)
{
  gsize len = peer->rest_len;
  gssize n = recv (peer->fd, input + len, BUFFER_SIZE - len, 0);

  if (len > 0)
    memcpy (input, peer->rest, len);
  g_clear_pointer (&peer->rest, g_free);
  peer->rest_len = 0;
  return n > 0 ? len + (gsize)n : 0;
}

static void
serve (Peer *peer)
{
  gsize len = receive (peer);

  if (len > 0 && (peer->open ? echo_frames (peer, len) : shake_hands (peer, len)))
    return;
  close (peer->fd);
  g_free (peer->rest);
  g_free (peer);
}

static void
welcome (int listener, int set)
{
  Peer *peer;
  int fd = accept4 (listener, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
  struct epoll_event event = { .events = EPOLLIN };

  if (fd < 0)
    return;
  event.data.ptr = peer = g_new0 (Peer, 1);
  peer->fd = fd;
  /* A client whose socket is full is waited for. */
  fcntl (fd, F_SETFL, 0);
  setsockopt (fd, IPPROTO_TCP, TCP_NODELAY, &(int){ 1 }, sizeof (int));
  epoll_ctl (set, EPOLL_CTL_ADD, fd, &event);
}

/* The port is picked with @port 0. Returns: a listening socket, of which each thread has one */
static int
listen_on (guint16 *port)
{
  struct sockaddr_in address = { .sin_family = AF_INET, .sin_port = g_htons (*port) };
  socklen_t len = sizeof address;
  int listener = socket (AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

  address.sin_addr.s_addr = g_htonl (INADDR_LOOPBACK);
  setsockopt (listener, SOL_SOCKET, SO_REUSEPORT, &(int){ 1 }, sizeof (int));
  if (bind (listener, (struct sockaddr *)&address, len) != 0 || listen (listener, 4096) != 0 ||
      getsockname (listener, (struct sockaddr *)&address, &len) != 0)
    g_error ("%s", g_strerror (errno));
  *port = g_ntohs (address.sin_port);
  return listener;
}

static gpointer
run (gpointer data)
{
  int listener = GPOINTER_TO_INT (data);
  struct epoll_event events[64] = { { .events = EPOLLIN, .data.ptr = NULL } };
  int set = epoll_create1 (EPOLL_CLOEXEC);

  epoll_ctl (set, EPOLL_CTL_ADD, listener, &events[0]);
  for (;;) {
    int count = epoll_wait (set, events, G_N_ELEMENTS (events), -1);

    for (int i = 0; i < count; i++) {
      if (events[i].data.ptr == NULL)
        welcome (listener, set);
      else
        serve (events[i].data.ptr);
    }
  }
  return NULL;
}

/* An argument is the number of threads, 0 for one on each core; without one it is 1. */
int
main (int argc, char **argv)
{
  guint asked = argc > 1 ? (guint)strtoul (argv[1], NULL, 10) : 1;
  guint threads = asked > 0 ? asked : g_get_num_processors ();
  guint16 port = 0;
  int first = listen_on (&port);

  for (guint i = 1; i < threads; i++)
    g_thread_unref (g_thread_new ("echo", run, GINT_TO_POINTER (listen_on (&port))));
  g_printerr ("listening on http://127.0.0.1:%u\n", port);
  run (GINT_TO_POINTER (first));
}
