/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* GET /metrics: that it can be read, also under load, and that its figures are what the clients did. */
#include "support.h"

#include <string.h>

#include "metrics-text.h"
#include "test-wait.h"

#define FRAME    320
#define ENDPOINT "{endpoint=\"" AUDIO_PATH "\"}"

static GHashTable *
scrape (guint16 port)
{
  g_autoptr (HttpAnswer) answer = http_get (port, "/metrics");
  g_autofree char *type = NULL;

  if (answer == NULL || answer->status != 200) {
    g_test_fail_printf ("/metrics answers %u", answer != NULL ? answer->status : 0);
    return g_hash_table_new_full (g_str_hash, g_str_equal, g_free, g_free);
  }
  type = http_answer_header (answer, "Content-Type");
  g_assert_cmpstr (type, ==, "text/plain; version=0.0.4; charset=utf-8");
  return metrics_text_parse (answer->body);
}

/* -1: it is not there, which fails the test. */
static double
value_of (GHashTable *metrics, const char *name)
{
  g_autofree char *series = g_strconcat ("audio_pipeline_", name, NULL);
  const double *value = g_hash_table_lookup (metrics, series);

  if (value == NULL)
    g_test_fail_printf ("there is no %s", series);
  return value != NULL ? *value : -1;
}

static double
metric (ServerProcess *server, const char *name)
{
  g_autoptr (GHashTable) metrics = scrape (server_process_port (server));

  return value_of (metrics, name);
}

static double
closed_with (ServerProcess *server, const char *code)
{
  g_autofree char *name = g_strdup_printf ("sessions_closed_total{endpoint=\"" AUDIO_PATH "\",code=\"%s\"}", code);

  return metric (server, name);
}

/* A server that nobody has come to tells of every family, at 0. */
static void
test_fresh (void)
{
  g_autoptr (ServerProcess) server = server_process_start ("--workers", "3");
  g_autoptr (GHashTable) metrics = scrape (server_process_port (server));

  g_assert_cmpfloat (value_of (metrics, "sessions" ENDPOINT), ==, 0);
  g_assert_cmpfloat (value_of (metrics, "frames_received_total" ENDPOINT), ==, 0);
  g_assert_cmpfloat (value_of (metrics, "connections{state=\"http\"}"), ==, 1); /* this one */
  g_assert_cmpfloat (value_of (metrics, "connections_total"), ==, 1);
  g_assert_cmpfloat (value_of (metrics, "output_queue_bytes"), ==, 0);
  g_assert_cmpfloat (value_of (metrics, "output_queue_age_seconds"), ==, 0);
  g_assert_cmpfloat (value_of (metrics, "workers"), ==, 3);
}

/* Frames of many sizes by several clients: every frame and every byte is counted once. */
static void
test_traffic (void)
{
  static const gsize sizes[] = { 0, 1, FRAME, 640, 65536, 300000 };
  g_autoptr (ServerProcess) server = server_process_start ("--no-log-frames");
  WsClient *clients[4];
  double bytes = 0;

  for (guint i = 0; i < G_N_ELEMENTS (clients); i++) {
    clients[i] = ws_client_connect (server_process_port (server), AUDIO_PATH);
    for (guint k = 0; k < G_N_ELEMENTS (sizes); k++) {
      echo_pattern (clients[i], sizes[k], i + k);
      bytes += (double)sizes[k];
    }
  }
  {
    g_autoptr (GHashTable) metrics = scrape (server_process_port (server));
    const double frames = G_N_ELEMENTS (clients) * G_N_ELEMENTS (sizes);

    g_assert_cmpfloat (value_of (metrics, "frames_received_total" ENDPOINT), ==, frames);
    g_assert_cmpfloat (value_of (metrics, "frames_sent_total" ENDPOINT), ==, frames);
    g_assert_cmpfloat (value_of (metrics, "received_bytes_total" ENDPOINT), ==, bytes);
    g_assert_cmpfloat (value_of (metrics, "sent_bytes_total" ENDPOINT), ==, bytes);
    g_assert_cmpfloat (value_of (metrics, "frames_dropped_total" ENDPOINT), ==, 0);
    g_assert_cmpfloat (value_of (metrics, "sessions" ENDPOINT), ==, G_N_ELEMENTS (clients));
    g_assert_cmpfloat (value_of (metrics, "connections{state=\"websocket\"}"), ==, G_N_ELEMENTS (clients));
    g_assert_cmpfloat (value_of (metrics, "latency_seconds_count"), >, 0);
    g_assert_cmpfloat (value_of (metrics, "loop_lag_seconds_count"), >, 0);
  }
  for (guint i = 0; i < G_N_ELEMENTS (clients); i++)
    ws_client_free (clients[i]);
  g_assert_true (test_wait_until (metric (server, "sessions" ENDPOINT) == 0));
  g_assert_cmpfloat (metric (server, "sessions_total" ENDPOINT), ==, G_N_ELEMENTS (clients));
}

