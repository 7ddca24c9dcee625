/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A client that floods. */
#include "flood.h"

#include <sys/socket.h>

/* Bytes of the message that shows that a client is served as anybody again. */
#define FRAME_AFTERWARDS 320

Flood
flood_open (guint16 port, gsize frame_len)
{
  Flood flood = { .client = ws_client_connect (port, AUDIO_PATH), .frame_len = frame_len };
  const int bytes = 64 * 1024;

  setsockopt (ws_client_fd (flood.client), SOL_SOCKET, SO_RCVBUF, &bytes, sizeof bytes);
  setsockopt (ws_client_fd (flood.client), SOL_SOCKET, SO_SNDBUF, &bytes, sizeof bytes);
  return flood;
}

void
flood_send (Flood *flood)
{
  for (guint turn = 0; turn < 1000; turn++) {
    gsize taken;

    if (flood->frame == NULL) {
      g_autofree guint8 *payload = g_malloc (flood->frame_len);

      fill_pattern (payload, flood->frame_len, flood->frames);
      flood->frame = ws_frame_bytes (WS_FIN | WS_BINARY, WS_PLAIN, payload, flood->frame_len);
      flood->sent = 0;
    }
    taken = ws_client_try_send (flood->client, flood->frame->data + flood->sent, flood->frame->len - flood->sent);
    flood->sent += taken;
    if (flood->sent < flood->frame->len)
      return;
    g_clear_pointer (&flood->frame, g_byte_array_unref);
    flood->frames++;
  }
}

void
flood_complete (Flood *flood)
{
  if (flood->frame == NULL)
    return;
  ws_client_send_raw (flood->client, flood->frame->data + flood->sent, flood->frame->len - flood->sent);
  g_clear_pointer (&flood->frame, g_byte_array_unref);
  flood->frames++;
}

static gpointer
drain_flood (gpointer data)
{
  Flood *flood = data;

  flood_complete (flood);
  for (guint32 frame = 0; frame < flood->frames; frame++)
    if (!expect_pattern (flood->client, flood->frame_len, frame))
      return NULL;
  echo_pattern (flood->client, FRAME_AFTERWARDS, 7);
  return NULL;
}

/* Each client on a thread of its own: TCP asks a peer whose window was shut ever less often, and nobody shall wait for
 * another's turn until the server takes it for one that has stopped reading. */
void
flood_drain (Flood *floods, guint clients)
{
  g_autofree GThread **threads = g_new0 (GThread *, clients);

  for (guint i = 0; i < clients; i++)
    threads[i] = g_thread_new ("drain", drain_flood, &floods[i]);
  for (guint i = 0; i < clients; i++)
    g_thread_join (threads[i]);
}

void
flood_close (Flood *flood)
{
  g_clear_pointer (&flood->frame, g_byte_array_unref);
  g_clear_pointer (&flood->client, ws_client_free);
}
