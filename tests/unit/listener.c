/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Listening sockets: who gets a port, what is said when it is taken, and accepting when descriptors run out. */
#include "base/ap-error.h"
#include "base/ap-limits.h"
#include "net/ap-listener.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include "context-timer.h"
#include "test-wait.h"

static guint16
port_of (GSocketAddress *address)
{
  return g_inet_socket_address_get_port (G_INET_SOCKET_ADDRESS (address));
}

static int
open_listener (const char *host, guint16 port, gboolean first, guint16 *bound_port)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GSocketAddress) bound = NULL;
  int fd = ap_listener_open (host, port, first, &bound, &error);

  g_assert_no_error (error);
  g_assert_cmpint (fd, >=, 0);
  *bound_port = port_of (bound);
  return fd;
}

static void
test_free_port (void)
{
  guint16 port = 0;
  int fd = open_listener ("127.0.0.1", 0, TRUE, &port);

  g_assert_cmpuint (port, >, 0);
  g_assert_cmpint (fcntl (fd, F_GETFL) & O_NONBLOCK, ==, O_NONBLOCK);
  g_assert_cmpint (fcntl (fd, F_GETFD) & FD_CLOEXEC, ==, FD_CLOEXEC);
  close (fd);
}

/* The workers of one server share a port; another server that comes to it is told so. */
static void
test_shared_port (void)
{
  guint16 port = 0;
  guint16 second_port = 0;
  int fd = open_listener ("127.0.0.1", 0, TRUE, &port);
  int second = open_listener ("127.0.0.1", port, FALSE, &second_port);
  g_autoptr (GError) error = NULL;
  g_autoptr (GSocketAddress) bound = NULL;
  g_autofree char *said = g_strdup_printf ("port %u of 127.0.0.1 is in use", port);

  g_assert_cmpuint (second_port, ==, port);
  g_assert_cmpint (ap_listener_open ("127.0.0.1", port, TRUE, &bound, &error), ==, -1);
  g_assert_error (error, AP_ERROR, AP_ERROR_UNAVAILABLE);
  g_assert_true (g_str_has_prefix (error->message, said));
  close (fd);
  close (second);
}

static void
test_bad_address (void)
{
  static const char *const hosts[] = { "192.0.2.1", "name.invalid" };

  for (guint i = 0; i < G_N_ELEMENTS (hosts); i++) {
    g_autoptr (GError) error = NULL;
    g_autoptr (GSocketAddress) bound = NULL;

    g_assert_cmpint (ap_listener_open (hosts[i], 0, TRUE, &bound, &error), ==, -1);
    g_assert_nonnull (error);
    g_assert_nonnull (strstr (error->message, hosts[i]));
  }
}

typedef struct {
  GMainContext *context;
  GMainContextPusher *pusher;
  ApListener *listener;
  guint16 port;
  GPtrArray *accepted;
} Fixture;

static void
on_accepted (GSocketConnection *connection, gpointer data)
{
  g_ptr_array_add (((Fixture *)data)->accepted, g_object_ref (connection));
}

static void
set_up (Fixture *fixture, gconstpointer data)
{
  int fd = open_listener ("127.0.0.1", 0, TRUE, &fixture->port);

  fixture->context = g_main_context_new ();
  fixture->pusher = g_main_context_pusher_new (fixture->context);
  fixture->accepted = g_ptr_array_new_with_free_func (g_object_unref);
  fixture->listener = ap_listener_new (fd, GPOINTER_TO_UINT (data), on_accepted, fixture);
}

static void
tear_down (Fixture *fixture, gconstpointer data)
{
  g_clear_pointer (&fixture->listener, ap_listener_free);
  g_ptr_array_unref (fixture->accepted);
  g_main_context_pusher_free (fixture->pusher);
  g_main_context_unref (fixture->context);
}

