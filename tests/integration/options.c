/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Command line, environment and .env: what wins over what, and what a wrong value is answered with. */
#include "support.h"

#include <glib/gstdio.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>

#include "test-wait.h"

/* A run that ends by itself. NULL fields are not given; @dotenv is the text of .env in the working folder. */
typedef struct {
  const char *name;
  const char *args[4];
  const char *env[2];
  const char *dotenv;
  int exit_code;
  const char *says[4]; /* on stderr */
} Wrong;

static const Wrong wrongs[] = {
  { "port-too-large", { "--port", "70000" }, { NULL }, NULL, EXIT_USAGE, { "--port", "70000", "65535" } },
  { "port-negative", { "--port=-1" }, { NULL }, NULL, EXIT_USAGE, { "--port", "-1", "65535" } },
  { "port-text", { "--port", "http" }, { NULL }, NULL, EXIT_USAGE, { "--port", "http", "65535" } },
  { "port-half-number", { "--port", "80x" }, { NULL }, NULL, EXIT_USAGE, { "--port", "80x", "65535" } },
  { "port-empty", { "--port", "" }, { NULL }, NULL, EXIT_USAGE, { "--port", "65535" } },
  { "port-missing", { "--port" }, { NULL }, NULL, EXIT_USAGE, { "--port" } },
  { "workers-text", { "--workers", "many" }, { NULL }, NULL, EXIT_USAGE, { "--workers", "many" } },
  { "workers-too-many", { "--workers", "99999999" }, { NULL }, NULL, EXIT_USAGE, { "--workers", "99999999" } },
  { "max-frame-text", { "--max-frame-bytes", "1M?" }, { NULL }, NULL, EXIT_USAGE, { "--max-frame-bytes", "1M?" } },
  { "max-frame-zero", { "--max-frame-bytes", "0" }, { NULL }, NULL, EXIT_USAGE, { "--max-frame-bytes", "0" } },
  { "max-frame-huge",
    { "--max-frame-bytes", "99999999999999999999" },
    { NULL },
    NULL,
    EXIT_USAGE,
    { "--max-frame-bytes" } },
  { "drain-negative", { "--drain-seconds=-5" }, { NULL }, NULL, EXIT_USAGE, { "--drain-seconds", "-5" } },
  { "ping-over", { "--ping-seconds=3601" }, { NULL }, NULL, EXIT_USAGE, { "--ping-seconds", "3601" } },
  { "drain-text", { "--drain-seconds", "soon" }, { NULL }, NULL, EXIT_USAGE, { "--drain-seconds", "soon" } },
  { "level", { "--log-level", "loud" }, { NULL }, NULL, EXIT_USAGE, { "--log-level", "loud", "debug", "warning" } },
  { "format", { "--log-format", "xml" }, { NULL }, NULL, EXIT_USAGE, { "--log-format", "xml", "text", "json" } },
  { "mode",
    { "--pipeline-mode", "fast" },
    { NULL },
    NULL,
    EXIT_USAGE,
    { "--pipeline-mode", "fast", "direct", "queued" } },
  { "host", { "--host", "256.1.1.1" }, { NULL }, NULL, EXIT_USAGE, { "--host", "256.1.1.1" } },
  { "unknown-option", { "--sound", "loud" }, { NULL }, NULL, EXIT_USAGE, { "--sound" } },
  { "argument", { "start" }, { NULL }, NULL, EXIT_USAGE, { "start" } },
  { "env-port", { NULL }, { "AUDIO_PORT=http" }, NULL, EXIT_CONFIGURATION, { "AUDIO_PORT", "http", "65535" } },
  { "env-workers", { NULL }, { "AUDIO_WORKERS=-1" }, NULL, EXIT_CONFIGURATION, { "AUDIO_WORKERS", "-1" } },
  { "env-max-frame",
    { NULL },
    { "AUDIO_MAX_FRAME_BYTES=x" },
    NULL,
    EXIT_CONFIGURATION,
    { "AUDIO_MAX_FRAME_BYTES", "x" } },
  { "env-drain", { NULL }, { "AUDIO_DRAIN_SECONDS=x" }, NULL, EXIT_CONFIGURATION, { "AUDIO_DRAIN_SECONDS", "x" } },
  { "env-level",
    { NULL },
    { "AUDIO_LOG_LEVEL=loud" },
    NULL,
    EXIT_CONFIGURATION,
    { "AUDIO_LOG_LEVEL", "loud", "debug" } },
  { "env-format",
    { NULL },
    { "AUDIO_LOG_FORMAT=xml" },
    NULL,
    EXIT_CONFIGURATION,
    { "AUDIO_LOG_FORMAT", "xml", "json" } },
  { "env-mode",
    { NULL },
    { "AUDIO_PIPELINE_MODE=fast" },
    NULL,
    EXIT_CONFIGURATION,
    { "AUDIO_PIPELINE_MODE", "fast", "direct" } },
  { "env-pipeline", { NULL }, { "AUDIO_PIPELINE=nosuch_xyz" }, NULL, EXIT_CONFIGURATION, { "nosuch_xyz" } },
  { "recording-rate",
    { "--default-sample-rate", "11025" },
    { NULL },
    NULL,
    EXIT_USAGE,
    { "--default-sample-rate", "11025", "22050" } },
  { "env-recording-rate",
    { NULL },
    { "DEFAULT_SAMPLE_RATE=11025" },
    NULL,
    EXIT_CONFIGURATION,
    { "DEFAULT_SAMPLE_RATE", "11025", "22050" } },
  { "env-recording-format",
    { NULL },
    { "DEFAULT_FORMAT=opus" },
    NULL,
    EXIT_CONFIGURATION,
    { "DEFAULT_FORMAT", "webm" } },
  { "env-recording-limit",
    { NULL },
    { "MAX_CONCURRENT_SESSIONS=0" },
    NULL,
    EXIT_CONFIGURATION,
    { "MAX_CONCURRENT_SESSIONS", "'0'" } },
  { "env-recording-level",
    { NULL },
    { "FFMPEG_LOGLEVEL=loud" },
    NULL,
    EXIT_CONFIGURATION,
    { "FFMPEG_LOGLEVEL", "loud", "warning" } },
  { "dotenv-port",
    { NULL },
    { NULL },
    "AUDIO_PORT=http\n",
    EXIT_CONFIGURATION,
    { ".env", "AUDIO_PORT", "http", "65535" } },
  { "dotenv-level",
    { NULL },
    { NULL },
    "\n\nAUDIO_LOG_LEVEL=loud\n",
    EXIT_CONFIGURATION,
    { "AUDIO_LOG_LEVEL", "loud" } },
  { "dotenv-pipeline", { NULL }, { NULL }, "AUDIO_PIPELINE=nosuch_xyz\n", EXIT_CONFIGURATION, { "nosuch_xyz" } },
};

