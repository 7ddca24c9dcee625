/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A server that the system gives too little: descriptors, memory, or its life. */
#include "support.h"

#include <glib/gstdio.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>

#include "test-wait.h"

#define FRAME       320
#define DESCRIPTORS 100

static guint
lines_with (ServerProcess *server, const char *text)
{
  g_autofree char *log = server_process_stderr (server);
  guint lines = 0;

  for (const char *at = strstr (log, text); at != NULL; at = strstr (at + 1, text))
    lines++;
  return lines;
}

static ServerProcess *
start_poor (const char *pipeline)
{
  const char *const args[] = { "--workers", "1", pipeline != NULL ? "--pipeline" : NULL, pipeline, NULL };

  return server_process_start_with (&(ServerSetup){ .args = args, .descriptors = DESCRIPTORS });
}

/* Silent connections take every descriptor that is left. Those who are in are served on, and whoever comes later waits
 * until there are descriptors again. That is said once, however often it is tried. */
static void
test_descriptors (gconstpointer data)
{
  g_autoptr (ServerProcess) server = start_poor (data);
  guint16 port = server_process_port (server);
  g_autoptr (WsClient) witness = ws_client_connect (port, AUDIO_PATH);
  g_autoptr (WsClient) late = NULL;
  WsClient *silent[2 * DESCRIPTORS];

  for (gsize i = 0; i < G_N_ELEMENTS (silent); i++)
    silent[i] = ws_client_connect_tcp (port);
  server_process_wait_stderr (server, "cannot accept");
  for (guint32 i = 0; i < 1000; i++)
    echo_pattern (witness, FRAME, i);
  g_assert_cmpuint (lines_with (server, "cannot accept"), ==, 1);
  for (gsize i = 0; i < G_N_ELEMENTS (silent); i++)
    ws_client_reset (silent[i]);
  late = ws_client_connect (port, AUDIO_PATH);
  echo_pattern (late, FRAME, 1);
  g_assert_true (test_wait_until (active_connections (port) == 2));
}

/* Handshakes that come when there is nothing left to serve them with: each is refused or served, and the server lives.
 */
static void
test_descriptors_at_handshake (gconstpointer data)
{
  g_autoptr (ServerProcess) server = start_poor (data);
  guint16 port = server_process_port (server);
  g_autoptr (WsClient) witness = ws_client_connect (port, AUDIO_PATH);
  WsClient *clients[2 * DESCRIPTORS];

  for (gsize i = 0; i < G_N_ELEMENTS (clients); i++)
    clients[i] = ws_client_connect_tcp (port);
  server_process_wait_stderr (server, "cannot accept");
  for (gsize i = 0; i < DESCRIPTORS / 2; i++) {
    static const char request[] = "GET " AUDIO_PATH " HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\n"
                                  "Upgrade: websocket\r\nSec-WebSocket-Version: 13\r\n"
                                  "Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n";
    ws_client_send_raw (clients[i], request, sizeof request - 1);
    echo_pattern (witness, FRAME, (guint32)i);
  }
  for (gsize i = 0; i < G_N_ELEMENTS (clients); i++)
    ws_client_reset (clients[i]);
  g_assert_true (test_wait_until (active_connections (port) == 1));
  echo_pattern (witness, FRAME, 1);
}

/* ---- memory ---- */

/* What a server of this build maps with its first client, when all of its threads have begun, and more for a few
 * others. That it has a limit at all changes what it maps. */
static gsize
address_space_for (const char *const *args)
{
  g_autoptr (ServerProcess) server =
      server_process_start_with (&(ServerSetup){ .args = args, .address_space = (gsize)1 << 40 });
  g_autoptr (WsClient) client = ws_client_connect (server_process_port (server), AUDIO_PATH);

  echo_pattern (client, FRAME, 1);
  return server_process_address_space (server) + 128 * 1024 * 1024;
}

enum { LARGE = 1024 * 1024 };

/* A large message, of which the server has to keep all that has come. */
static void
send_half (WsClient *client)
{
  g_autofree guint8 *half = g_malloc0 (LARGE / 2);

  ws_client_send_frame (client, FALSE, WS_BINARY, half, LARGE / 2);
}

static void
complete_half (WsClient *client)
{
  g_autofree guint8 *whole = g_malloc0 (LARGE);

  ws_client_send_frame (client, TRUE, WS_CONTINUATION, whole, LARGE / 2);
  ws_client_expect_binary (client, whole, LARGE);
}

static gboolean
is_ready (guint16 port)
{
  g_autoptr (HttpAnswer) answer = http_get (port, "/ready");

  return answer != NULL && answer->status == 200;
}

/* Clients come until they are refused, each with the largest message on its way. Those who are in are served on, and
 * when they have left there is room again. */