/* One session for each way to end; each is counted by the code that it ended with. */
static void
test_close_codes (void)
{
  g_autoptr (ServerProcess) server = server_process_start ("--max-frame-bytes", "1000");
  static const guint16 codes[] = { 1000, 1001, 4321 };

  for (guint i = 0; i < G_N_ELEMENTS (codes); i++) {
    g_autoptr (WsClient) client = ws_client_connect (server_process_port (server), AUDIO_PATH);

    ws_client_send_close (client, codes[i], NULL);
    ws_client_expect_close (client, codes[i]);
  }
  {
    g_autoptr (WsClient) large = ws_client_connect (server_process_port (server), AUDIO_PATH);
    g_autoptr (WsClient) text = ws_client_connect (server_process_port (server), AUDIO_PATH);
    g_autoptr (WsClient) unmasked = ws_client_connect (server_process_port (server), AUDIO_PATH);

    send_pattern (large, 1001, 1);
    ws_client_expect_close (large, 1009);
    ws_client_send_frame (text, TRUE, WS_TEXT, "a", 1);
    ws_client_expect_close (text, 1003);
    ws_client_send_bits (unmasked, WS_FIN | WS_BINARY, WS_UNMASKED, "a", 1);
    ws_client_expect_close (unmasked, 1002);
  }
  ws_client_free (ws_client_connect (server_process_port (server), AUDIO_PATH));
  g_assert_true (test_wait_until (metric (server, "sessions" ENDPOINT) == 0));
  g_assert_cmpfloat (closed_with (server, "1000"), ==, 1);
  g_assert_cmpfloat (closed_with (server, "1001"), ==, 1);
  g_assert_cmpfloat (closed_with (server, "1002"), ==, 1);
  g_assert_cmpfloat (closed_with (server, "1003"), ==, 1);
  g_assert_cmpfloat (closed_with (server, "1006"), ==, 1);
  g_assert_cmpfloat (closed_with (server, "1009"), ==, 1);
  g_assert_cmpfloat (closed_with (server, "1011"), ==, 0);
  g_assert_cmpfloat (closed_with (server, "other"), ==, 1);
  /* The frame that was too large never came in, and text is none. */
  g_assert_cmpfloat (metric (server, "frames_received_total" ENDPOINT), ==, 0);
}

static void
refuse (ServerProcess *server, const char *path, const char *headers)
{
  g_autoptr (WsClient) client = ws_client_connect_tcp (server_process_port (server));
  g_autoptr (HttpAnswer) answer = ws_client_handshake (client, path, headers);

  g_assert_true (answer != NULL && answer->status >= 400);
}