/* Returns: (transfer full): a new folder with that .env */
static char *
folder_with (const char *dotenv)
{
  char *folder = g_dir_make_tmp ("ap-dotenv-XXXXXX", NULL);
  g_autofree char *file = g_build_filename (folder, ".env", NULL);

  if (dotenv != NULL)
    g_assert_true (g_file_set_contents (file, dotenv, -1, NULL));
  return folder;
}

static void
remove_folder (char *folder)
{
  g_autofree char *file = g_build_filename (folder, ".env", NULL);

  g_unlink (file);
  g_rmdir (folder);
  g_free (folder);
}

static void
test_wrong (gconstpointer data)
{
  const Wrong *wrong = data;
  /* A value that is not refused must not take the default port. */
  const char *const env[] = { wrong->env[0] != NULL ? wrong->env[0] : "AUDIO_HOST=127.0.0.1", NULL };
  char *folder = folder_with (wrong->dotenv);
  g_autoptr (ServerProcess) server =
      server_process_spawn (&(ServerSetup){ .args = wrong->args, .env = env, .folder = folder });
  g_autofree char *text = NULL;

  g_assert_cmpint (server_process_wait_exit (server), ==, wrong->exit_code);
  text = server_process_stderr (server);
  for (gsize i = 0; i < G_N_ELEMENTS (wrong->says) && wrong->says[i] != NULL; i++)
    if (strstr (text, wrong->says[i]) == NULL)
      g_test_fail_printf ("'%s' is not in: %s", wrong->says[i], text);
  remove_folder (folder);
}