static void
test_memory (gconstpointer data)
{
  const char *pipeline = data;
  const char *const args[] = { "--workers", "1", "--max-connections", "1000", pipeline != NULL ? "--pipeline" : NULL,
                               pipeline,    NULL };
  g_autoptr (ServerProcess) server = NULL;
  g_autoptr (GPtrArray) clients = g_ptr_array_new_with_free_func ((GDestroyNotify)ws_client_free);
  guint16 port;
  guint status = 101;

  if (!rss_is_meaningful ()) {
    g_test_skip ("a sanitizer maps more than any limit");
    return;
  }
  server = server_process_start_with (&(ServerSetup){ .args = args, .address_space = address_space_for (args) });
  port = server_process_port (server);
  while (status == 101 && clients->len < 1000) {
    g_autoptr (WsClient) client = ws_client_connect_tcp (port);
    g_autoptr (HttpAnswer) answer = ws_client_handshake (client, AUDIO_PATH, NULL);

    status = answer != NULL ? answer->status : 0;
    if (status == 101) {
      echo_pattern (client, FRAME, clients->len);
      g_ptr_array_add (clients, g_steal_pointer (&client));
      send_half (g_ptr_array_index (clients, clients->len - 1));
    }
  }
  g_test_message ("%u clients were let in, then came %u", clients->len, status);
  g_assert_cmpuint (status, ==, 503);
  g_assert_cmpuint (clients->len, >=, 2);
  for (guint i = 0; i < clients->len; i++)
    complete_half (g_ptr_array_index (clients, i));
  g_ptr_array_set_size (clients, 0);
  g_assert_true (test_wait_until (is_ready (port)));
  g_ptr_array_add (clients, ws_client_connect (port, AUDIO_PATH));
  echo_pattern (g_ptr_array_index (clients, 0), FRAME, 1);
}

/* ---- SIGKILL ---- */

/* What the server has open is the kernel's to close: no file, no name in the file system. */
static void
check_descriptors (ServerProcess *server)
{
  g_autofree char *path = g_strdup_printf ("/proc/%d/fd", server_process_pid (server));
  g_autoptr (GDir) folder = g_dir_open (path, 0, NULL);
  const char *name;

  while ((name = g_dir_read_name (folder)) != NULL) {
    g_autofree char *link = g_build_filename (path, name, NULL);
    g_autofree char *target = g_file_read_link (link, NULL);

    if (target != NULL && target[0] == '/' && !g_str_has_prefix (target, "/dev/null") &&
        !g_str_has_prefix (target, "/proc/"))
      g_test_fail_printf ("descriptor %s is %s", name, target);
  }
}

static void
check_mappings (ServerProcess *server)
{
  g_autofree char *path = g_strdup_printf ("/proc/%d/maps", server_process_pid (server));
  g_autofree char *maps = NULL;

  g_assert_true (g_file_get_contents (path, &maps, NULL, NULL));
  g_assert_null (strstr (maps, "/dev/shm"));
  g_assert_null (strstr (maps, "/SYSV"));
}

static void
test_kill (void)
{
  enum { CLIENTS = 20 };
  g_autofree char *folder = g_dir_make_tmp ("ap-kill-XXXXXX", NULL);
  g_autofree char *home = g_strconcat ("HOME=", folder, NULL);
  g_autofree char *temporary = g_strconcat ("TMPDIR=", folder, NULL);
  /* GStreamer keeps a list of its plugins in the cache; that is the user's, and no part of the server's life. */
  g_autofree char *cache = g_strconcat ("XDG_CACHE_HOME=", g_get_user_cache_dir (), NULL);
  const char *const env[] = { home, temporary, cache, NULL };
  guint16 number;
  int holder = hold_port (&number);
  g_autofree char *port = g_strdup_printf ("%u", number);
  const char *const args[] = { "--host", "127.0.0.1", "--port", port, NULL };
  ServerProcess *server = server_process_spawn (&(ServerSetup){ .args = args, .env = env, .folder = folder });
  g_autoptr (ServerProcess) next = NULL;
  WsClient *clients[CLIENTS];

  server_process_wait_listening (server);
  for (guint32 i = 0; i < CLIENTS; i++) {
    clients[i] = ws_client_connect (number, AUDIO_PATH);
    echo_pattern (clients[i], FRAME, i);
  }
  check_descriptors (server);
  check_mappings (server);
  server_process_signal (server, SIGKILL);
  g_assert_cmpint (server_process_wait_exit (server), ==, -SIGKILL);
  next = server_process_spawn (&(ServerSetup){ .args = args });
  server_process_wait_listening (next);
  for (guint32 i = 0; i < CLIENTS; i++) {
    ws_client_expect_eof (clients[i]);
    ws_client_free (clients[i]);
  }
  server_process_free (server);
  g_assert_cmpint (g_rmdir (folder), ==, 0); /* nothing is in it */
  close (holder);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_set_nonfatal_assertions ();
  g_test_add_data_func ("/scarcity/descriptors/passthrough", NULL, test_descriptors);
  g_test_add_data_func ("/scarcity/descriptors/direct", "identity", test_descriptors);
  g_test_add_data_func ("/scarcity/descriptors/queued", "queue", test_descriptors);
  g_test_add_data_func ("/scarcity/handshake/passthrough", NULL, test_descriptors_at_handshake);
  g_test_add_data_func ("/scarcity/handshake/direct", "identity", test_descriptors_at_handshake);
  g_test_add_data_func ("/scarcity/handshake/queued", "queue", test_descriptors_at_handshake);
  g_test_add_data_func ("/scarcity/memory/passthrough", NULL, test_memory);
  g_test_add_data_func ("/scarcity/memory/direct", "identity", test_memory);
  g_test_add_data_func ("/scarcity/memory/queued", "queue", test_memory);
  g_test_add_func ("/scarcity/kill", test_kill);
  return g_test_run ();
}
