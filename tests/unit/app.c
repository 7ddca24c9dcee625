/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The whole server in the test's process: asked for its health while its workers start and stop. */
#include "app/ap-app.h"

#include <gio/gio.h>
#include <gst/gst.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "test-wait.h"

#define ASKERS 4
#define ROUNDS 5

static gint asking;  /* atomic */
static gint answers; /* atomic */

/* A port that nobody else gets between two servers: neither as a port to listen at nor as one to connect from.
 * Returns: a socket that holds it and does not listen */
static int
hold_port (guint16 *port)
{
  struct sockaddr_in address = { .sin_family = AF_INET, .sin_addr.s_addr = htonl (INADDR_LOOPBACK) };
  socklen_t length = sizeof address;
  int fd = socket (AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

  g_assert_cmpint (setsockopt (fd, SOL_SOCKET, SO_REUSEADDR, &(int){ 1 }, sizeof (int)), ==, 0);
  g_assert_cmpint (bind (fd, (struct sockaddr *)&address, length), ==, 0);
  g_assert_cmpint (getsockname (fd, (struct sockaddr *)&address, &length), ==, 0);
  *port = ntohs (address.sin_port);
  return fd;
}

/* One request over a connection of its own; a server that is not there yet, or no more, is no failure. */
static gboolean
ask_health (guint16 port)
{
  static const char request[] = "GET /health HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n";
  g_autoptr (GSocketClient) client = g_socket_client_new ();
  g_autoptr (GSocketConnection) connection = NULL;
  char answer[16] = { 0 };
  gsize n = 0;

  g_socket_client_set_enable_proxy (client, FALSE);
  g_socket_client_set_timeout (client, 5);
  connection = g_socket_client_connect_to_host (client, "127.0.0.1", port, NULL, NULL);
  if (connection == NULL)
    return FALSE;
  g_output_stream_write_all (g_io_stream_get_output_stream (G_IO_STREAM (connection)), request, strlen (request), NULL,
                             NULL, NULL);
  g_input_stream_read_all (g_io_stream_get_input_stream (G_IO_STREAM (connection)), answer, 12, &n, NULL, NULL);
  return g_str_equal (answer, "HTTP/1.1 200");
}

static gpointer
ask_again_and_again (gpointer data)
{
  while (g_atomic_int_get (&asking))
    if (ask_health ((guint16)GPOINTER_TO_UINT (data)))
      g_atomic_int_inc (&answers);
  return NULL;
}

static void
start_and_stop (guint16 port)
{
  g_autofree char *port_argument = g_strdup_printf ("--port=%u", port);
  char *arguments[] = { port_argument,
                        (char *)"--host=127.0.0.1",
                        (char *)"--workers=12",
                        (char *)"--no-log-frames",
                        (char *)"--log-level=error",
                        (char *)"--twilio-auth-token=t", /* without it the server warns, which a test must not */
                        NULL };
  g_autoptr (GError) error = NULL;
  g_autoptr (ApConfig) config = ap_config_load (arguments, "/", &error);
  g_autoptr (ApApp) app = NULL;
  gint before = g_atomic_int_get (&answers);

  g_assert_no_error (error);
  app = ap_app_start (config, &error);
  g_assert_no_error (error);
  g_assert_true (test_wait_until (g_atomic_int_get (&answers) > before + 20));
}

static void
test_health_while_starting_and_stopping (void)
{
  guint16 port;
  int holder = hold_port (&port);
  GThread *threads[ASKERS];

  g_atomic_int_set (&asking, TRUE);
  for (guint i = 0; i < ASKERS; i++)
    threads[i] = g_thread_new ("asker", ask_again_and_again, GUINT_TO_POINTER ((guint)port));
  for (guint i = 0; i < ROUNDS; i++)
    start_and_stop (port);
  g_atomic_int_set (&asking, FALSE);
  for (guint i = 0; i < ASKERS; i++)
    g_thread_join (threads[i]);
  close (holder);
}

int
main (int argc, char **argv)
{
  gst_init (&argc, &argv);
  g_test_init (&argc, &argv, NULL);
  ap_log_init (G_LOG_LEVEL_CRITICAL, AP_LOG_FORMAT_TEXT);
  g_test_add_func ("/app/health-while-starting-and-stopping", test_health_while_starting_and_stopping);
  return g_test_run ();
}