static int
connect_client (guint16 port)
{
  g_autoptr (GSocketAddress) address = g_inet_socket_address_new_from_string ("127.0.0.1", port);
  struct sockaddr_storage native;
  int fd = socket (AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

  g_assert_cmpint (fd, >=, 0);
  g_assert_true (g_socket_address_to_native (address, &native, sizeof native, NULL));
  g_assert_cmpint (connect (fd, (struct sockaddr *)&native, (socklen_t)g_socket_address_get_native_size (address)), ==,
                   0);
  return fd;
}

static void
test_accept (Fixture *fixture, gconstpointer data)
{
  int clients[100];

  for (guint i = 0; i < G_N_ELEMENTS (clients); i++)
    clients[i] = connect_client (fixture->port);
  while (fixture->accepted->len < G_N_ELEMENTS (clients))
    g_main_context_iteration (fixture->context, TRUE);
  for (guint i = 0; i < G_N_ELEMENTS (clients); i++)
    close (clients[i]);
}

/* A connection that is still a request when its time is up ends, though its owner keeps it. */
static void
test_request_deadline (Fixture *fixture, gconstpointer data)
{
  int client = connect_client (fixture->port);
  gint64 deadline = test_deadline ();
  char byte;

  g_assert_cmpint (fcntl (client, F_SETFL, O_NONBLOCK), ==, 0);
  while (recv (client, &byte, 1, 0) < 0) {
    g_assert_cmpint (errno, ==, EAGAIN);
    g_assert_cmpint (g_get_monotonic_time (), <, deadline);
    g_assert_cmpint (send (client, "x", 1, MSG_NOSIGNAL), ==, 1);
    if (!g_main_context_iteration (fixture->context, FALSE))
      g_poll (NULL, 0, 1);
  }
  g_assert_cmpuint (fixture->accepted->len, ==, 1);
  close (client);
}

/* With a connection goes its deadline: nothing is left in the context that could shut a socket that has become somebody
 * else's. */
static void
test_deadline_is_freed (Fixture *fixture, gconstpointer data)
{
  int client = connect_client (fixture->port);

  g_assert_false (context_has_timer (fixture->context));
  while (fixture->accepted->len == 0)
    g_main_context_iteration (fixture->context, TRUE);
  g_assert_true (context_has_timer (fixture->context));
  g_ptr_array_set_size (fixture->accepted, 0);
  g_assert_false (context_has_timer (fixture->context));
  close (client);
}

static gboolean
free_a_descriptor (gpointer data)
{
  close (*(int *)data);
  return G_SOURCE_REMOVE;
}

static void
run_until_accepted (Fixture *fixture)
{
  g_ptr_array_set_size (fixture->accepted, 0);
  while (fixture->accepted->len == 0)
    g_main_context_iteration (fixture->context, TRUE);
}

/* Without a free descriptor clients wait, and are accepted as descriptors become free. Of all that one warning tells (a
 * second one would be fatal), and, when it is over, one line more. */
static void
test_out_of_descriptors (Fixture *fixture, gconstpointer data)
{
  int clients[] = { connect_client (fixture->port), connect_client (fixture->port) };
  int spare = dup (clients[0]);
  struct rlimit limit;
  struct rlimit tight;
  g_autoptr (GSource) later = g_timeout_source_new (1);
  gint64 not_before;

  g_assert_cmpint (getrlimit (RLIMIT_NOFILE, &limit), ==, 0);
  tight = (struct rlimit){ (rlim_t)spare + 1, limit.rlim_max };
  g_assert_cmpint (setrlimit (RLIMIT_NOFILE, &tight), ==, 0);
  g_test_expect_message ("net", G_LOG_LEVEL_WARNING, "cannot accept a connection:*");
  g_main_context_iteration (fixture->context, TRUE);
  g_test_assert_expected_messages ();
  g_assert_cmpuint (fixture->accepted->len, ==, 0);

  /* Room for one of the two, and then for the other; each time the next look finds none free. */
  g_source_set_callback (later, free_a_descriptor, &spare, NULL);
  g_source_attach (later, fixture->context);
  run_until_accepted (fixture);
  run_until_accepted (fixture);

  /* Nobody waits any more, but there is still none free. */
  not_before = g_get_monotonic_time () + (AP_ACCEPT_CALM_SECONDS + 1) * G_USEC_PER_SEC;
  while (g_get_monotonic_time () < not_before)
    g_main_context_iteration (fixture->context, TRUE);
  g_ptr_array_set_size (fixture->accepted, 0);
  g_test_expect_message ("net", G_LOG_LEVEL_MESSAGE, "connections are accepted again");
  while (context_has_timer (fixture->context))
    g_main_context_iteration (fixture->context, TRUE);
  g_test_assert_expected_messages ();
  g_assert_cmpint (setrlimit (RLIMIT_NOFILE, &limit), ==, 0);
  for (guint i = 0; i < G_N_ELEMENTS (clients); i++)
    close (clients[i]);
}

static void
test_closed_on_free (Fixture *fixture, gconstpointer data)
{
  guint16 port = 0;

  g_clear_pointer (&fixture->listener, ap_listener_free);
  close (open_listener ("127.0.0.1", fixture->port, TRUE, &port));
  g_assert_cmpuint (port, ==, fixture->port);
}

#define ADD_WITH(seconds, name, test)                                                                                  \
  g_test_add ("/listener/" name, Fixture, GUINT_TO_POINTER (seconds), set_up, test, tear_down)
#define ADD(name, test) ADD_WITH (AP_HTTP_REQUEST_SECONDS, name, test)

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/listener/free-port", test_free_port);
  g_test_add_func ("/listener/shared-port", test_shared_port);
  g_test_add_func ("/listener/bad-address", test_bad_address);
  ADD ("accept", test_accept);
  ADD_WITH (1, "request-deadline", test_request_deadline);
  ADD ("deadline-is-freed", test_deadline_is_freed);
  ADD ("out-of-descriptors", test_out_of_descriptors);
  ADD ("closed-on-free", test_closed_on_free);
  return g_test_run ();
}