/* The limit of a frame shows from outside which value is in force. */
static void
check_limit (ServerProcess *server, gsize limit)
{
  g_autoptr (WsClient) client = ws_client_connect (server_process_port (server), AUDIO_PATH);

  echo_pattern (client, limit, 1);
  send_pattern (client, limit + 1, 2);
  ws_client_expect_close (client, 1009);
}

typedef struct {
  const char *name;
  const char *args[3];
  const char *env;
  const char *dotenv;
  gsize limit;
} Precedence;

static const Precedence precedences[] = {
  { "default", { NULL }, NULL, NULL, 1024 * 1024 },
  { "option", { "--max-frame-bytes", "300" }, NULL, NULL, 300 },
  { "option-with-equals", { "--max-frame-bytes=300" }, NULL, NULL, 300 },
  { "env", { NULL }, "AUDIO_MAX_FRAME_BYTES=200", NULL, 200 },
  { "dotenv", { NULL }, NULL, "AUDIO_MAX_FRAME_BYTES=150\n", 150 },
  { "option-over-env", { "--max-frame-bytes", "300" }, "AUDIO_MAX_FRAME_BYTES=200", NULL, 300 },
  { "option-over-dotenv", { "--max-frame-bytes", "300" }, NULL, "AUDIO_MAX_FRAME_BYTES=150\n", 300 },
  { "env-over-dotenv", { NULL }, "AUDIO_MAX_FRAME_BYTES=200", "AUDIO_MAX_FRAME_BYTES=150\n", 200 },
  { "option-over-both",
    { "--max-frame-bytes", "300" },
    "AUDIO_MAX_FRAME_BYTES=200",
    "AUDIO_MAX_FRAME_BYTES=150\n",
    300 },
  { "dotenv-unknown-keys", { NULL }, NULL, "AUDIO_SOUND=loud\nPATH=/nowhere\nX=\nAUDIO_MAX_FRAME_BYTES=150\n", 150 },
  { "dotenv-comments", { NULL }, NULL, "# a comment\n\n  AUDIO_MAX_FRAME_BYTES=150\n#AUDIO_MAX_FRAME_BYTES=9\n", 150 },
  { "dotenv-quotes", { NULL }, NULL, "AUDIO_MAX_FRAME_BYTES=\"150\"\n", 150 },
  { "dotenv-no-newline", { NULL }, NULL, "AUDIO_MAX_FRAME_BYTES=150", 150 },
  { "dotenv-crlf", { NULL }, NULL, "X=1\r\nAUDIO_MAX_FRAME_BYTES=150\r\n", 150 },
};

static void
test_precedence (gconstpointer data)
{
  const Precedence *precedence = data;
  const char *const env[] = { precedence->env, NULL };
  char *folder = folder_with (precedence->dotenv);
  g_autoptr (ServerProcess) server =
      server_process_start_with (&(ServerSetup){ .args = precedence->args, .env = env, .folder = folder });

  check_limit (server, precedence->limit);
  remove_folder (folder);
}

/* Every option has its variable: a server made by the environment alone. */
static void
test_environment (void)
{
  static const char *const env[] = { "AUDIO_HOST=127.0.0.1",
                                     "AUDIO_PORT=0",
                                     "AUDIO_WORKERS=1",
                                     "AUDIO_PIPELINE=mulawdec_demo",
                                     "AUDIO_CAPS=audio/x-mulaw,rate=8000,channels=1",
                                     "AUDIO_PIPELINE_MODE=direct",
                                     "AUDIO_LOG_FORMAT=json",
                                     "AUDIO_LOG_LEVEL=info",
                                     "AUDIO_DRAIN_SECONDS=5",
                                     NULL };
  g_autoptr (ServerProcess) server = server_process_spawn (&(ServerSetup){ .env = env });
  g_autoptr (WsClient) client = NULL;
  g_autofree char *log = NULL;

  server_process_wait_listening (server);
  client = ws_client_connect (server_process_port (server), AUDIO_PATH);
  ws_client_send_binary (client, "\377\377", 2);
  ws_client_expect_binary (client, "\0\0\0\0", 4);
  log = server_process_stderr (server);
  g_assert_true (g_str_has_prefix (log, "{"));
}

