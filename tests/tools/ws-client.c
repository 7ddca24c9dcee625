/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A WebSocket client that can break the rules: the connection, its handshake and its frames. */
#include "ws-client.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "test-wait.h"

#define READ_SIZE (256 * 1024)

struct _WsClient {
  int fd;
  GByteArray *in; /* read and not yet consumed: the bytes from in_start on */
  gsize in_start;
  gboolean ended;      /* nothing more comes: recv() said so */
  gboolean reset;      /* recv() or send() failed */
  gboolean unsendable; /* send() fails; what had come before can still be read */
  gboolean failed;
  gboolean closed; /* we sent a close frame */
  gboolean deaf;   /* while it sends it does not read */
};

void
ws_client_fail (WsClient *self, const char *format, ...)
{
  g_autofree char *text = NULL;
  va_list list;

  va_start (list, format);
  text = g_strdup_vprintf (format, list);
  va_end (list);
  if (!self->failed)
    g_test_fail_printf ("client: %s", text);
  self->failed = TRUE;
}

static int
connect_to (guint16 port)
{
  struct sockaddr_in address = { .sin_family = AF_INET, .sin_port = g_htons (port) };
  int fd = socket (AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

  if (fd < 0)
    g_error ("socket: %s", g_strerror (errno));
  address.sin_addr.s_addr = g_htonl (INADDR_LOOPBACK);
  setsockopt (fd, IPPROTO_TCP, TCP_NODELAY, &(int){ 1 }, sizeof (int));
  if (connect (fd, (struct sockaddr *)&address, sizeof address) == 0)
    return fd;
  close (fd);
  return -1;
}

gboolean
tcp_port_accepts (guint16 port)
{
  int fd = connect_to (port);

  if (fd >= 0)
    close (fd);
  return fd >= 0;
}

WsClient *
ws_client_connect_tcp (guint16 port)
{
  WsClient *self = g_new0 (WsClient, 1);

  self->in = g_byte_array_new ();
  self->fd = connect_to (port);
  if (self->fd < 0)
    ws_client_fail (self, "port %u lets nobody in: %s", port, g_strerror (errno));
  self->ended = self->failed;
  return self;
}

void
ws_client_free (WsClient *self)
{
  if (self->fd >= 0)
    close (self->fd);
  g_byte_array_unref (self->in);
  g_free (self);
}

void
ws_client_reset (WsClient *self)
{
  struct linger at_once = { .l_onoff = 1, .l_linger = 0 };

  setsockopt (self->fd, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
  ws_client_free (self);
}

int
ws_client_fd (WsClient *self)
{
  return self->fd;
}

/* Takes what the socket holds now. */
static void
fill (WsClient *self)
{
  gsize old_len;
  gssize n;

  if (self->in_start > 0) {
    g_byte_array_remove_range (self->in, 0, (guint)self->in_start);
    self->in_start = 0;
  }
  old_len = self->in->len;
  g_byte_array_set_size (self->in, (guint)(old_len + READ_SIZE));
  n = recv (self->fd, self->in->data + old_len, READ_SIZE, MSG_DONTWAIT);
  self->ended = n == 0 || (n < 0 && errno != EAGAIN && errno != EINTR);
  self->reset |= self->ended && n < 0;
  g_byte_array_set_size (self->in, (guint)(old_len + (gsize)MAX (n, 0)));
}

/* Waits until at least @len bytes are there. Returns: FALSE at the end of the connection or of the time */
static gboolean
need (WsClient *self, gsize len)
{
  gint64 deadline = test_deadline ();

  while (self->in->len - self->in_start < len) {
    if (self->ended || self->failed)
      return FALSE;
    if (test_poll_fd (self->fd, POLLIN, deadline) == 0)
      ws_client_fail (self, "nothing came from the server in time");
    else
      fill (self);
  }
  return TRUE;
}

static const guint8 *
peek (WsClient *self)
{
  return self->in->data + self->in_start;
}

gsize
ws_client_try_send (WsClient *self, gconstpointer data, gsize len)
{
  gssize n = send (self->fd, data, len, MSG_NOSIGNAL | MSG_DONTWAIT);

  if (n < 0 && errno != EAGAIN && errno != EINTR)
    self->unsendable = self->reset = TRUE;
  return (gsize)MAX (n, 0);
}

/* A server may end the connection while we still send: what is left is dropped, and the test sees the end. */
void
ws_client_send_raw (WsClient *self, gconstpointer data, gsize len)
{
  gint64 deadline = test_deadline ();
  const guint8 *bytes = data;

  for (gsize sent = 0; sent < len && !self->ended && !self->unsendable && !self->failed;) {
    short events = test_poll_fd (self->fd, self->deaf ? POLLOUT : POLLIN | POLLOUT, deadline);

    if (events == 0)
      ws_client_fail (self, "the server took %" G_GSIZE_FORMAT " of %" G_GSIZE_FORMAT " bytes and no more", sent, len);
    if ((events & POLLIN) != 0)
      fill (self);
    if ((events & (POLLOUT | POLLERR | POLLHUP)) != 0)
      sent += ws_client_try_send (self, bytes + sent, len - sent);
  }
}

void
ws_client_be_deaf (WsClient *self)
{
  self->deaf = TRUE;
}

void
ws_client_shutdown_write (WsClient *self)
{
  shutdown (self->fd, SHUT_WR);
}

/* ---- HTTP ---- */

static void
read_body (WsClient *self, HttpAnswer *answer)
{
  g_autofree char *length = http_answer_header (answer, "Content-Length");

  answer->body_len = length != NULL ? g_ascii_strtoull (length, NULL, 10) : 0;
  if (!need (self, answer->body_len))
    answer->body_len = self->in->len - self->in_start;
  answer->body = g_malloc (answer->body_len + 1); /* terminated, and whole: it may have NULs in it */
  memcpy (answer->body, peek (self), answer->body_len);
  answer->body[answer->body_len] = '\0';
  self->in_start += answer->body_len;
}

HttpAnswer *
ws_client_request (WsClient *self, const char *request)
{
  gboolean no_body = g_str_has_prefix (request, "HEAD ");
  HttpAnswer *answer;

  ws_client_send_raw (self, request, strlen (request));
  for (gsize len = 4; need (self, len); len++) {
    if (memcmp (peek (self) + len - 4, "\r\n\r\n", 4) != 0)
      continue;
    answer = http_answer_parse_head ((const char *)peek (self), len);
    self->in_start += len;
    if (!no_body && answer->status != 101)
      read_body (self, answer);
    else
      answer->body = g_strdup ("");
    return answer;
  }
  ws_client_fail (self, "no answer to: %.60s", request);
  return NULL;
}

HttpAnswer *
http_get (guint16 port, const char *path)
{
  g_autoptr (WsClient) client = ws_client_connect_tcp (port);
  g_autofree char *request =
      g_strdup_printf ("GET %s HTTP/1.1\r\nHost: 127.0.0.1:%u\r\nConnection: close\r\n\r\n", path, port);

  return ws_client_request (client, request);
}

/* Section 4.2.2, step 5. */
static char *
accept_of (const char *key)
{
  g_autoptr (GChecksum) sum = g_checksum_new (G_CHECKSUM_SHA1);
  guint8 digest[20];
  gsize len = sizeof digest;

  g_checksum_update (sum, (const guchar *)key, -1);
  g_checksum_update (sum, (const guchar *)"258EAFA5-E914-47DA-95CA-C5AB0DC85B11", -1);
  g_checksum_get_digest (sum, digest, &len);
  return g_base64_encode (digest, len);
}

HttpAnswer *
ws_client_handshake (WsClient *self, const char *path, const char *headers)
{
  guint32 nonce[4] = { g_random_int (), g_random_int (), g_random_int (), g_random_int () };
  g_autofree char *key = g_base64_encode ((const guchar *)nonce, sizeof nonce);
  g_autofree char *expected = accept_of (key);
  g_autofree char *accept = NULL;
  g_autofree char *request = g_strdup_printf ("GET %s HTTP/1.1\r\n"
                                              "Host: 127.0.0.1\r\n"
                                              "Connection: Upgrade\r\n"
                                              "Upgrade: websocket\r\n"
                                              "Sec-WebSocket-Version: 13\r\n"
                                              "Sec-WebSocket-Key: %s\r\n"
                                              "%s\r\n",
                                              path, key, headers != NULL ? headers : "");
  HttpAnswer *answer = ws_client_request (self, request);

  if (answer == NULL || answer->status != 101)
    return answer;
  accept = http_answer_header (answer, "Sec-WebSocket-Accept");
  if (g_strcmp0 (accept, expected) != 0)
    ws_client_fail (self, "Sec-WebSocket-Accept is %s for key %s", accept, key);
  return answer;
}

WsClient *
ws_client_connect (guint16 port, const char *path)
{
  WsClient *self = ws_client_connect_tcp (port);
  g_autoptr (HttpAnswer) answer = ws_client_handshake (self, path, NULL);

  if (answer != NULL && answer->status != 101)
    ws_client_fail (self, "the handshake on %s was answered with %u: %s", path, answer->status, answer->body);
  return self;
}

/* ---- frames out ---- */

void
ws_client_send_bits (WsClient *self, guint8 first_byte, WsFlags flags, gconstpointer data, gsize len)
{
  g_autoptr (GByteArray) bytes = ws_frame_bytes (first_byte, flags, data, len);

  self->closed |= (first_byte & 0x0f) == WS_CLOSE;
  ws_client_send_raw (self, bytes->data, bytes->len);
}

void
ws_client_send_frame (WsClient *self, gboolean fin, guint8 opcode, gconstpointer data, gsize len)
{
  ws_client_send_bits (self, (guint8)((fin ? WS_FIN : 0) | opcode), WS_PLAIN, data, len);
}

void
ws_client_send_binary (WsClient *self, gconstpointer data, gsize len)
{
  ws_client_send_frame (self, TRUE, WS_BINARY, data, len);
}

void
ws_client_send_close (WsClient *self, guint16 code, const char *reason)
{
  gsize reason_len = reason != NULL ? strlen (reason) : 0;
  g_autofree guint8 *payload = g_malloc (2 + reason_len);

  payload[0] = (guint8)(code >> 8);
  payload[1] = (guint8)code;
  if (reason_len > 0)
    memcpy (payload + 2, reason, reason_len);
  ws_client_send_frame (self, TRUE, WS_CLOSE, payload, 2 + reason_len);
}

/* ---- frames in ---- */

WsFrame *
ws_client_read_frame (WsClient *self)
{
  gsize taken = 0;

  /* One byte more than there is, until it is enough. */
  for (;;) {
    gsize there = self->in->len - self->in_start;
    WsFrame *frame = ws_frame_parse (peek (self), there, &taken);

    self->in_start += taken;
    if (frame != NULL || !need (self, there + 1))
      return frame;
  }
}

/* Looks once if the time is past. */
static gboolean
is_readable_by (WsClient *self, gint64 until)
{
  gint64 left = CLAMP (until - g_get_monotonic_time (), 0, 60 * G_USEC_PER_SEC);

  return poll (&(struct pollfd){ .fd = self->fd, .events = POLLIN }, 1, (int)((left + 999) / 1000)) > 0;
}

WsFrame *
ws_client_poll_frame (WsClient *self, gint64 until)
{
  gsize taken = 0;

  while (!self->failed) {
    WsFrame *frame = ws_frame_parse (peek (self), self->in->len - self->in_start, &taken);

    self->in_start += taken;
    if (frame != NULL)
      return frame;
    /* Half a frame at the end is none. */
    if (self->ended)
      self->in_start = self->in->len;
    if (self->ended || !is_readable_by (self, until))
      return NULL;
    fill (self);
  }
  return NULL;
}

gboolean
ws_client_is_over (WsClient *self)
{
  return self->failed || (self->ended && self->in->len == self->in_start);
}

/* Returns: the next frame; pings other than a @wanted one are answered on the way. What a server must never send fails.
 */
static WsFrame *
next_frame (WsClient *self, guint8 wanted)
{
  for (;;) {
    g_autoptr (WsFrame) frame = ws_client_read_frame (self);

    if (frame == NULL) {
      ws_client_fail (self, "the connection ended where a frame was expected");
      return NULL;
    }
    if (frame->masked)
      ws_client_fail (self, "the server masked a frame");
    if ((frame->first_byte & 0x0f) != WS_PING || wanted == WS_PING)
      return g_steal_pointer (&frame);
    ws_client_send_frame (self, TRUE, WS_PONG, frame->data, frame->len);
  }
}

static gboolean
check_payload (WsClient *self, const char *what, const guint8 *data, gsize len, const guint8 *expected,
               gsize expected_len)
{
  gsize at = 0;

  while (at < MIN (len, expected_len) && data[at] == expected[at])
    at++;
  if (len != expected_len || at < len)
    ws_client_fail (self,
                    "%s of %" G_GSIZE_FORMAT " bytes came, %" G_GSIZE_FORMAT
                    " were expected; the first difference is at %" G_GSIZE_FORMAT,
                    what, len, expected_len, at);
  return !self->failed;
}

gboolean
ws_client_expect_frame (WsClient *self, guint8 first_byte, gconstpointer data, gsize len)
{
  g_autoptr (WsFrame) frame = NULL;
  g_autofree char *what = NULL;

  if (self->failed || (frame = next_frame (self, first_byte & 0x0f)) == NULL)
    return FALSE;
  what = ws_frame_describe (frame);
  if (frame->first_byte != first_byte)
    ws_client_fail (self, "%s came, first byte 0x%02x was expected", what, first_byte);
  return check_payload (self, what, frame->data, frame->len, data, len);
}

gboolean
ws_client_expect_message (WsClient *self, guint8 opcode, gconstpointer data, gsize len)
{
  g_autoptr (GByteArray) message = g_byte_array_new ();
  guint8 wanted = opcode;

  while (!self->failed) {
    g_autoptr (WsFrame) frame = next_frame (self, wanted);
    g_autofree char *what = frame != NULL ? ws_frame_describe (frame) : NULL;

    if (frame == NULL)
      return FALSE;
    if ((frame->first_byte & 0x7f) != wanted)
      ws_client_fail (self, "%s came, opcode %u was expected", what, wanted);
    g_byte_array_append (message, frame->data, (guint)frame->len);
    if ((frame->first_byte & WS_FIN) != 0)
      return check_payload (self, what, message->data, message->len, data, len);
    wanted = WS_CONTINUATION;
  }
  return FALSE;
}

gboolean
ws_client_expect_binary (WsClient *self, gconstpointer data, gsize len)
{
  return ws_client_expect_message (self, WS_BINARY, data, len);
}

static void
check_close_payload (WsClient *self, const WsFrame *frame, guint16 code)
{
  guint16 got = frame->len >= 2 ? (guint16)(frame->data[0] << 8 | frame->data[1]) : WS_NO_STATUS;

  if (frame->len == 1 || frame->len > 125)
    ws_client_fail (self, "a close frame has %" G_GSIZE_FORMAT " bytes", frame->len);
  else if (got != code)
    ws_client_fail (self, "close code %u came, %u was expected (reason '%s')", got, code,
                    frame->len > 2 ? (char *)frame->data + 2 : "");
  else if (frame->len > 2 && !g_utf8_validate ((char *)frame->data + 2, (gssize)frame->len - 2, NULL))
    ws_client_fail (self, "the reason of close code %u is not UTF-8", code);
}

gboolean
ws_client_expect_close (WsClient *self, guint16 code)
{
  g_autoptr (WsFrame) frame = NULL;

  if (self->failed || (frame = next_frame (self, WS_CLOSE)) == NULL)
    return FALSE;
  if (frame->first_byte != (WS_FIN | WS_CLOSE)) {
    g_autofree char *what = ws_frame_describe (frame);

    ws_client_fail (self, "%s came, close code %u was expected", what, code);
    return FALSE;
  }
  check_close_payload (self, frame, code);
  if (!self->closed)
    ws_client_send_frame (self, TRUE, WS_CLOSE, frame->data, MIN (frame->len, 2));
  return ws_client_expect_eof (self);
}

gboolean
ws_client_expect_eof (WsClient *self)
{
  if (!self->failed && need (self, 1)) {
    g_autoptr (WsFrame) frame = ws_client_read_frame (self);
    g_autofree char *what = frame != NULL ? ws_frame_describe (frame) : g_strdup ("half a frame");

    ws_client_fail (self, "%s came, the end of the connection was expected", what);
  }
  return !self->failed;
}

gboolean
ws_client_has_more (WsClient *self)
{
  return need (self, 1);
}

void
ws_client_read_to_end (WsClient *self)
{
  while (ws_client_has_more (self))
    self->in_start = self->in->len;
}

gboolean
ws_client_was_reset (WsClient *self)
{
  return self->reset;
}

gboolean
ws_client_expect_alive (WsClient *self)
{
  ws_client_send_frame (self, TRUE, WS_PING, "alive?", 6);
  return ws_client_expect_frame (self, WS_FIN | WS_PONG, "alive?", 6);
}
