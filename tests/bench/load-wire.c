/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Bytes of echo clients. */
#include "load-wire.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define NOISE_STARTS 65536
#define LONGEST      65536
#define NUMBER_BYTES 16 /* of the two numbers at the start of a payload: a sample for each of their 8 bytes */

gint64
wire_now_ns (void)
{
  struct timespec time;

  clock_gettime (CLOCK_MONOTONIC, &time);
  return time.tv_sec * G_GINT64_CONSTANT (1000000000) + time.tv_nsec;
}

/* Returns: the sample that a mu-law byte stands for (G.711) */
static gint16
expand (guint8 byte)
{
  guint8 bits = (guint8)~byte;
  int magnitude = ((((bits & 0x0f) << 3) + 0x84) << ((bits & 0x70) >> 4)) - 0x84;

  return (gint16)((bits & 0x80) != 0 ? -magnitude : magnitude);
}

/* Returns: 256 samples, by their bytes */
static const gint16 *
samples (void)
{
  static gint16 table[256];

  if (table[0] == 0)
    for (guint i = 0; i < 256; i++)
      table[i] = GINT16_TO_LE (expand ((guint8)i));
  return table;
}

static const guint8 *
noise (void)
{
  static guint8 bytes[NOISE_STARTS + LONGEST];

  if (bytes[0] == 0 && bytes[1] == 0)
    for (gsize i = 0; i < sizeof bytes; i += 2)
      memcpy (bytes + i, samples () + g_random_int_range (0, 127), 2);
  return bytes;
}

static const guint8 *
noise_of (guint32 connection, guint32 frame)
{
  return noise () + (connection * 7919u + frame * 131u) % (NOISE_STARTS / 2) * 2;
}

static void
put_numbers (guint32 connection, guint32 frame, guint8 *out)
{
  for (guint i = 0; i < 4; i++) {
    memcpy (out + 2 * i, samples () + (connection >> 8 * i & 0xff), 2);
    memcpy (out + 8 + 2 * i, samples () + (frame >> 8 * i & 0xff), 2);
  }
}

/* @head: WIRE_FRAME_HEAD bytes, of which the last four are the mask */
static void
mask_payload (const guint8 *head, guint8 *payload, guint len)
{
  guint64 mask, word;
  guint i = 0;

  memcpy (&mask, head + 4, 4);
  memcpy ((guint8 *)&mask + 4, head + 4, 4);
  for (; i + 8 <= len; i += 8) {
    memcpy (&word, payload + i, 8);
    word ^= mask;
    memcpy (payload + i, &word, 8);
  }
  for (; i < len; i++)
    payload[i] ^= head[4 + (i & 3)];
}

void
wire_build_frame (guint32 connection, guint32 frame, guint len, guint8 *out)
{
  guint8 *payload = out + WIRE_FRAME_HEAD;
  guint32 mask = frame * 2654435761u + 0x5bd1e995u;

  out[0] = 0x82;
  out[1] = 0x80 | 126;
  out[2] = (guint8)(len >> 8);
  out[3] = (guint8)len;
  memcpy (out + 4, &mask, sizeof mask);
  put_numbers (connection, frame, payload);
  memcpy (payload + NUMBER_BYTES, noise_of (connection, frame), len - NUMBER_BYTES);
  mask_payload (out, payload, len);
}

gboolean
wire_is_echo (guint32 connection, guint32 frame, guint len, const guint8 *echo)
{
  guint8 head[WIRE_ECHO_HEAD + NUMBER_BYTES] = { 0x82, 126, (guint8)(len >> 8), (guint8)len };

  put_numbers (connection, frame, head + WIRE_ECHO_HEAD);
  return memcmp (echo, head, sizeof head) == 0 &&
         memcmp (echo + sizeof head, noise_of (connection, frame), len - NUMBER_BYTES) == 0;
}

void
wire_build_close (guint8 *out)
{
  static const guint8 frame[WIRE_CLOSE_BYTES] = { 0x88, 0x82, 0, 0, 0, 0, 1000 >> 8, 1000 & 0xff };

  memcpy (out, frame, sizeof frame);
}

void
wire_send (int fd, const guint8 *data, gsize len)
{
  if (send (fd, data, len, MSG_NOSIGNAL) != (gssize)len)
    g_error ("sending %" G_GSIZE_FORMAT " bytes: %s", len, g_strerror (errno));
}

void
wire_receive (int fd, guint8 *data, gsize len)
{
  gssize n = recv (fd, data, len, MSG_WAITALL);

  if (n != (gssize)len)
    g_error ("%" G_GSSIZE_FORMAT " of %" G_GSIZE_FORMAT " bytes came: %s", n, len, g_strerror (errno));
}

int
wire_start (guint16 port, const char *path)
{
  g_autofree char *request =
      g_strdup_printf ("GET %s HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
                       "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n",
                       path);
  struct sockaddr_in address = { .sin_family = AF_INET, .sin_port = g_htons (port) };
  int fd = socket (AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

  address.sin_addr.s_addr = g_htonl (INADDR_LOOPBACK);
  if (fd < 0 || connect (fd, (struct sockaddr *)&address, sizeof address) != 0)
    g_error ("connect: %s", g_strerror (errno));
  setsockopt (fd, IPPROTO_TCP, TCP_NODELAY, &(int){ 1 }, sizeof (int));
  wire_send (fd, (const guint8 *)request, strlen (request));
  return fd;
}

void
wire_finish (int fd)
{
  char answer[4096] = "";
  const char *end = NULL;
  gsize len = 0;

  /* What the server says right behind it is left for whoever reads next. */
  while (end == NULL) {
    gssize n = recv (fd, answer + len, sizeof answer - 1 - len, MSG_PEEK);

    if (n <= 0)
      g_error ("handshake: the server ended the connection after: %s", answer);
    end = strstr (answer, "\r\n\r\n");
    n = end != NULL ? end + 4 - (answer + len) : n;
    wire_receive (fd, (guint8 *)answer + len, (gsize)n);
    len += (gsize)n;
  }
  if (!g_str_has_prefix (answer, "HTTP/1.1 101 "))
    g_error ("handshake: %s", answer);
}