static void
test_refusals (void)
{
  g_autoptr (ServerProcess) server = server_process_start ("--max-connections", "1");
  g_autoptr (WsClient) inside = ws_client_connect (server_process_port (server), AUDIO_PATH);
  g_autoptr (HttpAnswer) plain = http_get (server_process_port (server), AUDIO_PATH);
  g_autoptr (GHashTable) metrics = NULL;

  echo_pattern (inside, FRAME, 1);
  refuse (server, AUDIO_PATH, NULL);
  refuse (server, AUDIO_PATH, NULL);
  refuse (server, AUDIO_PATH, "Origin: https://evil.example\r\n");
  refuse (server, AUDIO_PATH, "Sec-WebSocket-Key: another\r\n");
  refuse (server, "/nothing", NULL); /* no endpoint's */
  metrics = scrape (server_process_port (server));
  g_assert_cmpfloat (value_of (metrics, "handshakes_refused_total{reason=\"unavailable\"}"), ==, 2);
  g_assert_cmpfloat (value_of (metrics, "handshakes_refused_total{reason=\"forbidden\"}"), ==, 1);
  g_assert_cmpfloat (value_of (metrics, "handshakes_refused_total{reason=\"malformed\"}"), ==, 1);
  g_assert_cmpfloat (value_of (metrics, "handshakes_refused_total{reason=\"no_upgrade\"}"), ==, 1);
  g_assert_cmpfloat (value_of (metrics, "handshakes_refused_total{reason=\"other\"}"), ==, 0);
  g_assert_cmpfloat (value_of (metrics, "sessions_limit"), ==, 1);
  g_assert_cmpfloat (value_of (metrics, "sessions_total" ENDPOINT), ==, 1);
}

/* A client that sends and does not read: what waits for it is told, with its age, until it leaves; and what it took in
 * and never gave back is counted. */
static void
test_output_queue (void)
{
  g_autoptr (ServerProcess) server = server_process_start ("--workers", "1", "--no-log-frames");
  g_autoptr (WsClient) client = ws_client_connect (server_process_port (server), AUDIO_PATH);
  g_autoptr (GByteArray) frame = NULL;
  guint8 payload[65536] = { 0 };
  double age;

  frame = ws_frame_bytes (WS_FIN | WS_BINARY, WS_PLAIN, payload, sizeof payload);
  g_assert_true (test_wait_until (
      (ws_client_try_send (client, frame->data, frame->len), metric (server, "output_queue_bytes") > 100000)));
  g_assert_cmpfloat (metric (server, "output_queue_highest_bytes"), >=, metric (server, "output_queue_bytes"));
  age = metric (server, "output_queue_age_seconds");
  g_assert_cmpfloat (age, >, 0);
  g_assert_true (test_wait_until (metric (server, "output_queue_age_seconds") > age));
  g_clear_pointer (&client, ws_client_free);
  g_assert_true (test_wait_until (metric (server, "sessions" ENDPOINT) == 0));
  g_assert_cmpfloat (metric (server, "output_queue_bytes"), ==, 0);
  g_assert_cmpfloat (metric (server, "output_queue_age_seconds"), ==, 0);
  g_assert_cmpfloat (metric (server, "frames_received_total" ENDPOINT), ==,
                     metric (server, "frames_sent_total" ENDPOINT) + metric (server, "frames_dropped_total" ENDPOINT));
}

/* Counters never go back. */
static void
check_growth (GHashTable *before, GHashTable *now)
{
  GHashTableIter iter;
  gpointer series, value;

  g_hash_table_iter_init (&iter, before);
  while (g_hash_table_iter_next (&iter, &series, &value)) {
    const double *later = g_hash_table_lookup (now, series);

    if (later == NULL)
      g_test_fail_printf ("%s has gone", (char *)series);
    else if (strstr (series, "_total") != NULL && *later < *(double *)value)
      g_test_fail_printf ("%s went back", (char *)series);
  }
}

/* While clients keep every worker busy, each page is whole and holds what was counted at its time. */
static void
test_under_load (void)
{
  enum { CLIENTS = 20, WINDOW = 8, ROUNDS = 100 };
  g_autoptr (ServerProcess) server = server_process_start ("--no-log-frames");
  g_autoptr (GHashTable) before = scrape (server_process_port (server));
  WsClient *clients[CLIENTS];

  for (guint i = 0; i < CLIENTS; i++)
    clients[i] = ws_client_connect (server_process_port (server), AUDIO_PATH);
  for (guint round = 0; round < ROUNDS && !g_test_failed (); round++) {
    GHashTable *now;

    for (guint i = 0; i < CLIENTS * WINDOW; i++)
      send_pattern (clients[i % CLIENTS], FRAME, round * WINDOW + i / CLIENTS);
    now = scrape (server_process_port (server));
    check_growth (before, now);
    g_assert_cmpfloat (value_of (now, "frames_received_total" ENDPOINT), <=, (round + 1) * CLIENTS * WINDOW);
    g_assert_cmpfloat (value_of (now, "frames_received_total" ENDPOINT), >=, round * CLIENTS * WINDOW);
    g_assert_cmpfloat (value_of (now, "sessions" ENDPOINT), ==, CLIENTS);
    g_hash_table_unref (before);
    before = now;
    for (guint i = 0; i < CLIENTS * WINDOW; i++)
      expect_pattern (clients[i % CLIENTS], FRAME, round * WINDOW + i / CLIENTS);
  }
  g_assert_cmpfloat (metric (server, "frames_sent_total" ENDPOINT), ==, CLIENTS * WINDOW * ROUNDS);
  for (guint i = 0; i < CLIENTS; i++)
    ws_client_free (clients[i]);
}

