/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A conversation that is cut off after each of its bytes: by a reset, by an orderly end, or by an end of one direction.
 * Nothing of it stays in the server. */
#include "conversation.h"

#include <string.h>

#include "test-wait.h"

typedef enum { CUT_RESET, CUT_END, CUT_HALF } Cut;

static const char request[] = "GET " AUDIO_PATH " HTTP/1.1\r\n"
                              "Host: 127.0.0.1\r\n"
                              "Connection: Upgrade\r\n"
                              "Upgrade: websocket\r\n"
                              "Sec-WebSocket-Version: 13\r\n"
                              "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
                              "\r\n";

/* Each ends with what the server answers or with what it refuses. */
static const Conversation rows[] = {
  { "/cut/polite", "82:'hello' 89:'ping' 02:'fra' 00:'gm' 80:'ent' 88:03e8+'bye'", "" },
  { "/cut/broken-frame", "82:'hello' u82:'hello' 82:'more'", "" },
  { "/cut/text", "82:'hello' 01:'te' 80:'xt' 82:'more' 88:03e8", "" },
  { "/cut/long-message", "82:*126", "" },
};

static GByteArray *
whole_conversation (const char *sent)
{
  g_autoptr (GByteArray) frames = conversation_bytes (sent);
  GByteArray *bytes = g_byte_array_new ();

  g_byte_array_append (bytes, (const guint8 *)request, sizeof request - 1);
  g_byte_array_append (bytes, frames->data, frames->len);
  return bytes;
}

static void
cut_off (WsClient *client, Cut cut)
{
  switch (cut) {
  case CUT_RESET:
    ws_client_reset (client);
    return;
  case CUT_END:
    ws_client_free (client);
    return;
  case CUT_HALF:
    ws_client_shutdown_write (client);
    ws_client_read_to_end (client);
    ws_client_free (client);
    return;
  }
}

/* With @read, the server has taken every byte before the cut; else most of them wait in its socket. */
static void
cut_everywhere (const GByteArray *bytes, Cut cut, gboolean read)
{
  for (gsize n = 0; n <= bytes->len; n++) {
    WsClient *client = ws_client_connect_tcp (conformance_port ());

    ws_client_send_raw (client, bytes->data, n);
    if (read)
      conformance_sync ();
    cut_off (client, cut);
  }
}

static void
test_cuts (gconstpointer data)
{
  const Conversation *row = data;
  g_autoptr (GByteArray) bytes = whole_conversation (row->sent);
  guint fds;

  /* What GLib and GStreamer open once, when it is first needed, is no leak. */
  cut_everywhere (bytes, CUT_RESET, TRUE);
  conformance_wait_gone ();
  fds = server_process_fds (conformance_server ());
  cut_everywhere (bytes, CUT_RESET, TRUE);
  cut_everywhere (bytes, CUT_RESET, FALSE);
  cut_everywhere (bytes, CUT_END, TRUE);
  cut_everywhere (bytes, CUT_HALF, FALSE);
  conformance_wait_gone ();
  if (!test_wait_until (server_process_fds (conformance_server ()) <= fds))
    g_test_fail_printf ("the server has %u descriptors, and had %u", server_process_fds (conformance_server ()), fds);
  conformance_sync ();
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  for (gsize i = 0; i < G_N_ELEMENTS (rows); i++)
    g_test_add_data_func (rows[i].name, &rows[i], test_cuts);
  /* Perhaps --pipeline: then each connection has one of its own to end. */
  return conformance_run (argc > 2 ? argv[1] : NULL, argc > 2 ? argv[2] : NULL);
}
