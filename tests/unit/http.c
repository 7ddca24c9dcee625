/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The HTTP side as far as the handshake: what comes with the request is handed on, and a bounded part of it. */
#include "base/ap-limits.h"
#include "net/ap-http.h"
#include "net/ap-listener.h"

#include <fcntl.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "context-timer.h"
#include "test-wait.h"

static const char handshake[] = "GET /ws HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
                                "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n";

typedef struct {
  GMainContext *context;
  GMainContextPusher *pusher;
  ApHttp *http;
  guint16 port;
  int client;
  int server; /* the socket after the handshake; -1 before */
  GBytes *early;
} Fixture;

static void
on_upgrade (ApHttpRequest *request, int fd, GBytes *early, gpointer data)
{
  Fixture *fixture = data;

  fixture->server = fd;
  fixture->early = g_bytes_ref (early);
}

static void
set_up (Fixture *fixture, gconstpointer data)
{
  g_autoptr (GSocketAddress) bound = NULL;
  int fd = ap_listener_open ("127.0.0.1", 0, TRUE, &bound, NULL);

  g_assert_cmpint (fd, >=, 0);
  fixture->port = g_inet_socket_address_get_port (G_INET_SOCKET_ADDRESS (bound));
  fixture->context = g_main_context_new ();
  fixture->pusher = g_main_context_pusher_new (fixture->context);
  fixture->http = ap_http_new (fd, AP_HTTP_REQUEST_SECONDS);
  ap_http_add_websocket (fixture->http, &(ApHttpWebSocket){ .path = "/ws", .upgraded = on_upgrade }, fixture);
  fixture->server = -1;
  fixture->client = -1;
}

static void
tear_down (Fixture *fixture, gconstpointer data)
{
  if (fixture->client >= 0)
    close (fixture->client);
  if (fixture->server >= 0)
    close (fixture->server);
  ap_http_free (fixture->http);
  while (g_main_context_iteration (fixture->context, FALSE))
    continue;
  g_main_context_pusher_free (fixture->pusher);
  g_main_context_unref (fixture->context);
  g_clear_pointer (&fixture->early, g_bytes_unref);
}

/* Connects without a word; the kernel accepts before the server does. */
static void
connect_client (Fixture *fixture)
{
  g_autoptr (GSocketAddress) address = g_inet_socket_address_new_from_string ("127.0.0.1", fixture->port);
  struct sockaddr_storage native;
  const int buffer = 1024 * 1024;

  fixture->client = socket (AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  setsockopt (fixture->client, SOL_SOCKET, SO_SNDBUF, &buffer, sizeof buffer);
  g_assert_true (g_socket_address_to_native (address, &native, sizeof native, NULL));
  g_assert_cmpint (
      connect (fixture->client, (struct sockaddr *)&native, (socklen_t)g_socket_address_get_native_size (address)), ==,
      0);
  g_assert_cmpint (fcntl (fixture->client, F_SETFL, O_NONBLOCK), ==, 0);
}

/* Sends as much as the kernel takes, numbered so that a lost byte shows. Returns how much that is. */
static gsize
send_numbers (Fixture *fixture, gsize most)
{
  gsize sent = 0;

  while (sent < most) {
    guint8 bytes[4096];
    gssize n;

    for (gsize i = 0; i < sizeof bytes; i++)
      bytes[i] = (guint8)((sent + i) % 251);
    n = send (fixture->client, bytes, MIN (sizeof bytes, most - sent), MSG_NOSIGNAL);
    if (n <= 0)
      break;
    sent += (gsize)n;
  }
  return sent;
}

static void
run_until_upgraded (Fixture *fixture)
{
  gint64 deadline = test_deadline ();

  while (fixture->server < 0) {
    g_assert_cmpint (g_get_monotonic_time (), <, deadline);
    if (!g_main_context_iteration (fixture->context, FALSE))
      g_poll (NULL, 0, 1);
  }
}

/* All of it arrives, in order: the early part, and the rest on the socket. */
static void
assert_all_arrives (Fixture *fixture, gsize sent)
{
  gsize at = g_bytes_get_size (fixture->early);
  const guint8 *early = g_bytes_get_data (fixture->early, NULL);

  for (gsize i = 0; i < at; i++)
    g_assert_cmpuint (early[i], ==, i % 251);
  while (at < sent) {
    guint8 bytes[4096];
    gssize n;

    g_assert_cmpint (test_poll_fd (fixture->server, G_IO_IN, test_deadline ()), !=, 0);
    n = recv (fixture->server, bytes, sizeof bytes, 0);
    g_assert_cmpint (n, >, 0);
    for (gsize i = 0; i < (gsize)n; i++)
      g_assert_cmpuint (bytes[i], ==, (at + i) % 251);
    at += (gsize)n;
  }
  g_assert_cmpuint (at, ==, sent);
}

static void
test_early_bytes (Fixture *fixture, gconstpointer data)
{
  static const gsize amounts[] = { 0, 1, 5000, 60000 };

  for (guint i = 0; i < G_N_ELEMENTS (amounts); i++) {
    connect_client (fixture);
    g_assert_cmpint (send (fixture->client, handshake, strlen (handshake), 0), ==, strlen (handshake));
    g_assert_cmpuint (send_numbers (fixture, amounts[i]), ==, amounts[i]);
    run_until_upgraded (fixture);
    assert_all_arrives (fixture, amounts[i]);
    close (fixture->client);
    close (g_steal_fd (&fixture->server));
    g_clear_pointer (&fixture->early, g_bytes_unref);
    fixture->client = -1;
  }
}

/* The deadline of a request does not outlive the handshake: it would shut the WebSocket's socket. */
static void
test_no_deadline_after_upgrade (Fixture *fixture, gconstpointer data)
{
  connect_client (fixture);
  g_assert_cmpint (send (fixture->client, handshake, strlen (handshake), 0), ==, strlen (handshake));
  run_until_upgraded (fixture);
  while (g_main_context_iteration (fixture->context, FALSE))
    continue;
  g_assert_false (context_has_timer (fixture->context));
}

/* A client that sends and sends: the handshake takes a round's worth, however much there is. */
static void
test_flood (Fixture *fixture, gconstpointer data)
{
  gsize sent;

  connect_client (fixture);
  g_assert_cmpint (send (fixture->client, handshake, strlen (handshake), 0), ==, strlen (handshake));
  sent = send_numbers (fixture, 8 * 1024 * 1024);
  g_assert_cmpuint (sent, >, 2 * AP_RECEIVE_BYTES);
  run_until_upgraded (fixture);
  g_assert_cmpuint (g_bytes_get_size (fixture->early), <=, AP_RECEIVE_BYTES + 16 * 1024);
  assert_all_arrives (fixture, sent);
}

#define ADD(name, test) g_test_add ("/http/" name, Fixture, NULL, set_up, test, tear_down)

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  ADD ("early-bytes", test_early_bytes);
  ADD ("no-deadline-after-upgrade", test_no_deadline_after_upgrade);
  ADD ("flood", test_flood);
  return g_test_run ();
}