/* A file that another program's settings stand in: GStreamer speaks as they say. */
static void
test_log_level (void)
{
  static const struct {
    const char *variable;
    gboolean speaks;
  } rows[] = { { "FFMPEG_LOGLEVEL=verbose", TRUE },
               { "FFMPEG_LOGLEVEL=40", TRUE },
               { "FFMPEG_LOGLEVEL=16", FALSE },
               { "FFMPEG_LOGLEVEL=", FALSE } };

  for (gsize i = 0; i < G_N_ELEMENTS (rows); i++) {
    const char *const env[] = { rows[i].variable, "AUDIO_PIPELINE=mulawdec_demo",
                                "AUDIO_CAPS=audio/x-mulaw,rate=8000,channels=1", NULL };
    g_autoptr (ServerProcess) server = server_process_start_with (&(ServerSetup){ .env = env });
    g_autoptr (WsClient) client = ws_client_connect (server_process_port (server), AUDIO_PATH);
    g_autofree char *log = NULL;

    ws_client_send_binary (client, "\377\377", 2);
    ws_client_expect_binary (client, "\0\0\0\0", 4);
    server_process_signal (server, SIGTERM);
    g_assert_cmpint (server_process_wait_exit (server), ==, 0);
    log = server_process_stderr (server);
    g_test_message ("%s", rows[i].variable);
    g_assert_cmpint (strstr (log, "gstreamer") != NULL, ==, rows[i].speaks);
  }
}

static void
test_version (void)
{
  static const char *const args[] = { "--version", NULL };
  g_autoptr (ServerProcess) server = server_process_spawn (&(ServerSetup){ .args = args });
  g_autofree char *text = NULL;

  g_assert_cmpint (server_process_wait_exit (server), ==, 0);
  text = server_process_stdout (server);
  g_assert_true (g_regex_match_simple ("^audio-pipeline-server \\d+\\.\\d+\\.\\d+", text, 0, 0));
}

static void
test_help (void)
{
  static const char *const args[] = { "--help", NULL };
  static const char *const options[] = { "--host",          "--port",          "--workers",         "--pipeline",
                                         "--caps",          "--pipeline-mode", "--max-frame-bytes", "--drain-seconds",
                                         "--no-log-frames", "--log-level",     "--log-format",      "--healthcheck",
                                         "--version",       "AUDIO_" };
  g_autoptr (ServerProcess) server = server_process_spawn (&(ServerSetup){ .args = args });
  g_autofree char *text = NULL;

  g_assert_cmpint (server_process_wait_exit (server), ==, 0);
  text = server_process_stdout (server);
  for (gsize i = 0; i < G_N_ELEMENTS (options); i++)
    if (strstr (text, options[i]) == NULL)
      g_test_fail_printf ("--help does not speak of %s: %s", options[i], text);
}

static char *
port_text (ServerProcess *server)
{
  return g_strdup_printf ("%u", server_process_port (server));
}

static void
test_port_in_use (void)
{
  ServerProcess *first = server_process_start ();
  g_autofree char *port = port_text (first);
  const char *const args[] = { "--host", "127.0.0.1", "--port", port, NULL };
  g_autoptr (ServerProcess) second = server_process_spawn (&(ServerSetup){ .args = args });
  g_autofree char *text = NULL;
  int exit_code;

  exit_code = server_process_wait_exit (second);
  text = server_process_stderr (second);
  g_test_message ("the second says: %s", text);
  g_assert_cmpint (exit_code, ==, EXIT_UNAVAILABLE);
  if (strstr (text, port) == NULL || strstr (text, "in use") == NULL)
    g_test_fail_printf ("stderr: %s", text);
  g_assert_cmpint (active_connections (server_process_port (first)), ==, 0);
  server_process_stop (first);
}

