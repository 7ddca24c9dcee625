/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Clients of all kinds come and go for a minute, or for AP_TEST_SOAK_SECONDS, in all modes of the pipeline at once.
 * When they have gone, the server has no more threads, descriptors and memory than after its warm-up, and while they
 * were there a paced client was served all the time. */
#include "flood.h"

#include <string.h>

#include "test-wait.h"

#define FRAME 320
/* What resident memory may grow by after the warm-up: less than one session of ten that were lost a second. */
#define GROWTH (6 * 1024 * 1024)

enum { PACED = 10, FLOODS = 4, SILENT_READERS = 4, WARM_UP_ROUNDS = 150 };

typedef struct {
  const char *name;
  ServerProcess *server;
  guint seconds;
  guint rounds; /* done */
  WsClient *paced[PACED];
  guint32 frame;
  WsClient *never_readers[SILENT_READERS];
} Soak;

static guint16
port_of (Soak *soak)
{
  return server_process_port (soak->server);
}

/* ---- one visit of each kind ---- */

static void
visit_politely (Soak *soak)
{
  g_autoptr (WsClient) client = ws_client_connect (port_of (soak), AUDIO_PATH);

  for (guint32 i = 0; i < 5; i++)
    echo_pattern (client, FRAME << i, i);
  ws_client_send_close (client, 1000, "bye");
  ws_client_expect_close (client, 1000);
}

static void
visit_and_reset (Soak *soak)
{
  WsClient *client = ws_client_connect (port_of (soak), AUDIO_PATH);

  for (guint32 i = 0; i < 20; i++)
    send_pattern (client, FRAME, i);
  ws_client_reset (client);
}

static void
visit_with_bad_frame (Soak *soak)
{
  g_autoptr (WsClient) client = ws_client_connect (port_of (soak), AUDIO_PATH);

  echo_pattern (client, FRAME, 1);
  ws_client_send_bits (client, WS_FIN | WS_RSV1 | WS_BINARY, WS_PLAIN, "bad", 3);
  ws_client_expect_close (client, 1002);
}

static void
visit_with_half_a_message (Soak *soak)
{
  g_autoptr (WsClient) client = ws_client_connect (port_of (soak), AUDIO_PATH);
  g_autofree guint8 *large = g_malloc0 (100000);

  ws_client_send_frame (client, FALSE, WS_BINARY, large, 100000);
}

static void
visit_too_large (Soak *soak)
{
  g_autoptr (WsClient) client = ws_client_connect (port_of (soak), AUDIO_PATH);
  static const guint8 head[] = { 0x82, 0xff, 0, 0, 0, 0, 0x7f, 0, 0, 0, 1, 2, 3, 4, 5 };

  ws_client_send_raw (client, head, sizeof head);
  ws_client_expect_close (client, 1009);
}

static void
visit_by_http (Soak *soak)
{
  static const char *const requests[] = {
    "GET /health HTTP/1.1\r\nHost: x\r\n\r\n",
    "GET /nothing?a=b HTTP/1.1\r\nHost: x\r\n\r\n",
    "POST /health HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\nhello",
    "GET " AUDIO_PATH " HTTP/1.1\r\nHost: x\r\n\r\n",
  };

  for (gsize i = 0; i < G_N_ELEMENTS (requests); i++) {
    g_autoptr (WsClient) client = ws_client_connect_tcp (port_of (soak));
    g_autoptr (HttpAnswer) answer = ws_client_request (client, requests[i]);

    g_assert_true (answer != NULL && answer->status >= 200 && answer->status < 500);
  }
}

static void
visit_with_half_a_request (Soak *soak)
{
  WsClient *client = ws_client_connect_tcp (port_of (soak));

  ws_client_send_raw (client, "GET /ws/audio HTTP/1.1\r\nHo", 26);
  ws_client_reset (client);
}

/* A flood that is read in the end. */
static void
visit_and_flood (Soak *soak)
{
  Flood flood = flood_open (port_of (soak), FRAME);

  flood_send (&flood);
  flood_drain (&flood, 1);
  flood_close (&flood);
}

/* One that is not; it stays until its place is taken. */
static void
visit_without_reading (Soak *soak)
{
  WsClient **place = &soak->never_readers[soak->rounds % SILENT_READERS];
  Flood flood = flood_open (port_of (soak), FRAME);

  flood_send (&flood);
  g_clear_pointer (place, ws_client_reset);
  *place = g_steal_pointer (&flood.client);
  flood_close (&flood);
}

