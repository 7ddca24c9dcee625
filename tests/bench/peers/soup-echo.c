/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The plain way to write a WebSocket echo on libsoup: SoupServer and SoupWebsocketConnection, nothing else. The
 * benchmark measures the server against it. */
#include <glib-unix.h>
#include <libsoup/soup.h>
#include <signal.h>

static void
echo (SoupWebsocketConnection *connection, int type, GBytes *message, gpointer data)
{
  if (type == SOUP_WEBSOCKET_DATA_BINARY)
    soup_websocket_connection_send_message (connection, SOUP_WEBSOCKET_DATA_BINARY, message);
}

static void
forget (SoupWebsocketConnection *connection, gpointer data)
{
  g_object_unref (connection);
}

static void
welcome (SoupServer *server, SoupServerMessage *message, const char *path, SoupWebsocketConnection *connection,
         gpointer data)
{
  soup_websocket_connection_set_max_incoming_payload_size (connection, 1024 * 1024);
  g_signal_connect (connection, "message", G_CALLBACK (echo), NULL);
  g_signal_connect (connection, "closed", G_CALLBACK (forget), NULL);
  g_object_ref (connection);
}

static gboolean
quit (gpointer loop)
{
  g_main_loop_quit (loop);
  return G_SOURCE_REMOVE;
}

int
main (void)
{
  g_autoptr (SoupServer) server = soup_server_new (NULL, NULL);
  g_autoptr (GMainLoop) loop = g_main_loop_new (NULL, FALSE);
  g_autoptr (GSocket) socket = g_socket_new (G_SOCKET_FAMILY_IPV4, G_SOCKET_TYPE_STREAM, G_SOCKET_PROTOCOL_TCP, NULL);
  g_autoptr (GSocketAddress) any_port = g_inet_socket_address_new_from_string ("127.0.0.1", 0);
  g_autoptr (GSocketAddress) address = NULL;
  g_autoptr (GError) error = NULL;

  soup_server_add_websocket_handler (server, "/ws/audio", NULL, NULL, welcome, NULL, NULL);
  /* libsoup's own listen() has a backlog of 10, with which 500 clients take seconds to connect. */
  g_socket_set_listen_backlog (socket, 4096);
  if (!g_socket_bind (socket, any_port, TRUE, &error) || !g_socket_listen (socket, &error) ||
      !soup_server_listen_socket (server, socket, 0, &error)) {
    g_printerr ("%s\n", error->message);
    return 1;
  }
  address = g_socket_get_local_address (socket, NULL);
  g_printerr ("listening on http://127.0.0.1:%u\n", g_inet_socket_address_get_port (G_INET_SOCKET_ADDRESS (address)));
  g_unix_signal_add (SIGTERM, quit, loop);
  g_main_loop_run (loop);
  return 0;
}
