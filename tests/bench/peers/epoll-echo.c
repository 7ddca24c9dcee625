/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The floor: the least that a program can do to echo WebSocket frames. One epoll set, one recv and one send for all the
 * frames that are there, no check of any rule. For the benchmark alone. */
#include <errno.h>
#include <glib.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#define BUFFER_SIZE (64 * 1024)

typedef struct {
  int fd;
  gboolean open; /* the handshake is done */
  gsize len;     /* bytes in the buffer: the start of a frame or of the request */
  guint8 buffer[BUFFER_SIZE];
} Peer;

static guint8 answer[BUFFER_SIZE];

static gboolean
shake_hands (Peer *peer)
{
  static const char name[] = "Sec-WebSocket-Key: ";
  g_autoptr (GChecksum) sum = g_checksum_new (G_CHECKSUM_SHA1);
  g_autofree char *accept = NULL;
  g_autofree char *text = NULL;
  const char *key;
  guint8 digest[20];
  gsize digest_len = sizeof digest;

  peer->buffer[MIN (peer->len, BUFFER_SIZE - 1)] = '\0';
  if (strstr ((char *)peer->buffer, "\r\n\r\n") == NULL)
    return TRUE;
  key = strstr ((char *)peer->buffer, name);
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
  peer->len = 0;
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
echo_frames (Peer *peer)
{
  gsize done = 0, answer_len = 0, frame, out;

  while ((frame = echo_frame (peer->buffer + done, peer->len - done, answer + answer_len, &out)) > 0) {
    done += frame;
    answer_len += out;
  }
  peer->len -= done;
  memmove (peer->buffer, peer->buffer + done, peer->len);
  return answer_len == 0 || send (peer->fd, answer, answer_len, MSG_NOSIGNAL) == (gssize)answer_len;
}

static void
serve (Peer *peer)
{
  gssize n = recv (peer->fd, peer->buffer + peer->len, BUFFER_SIZE - peer->len, 0);
  gboolean go_on = n > 0;

  peer->len += (gsize)MAX (n, 0);
  if (go_on && !(peer->open ? echo_frames (peer) : shake_hands (peer))) {
    g_printerr ("a peer was dropped: %s\n", g_strerror (errno));
    go_on = FALSE;
  }
  if (!go_on) {
    close (peer->fd);
    g_free (peer);
  }
}

static void
welcome (int listener, int set)
{
  Peer *peer = g_new0 (Peer, 1);
  struct epoll_event event = { .events = EPOLLIN, .data.ptr = peer };

  peer->fd = accept4 (listener, NULL, NULL, SOCK_CLOEXEC);
  setsockopt (peer->fd, IPPROTO_TCP, TCP_NODELAY, &(int){ 1 }, sizeof (int));
  epoll_ctl (set, EPOLL_CTL_ADD, peer->fd, &event);
}

int
main (void)
{
  struct sockaddr_in address = { .sin_family = AF_INET, .sin_addr.s_addr = g_htonl (INADDR_LOOPBACK) };
  struct epoll_event events[64] = { { .events = EPOLLIN, .data.ptr = NULL } };
  socklen_t len = sizeof address;
  int listener = socket (AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  int set = epoll_create1 (EPOLL_CLOEXEC);

  if (bind (listener, (struct sockaddr *)&address, len) != 0 || listen (listener, 4096) != 0 ||
      getsockname (listener, (struct sockaddr *)&address, &len) != 0 ||
      epoll_ctl (set, EPOLL_CTL_ADD, listener, &events[0]) != 0)
    g_error ("%s", g_strerror (errno));
  g_printerr ("listening on http://127.0.0.1:%u\n", g_ntohs (address.sin_port));
  for (;;) {
    int count = epoll_wait (set, events, G_N_ELEMENTS (events), -1);

    for (int i = 0; i < count; i++) {
      if (events[i].data.ptr == NULL)
        welcome (listener, set);
      else
        serve (events[i].data.ptr);
    }
  }
}