/* ---- those who stay ---- */

/* Of all who stay the next frame goes out, and comes back. */
static void
talk (Soak *soak)
{
  for (guint i = 0; i < PACED; i++)
    send_pattern (soak->paced[i], FRAME, soak->frame);
  for (guint i = 0; i < PACED; i++)
    expect_pattern (soak->paced[i], FRAME, soak->frame);
  soak->frame++;
}

static void
one_round (Soak *soak)
{
  static void (*const visits[]) (Soak * soak) = {
    visit_politely, visit_and_reset,           visit_with_bad_frame, visit_with_half_a_message, visit_too_large,
    visit_by_http,  visit_with_half_a_request, visit_and_flood,      visit_without_reading,
  };

  visits[soak->rounds % G_N_ELEMENTS (visits)](soak);
  talk (soak);
  soak->rounds++;
}

static void
wait_until_alone (Soak *soak)
{
  for (guint i = 0; i < SILENT_READERS; i++)
    g_clear_pointer (&soak->never_readers[i], ws_client_reset);
  if (!test_wait_until (active_connections (port_of (soak)) == PACED))
    g_test_fail_printf ("%s: sessions are left", soak->name);
}

/* ---- the whole ---- */

static void
check_growth (Soak *soak, guint fds, guint threads, gsize rss)
{
  gboolean grown = rss_is_meaningful () && !test_wait_until (server_process_rss (soak->server) <= rss + GROWTH);
  gsize now = server_process_rss (soak->server);

  g_test_message ("%s: %u visits and %u paced frames of each; memory %" G_GSIZE_FORMAT " KiB, then %" G_GSIZE_FORMAT,
                  soak->name, soak->rounds, soak->frame, rss / 1024, now / 1024);
  if (!test_wait_until (server_process_fds (soak->server) <= fds))
    g_test_fail_printf ("%s: %u descriptors, and there were %u", soak->name, server_process_fds (soak->server), fds);
  if (!test_wait_until (server_process_threads (soak->server) <= threads))
    g_test_fail_printf ("%s: %u threads, and there were %u", soak->name, server_process_threads (soak->server),
                        threads);
  if (grown)
    g_test_fail_printf ("%s: memory has grown", soak->name);
}

static gpointer
run (gpointer data)
{
  Soak *soak = data;
  gint64 end = g_get_monotonic_time () + soak->seconds * G_USEC_PER_SEC;
  guint fds;
  guint threads;
  gsize rss;

  for (guint i = 0; i < PACED; i++)
    soak->paced[i] = ws_client_connect (port_of (soak), AUDIO_PATH);
  while (soak->rounds < WARM_UP_ROUNDS && !g_test_failed ())
    one_round (soak);
  wait_until_alone (soak);
  fds = server_process_fds (soak->server);
  threads = server_process_threads (soak->server);
  rss = server_process_rss (soak->server);
  while (g_get_monotonic_time () < end && !g_test_failed ())
    one_round (soak);
  wait_until_alone (soak);
  check_growth (soak, fds, threads, rss);
  for (guint i = 0; i < PACED; i++)
    ws_client_free (soak->paced[i]);
  return NULL;
}

static void
test_soak (void)
{
  guint seconds = number_from_environment ("AP_TEST_SOAK_SECONDS", 60);
  Soak soaks[] = {
    { "passthrough", server_process_start (), seconds },
    { "direct", server_process_start ("--pipeline", "identity"), seconds },
    { "queued", server_process_start ("--pipeline", "queue"), seconds },
  };
  GThread *threads[G_N_ELEMENTS (soaks)];

  for (gsize i = 0; i < G_N_ELEMENTS (soaks); i++)
    threads[i] = g_thread_new (soaks[i].name, run, &soaks[i]);
  for (gsize i = 0; i < G_N_ELEMENTS (soaks); i++)
    g_thread_join (threads[i]);
  for (gsize i = 0; i < G_N_ELEMENTS (soaks); i++)
    server_process_stop (soaks[i].server);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_set_nonfatal_assertions ();
  g_test_add_func ("/soak", test_soak);
  return g_test_run ();
}