/* A scraper that leaves before its answer takes nothing with it. */
static void
test_scraper_leaves (void)
{
  static const char request[] = "GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n";
  g_autoptr (ServerProcess) server = server_process_start ();
  guint fds;

  g_assert_cmpint (active_connections (server_process_port (server)), ==, 0);
  fds = server_process_fds (server);
  for (guint i = 0; i < 200; i++) {
    WsClient *client = ws_client_connect_tcp (server_process_port (server));

    ws_client_send_raw (client, request, strlen (request));
    if (i % 2 == 0)
      ws_client_free (client);
    else
      ws_client_reset (client);
  }
  g_assert_true (test_wait_until (server_process_fds (server) <= fds));
  g_assert_true (test_wait_until (metric (server, "connections{state=\"http\"}") == 1));
}

static void
fail_pipeline (const char *mode)
{
  g_autoptr (ServerProcess) server =
      server_process_start ("--pipeline", "identity error-after=3", "--pipeline-mode", mode);
  g_autoptr (WsClient) client = ws_client_connect (server_process_port (server), AUDIO_PATH);
  g_autoptr (GHashTable) metrics = NULL;

  echo_pattern (client, FRAME, 1);
  echo_pattern (client, FRAME, 2);
  send_pattern (client, FRAME, 3);
  ws_client_expect_close (client, 1011);
  metrics = scrape (server_process_port (server));
  g_assert_cmpfloat (value_of (metrics, "errors_total{kind=\"pipeline\"}"), ==, 1);
  g_assert_cmpfloat (value_of (metrics, "errors_total{kind=\"pipeline_build\"}"), ==, 0);
  g_assert_cmpfloat (value_of (metrics, "latency_seconds_count"), >=, 1);
  if (g_str_equal (mode, "queued"))
    g_assert_cmpfloat (value_of (metrics, "handover_seconds_count"), >=, 1);
  g_assert_cmpfloat (closed_with (server, "1011"), ==, 1);
}

static void
test_pipeline_fails (void)
{
  fail_pipeline ("direct");
  fail_pipeline ("queued");
}

static void
test_process (void)
{
  g_autoptr (ServerProcess) server = server_process_start ("--workers", "2");
  g_autoptr (GHashTable) metrics = scrape (server_process_port (server));
  double now = (double)g_get_real_time () / G_USEC_PER_SEC;

  g_assert_cmpfloat (value_of (metrics, "process_threads"), ==, server_process_threads (server));
  /* The scrape's own connection is in it. */
  g_assert_cmpfloat (value_of (metrics, "process_open_fds"), >=, server_process_fds (server));
  g_assert_cmpfloat (value_of (metrics, "process_open_fds"), <=, server_process_fds (server) + 3);
  g_assert_cmpfloat (value_of (metrics, "process_max_fds"), >, value_of (metrics, "process_open_fds"));
  g_assert_cmpfloat (value_of (metrics, "process_cpu_seconds_total"), >, 0);
  g_assert_cmpfloat (value_of (metrics, "process_cpu_seconds_total"), <=,
                     (double)server_process_cpu_ns (server) / 1e9 + 0.02);
  g_assert_cmpfloat (value_of (metrics, "process_resident_memory_bytes"), >, (double)server_process_rss (server) / 2);
  g_assert_cmpfloat (value_of (metrics, "process_resident_memory_bytes"), <, (double)server_process_rss (server) * 2);
  g_assert_cmpfloat (value_of (metrics, "process_start_time_seconds"), <=, now);
  g_assert_cmpfloat (value_of (metrics, "process_start_time_seconds"), >, now - 120);
}