static ServerProcess *
start_on (guint16 port)
{
  g_autofree char *text = g_strdup_printf ("%u", port);
  const char *const args[] = { "--host", "127.0.0.1", "--port", text, NULL };
  ServerProcess *server = server_process_spawn (&(ServerSetup){ .args = args });

  server_process_wait_listening (server);
  g_assert_cmpuint (server_process_port (server), ==, port);
  return server;
}

/* A server that has ended leaves its port free for the next, though it closed connections itself. */
static void
test_port_again (void)
{
  guint16 number;
  int holder = hold_port (&number);
  ServerProcess *first = start_on (number);
  g_autoptr (WsClient) client = ws_client_connect (number, AUDIO_PATH);

  server_process_stop (first);
  server_process_stop (start_on (number));
  close (holder);
}

static int
healthcheck (const char *port, const char *env_port)
{
  const char *const args[] = { "--healthcheck", port != NULL ? "--port" : NULL, port, NULL };
  const char *const env[] = { env_port, NULL };
  g_autoptr (ServerProcess) check = server_process_spawn (&(ServerSetup){ .args = args, .env = env });

  return server_process_wait_exit (check);
}

static void
test_healthcheck (void)
{
  guint16 number;
  int holder = hold_port (&number);
  ServerProcess *server = start_on (number);
  g_autofree char *port = port_text (server);
  g_autofree char *variable = g_strdup_printf ("AUDIO_PORT=%s", port);

  g_assert_cmpint (healthcheck (port, NULL), ==, 0);
  g_assert_cmpint (healthcheck (NULL, variable), ==, 0);
  server_process_stop (server);
  g_assert_cmpint (healthcheck (port, NULL), ==, 1);
  close (holder);
}

/* One worker or several: the same server. */
static void
test_workers (void)
{
  static const char *const numbers[] = { "1", "2", "5" };

  for (gsize i = 0; i < G_N_ELEMENTS (numbers); i++) {
    ServerProcess *server = server_process_start ("--workers", numbers[i]);
    guint16 port = server_process_port (server);
    WsClient *clients[20];

    for (guint32 k = 0; k < G_N_ELEMENTS (clients); k++)
      clients[k] = ws_client_connect (port, AUDIO_PATH);
    for (guint32 k = 0; k < G_N_ELEMENTS (clients); k++)
      echo_pattern (clients[k], 320, k);
    g_assert_true (test_wait_until (active_connections (port) == G_N_ELEMENTS (clients)));
    for (guint32 k = 0; k < G_N_ELEMENTS (clients); k++)
      ws_client_free (clients[k]);
    g_assert_true (test_wait_until (active_connections (port) == 0));
    server_process_stop (server);
  }
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_set_nonfatal_assertions ();
  for (gsize i = 0; i < G_N_ELEMENTS (wrongs); i++) {
    g_autofree char *path = g_strdup_printf ("/options/wrong/%s", wrongs[i].name);

    g_test_add_data_func (path, &wrongs[i], test_wrong);
  }
  for (gsize i = 0; i < G_N_ELEMENTS (precedences); i++) {
    g_autofree char *path = g_strdup_printf ("/options/precedence/%s", precedences[i].name);

    g_test_add_data_func (path, &precedences[i], test_precedence);
  }
  g_test_add_func ("/options/environment", test_environment);
  g_test_add_func ("/options/log-level", test_log_level);
  g_test_add_func ("/options/version", test_version);
  g_test_add_func ("/options/help", test_help);
  g_test_add_func ("/options/port-in-use", test_port_in_use);
  g_test_add_func ("/options/port-again", test_port_again);
  g_test_add_func ("/options/healthcheck", test_healthcheck);
  g_test_add_func ("/options/workers", test_workers);
  return g_test_run ();
}