/* Lines that nobody reads are counted as they are dropped, not when somebody reads again. */
static void
test_dropped_lines (void)
{
  static const char series[] = "log_lines_dropped_total{log=\"frames\"}";
  g_autoptr (ServerProcess) server = server_process_start_with (&(ServerSetup){ .hold_stdout = TRUE });
  g_autoptr (WsClient) client = ws_client_connect (server_process_port (server), AUDIO_PATH);

  for (guint32 i = 0; i < 400000 && !g_test_failed (); i += 100) {
    for (guint32 k = 0; k < 100; k++)
      send_pattern (client, 16, i + k);
    for (guint32 k = 0; k < 100; k++)
      expect_pattern (client, 16, i + k);
    if (i % 20000 == 0 && metric (server, series) > 0)
      break;
  }
  g_assert_cmpfloat (metric (server, series), >, 0);
  g_clear_pointer (&client, ws_client_free);
  server_process_release_stdout (server);
}

/* Returns: the port that the server's log names for /metrics */
static guint16
metrics_port_of (ServerProcess *server)
{
  g_autofree char *log = server_process_stderr (server);
  const char *line = strstr (log, "metrics on http://127.0.0.1:");

  return line != NULL ? (guint16)g_ascii_strtoull (line + strlen ("metrics on http://127.0.0.1:"), NULL, 10) : 0;
}

/* On a port of its own there is nothing else, and nothing of it is on the main port. */
static void
test_own_port (void)
{
  g_autoptr (ServerProcess) server = server_process_start ("--metrics-port", "0");
  guint16 own = metrics_port_of (server);
  g_autoptr (WsClient) client = ws_client_connect (server_process_port (server), AUDIO_PATH);
  g_autoptr (HttpAnswer) on_main = http_get (server_process_port (server), "/metrics");
  g_autoptr (HttpAnswer) health = http_get (own, "/health");
  g_autoptr (GHashTable) metrics = NULL;

  echo_pattern (client, FRAME, 1);
  metrics = scrape (own);
  g_assert_cmpuint (own, !=, server_process_port (server));
  g_assert_cmpuint (on_main != NULL ? on_main->status : 0, ==, 404);
  g_assert_cmpuint (health != NULL ? health->status : 0, ==, 404);
  g_assert_cmpfloat (value_of (metrics, "frames_received_total" ENDPOINT), ==, 1);
}

static void
test_own_port_in_use (void)
{
  g_autoptr (ServerProcess) first = server_process_start ("--metrics-port", "0");
  g_autofree char *taken = g_strdup_printf ("%u", metrics_port_of (first));
  const char *const args[] = { "--host", "127.0.0.1", "--port", "0", "--metrics-port", taken, NULL };
  ServerProcess *second = server_process_spawn (&(ServerSetup){ .args = args });

  g_assert_cmpint (server_process_wait_exit (second), ==, EXIT_UNAVAILABLE);
  server_process_free (second);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_set_nonfatal_assertions ();
  g_test_add_func ("/metrics/fresh", test_fresh);
  g_test_add_func ("/metrics/traffic", test_traffic);
  g_test_add_func ("/metrics/close-codes", test_close_codes);
  g_test_add_func ("/metrics/refusals", test_refusals);
  g_test_add_func ("/metrics/output-queue", test_output_queue);
  g_test_add_func ("/metrics/under-load", test_under_load);
  g_test_add_func ("/metrics/scraper-leaves", test_scraper_leaves);
  g_test_add_func ("/metrics/pipeline-fails", test_pipeline_fails);
  g_test_add_func ("/metrics/process", test_process);
  g_test_add_func ("/metrics/dropped-lines", test_dropped_lines);
  g_test_add_func ("/metrics/own-port", test_own_port);
  g_test_add_func ("/metrics/own-port-in-use", test_own_port_in_use);
  return g_test_run ();
}
