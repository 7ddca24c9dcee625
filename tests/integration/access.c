/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* --api-token: who is let in, how, and that the token is told to nobody. */
#include "support.h"

#include <string.h>

#include "test-wait.h"

#define TOKEN "s3cret-Token_0123456789.~+"
#define OTHER "another-token-to-come"

static ServerProcess *server;

typedef struct {
  const char *name;
  const char *path;
  const char *headers;
  guint status;
} Row;

#define BEARER(token)   "Authorization: Bearer " token "\r\n"
#define PROTOCOLS(list) "Sec-WebSocket-Protocol: " list "\r\n"

static const Row plain[] = {
  { "health", "/health", "", 200 },
  { "health-wrong-token", "/health", BEARER ("x"), 200 },
  { "ready", "/ready", "", 200 },
  { "unknown-path", "/nothing", "", 401 },
  { "unknown-path-token", "/nothing", BEARER (TOKEN), 404 },
  { "root", "/", "", 401 },
  { "health-slash", "/health/", "", 401 },
  { "audio-no-upgrade", AUDIO_PATH, "", 401 },
  { "audio-no-upgrade-token", AUDIO_PATH, BEARER (TOKEN), 426 },
  { "query", "/nothing?token=" TOKEN "&access_token=" TOKEN "&api_token=" TOKEN, "", 401 },
};

static const Row handshakes[] = {
  { "missing", AUDIO_PATH, "", 401 },
  { "empty", AUDIO_PATH, "Authorization:\r\n", 401 },
  { "wrong", AUDIO_PATH, BEARER ("s3cret-Token_0123456789.~-"), 401 },
  { "shorter", AUDIO_PATH, BEARER ("s3cret"), 401 },
  { "longer", AUDIO_PATH, BEARER (TOKEN "0"), 401 },
  { "other-case", AUDIO_PATH, BEARER ("S3CRET-TOKEN_0123456789.~+"), 401 },
  { "basic", AUDIO_PATH, "Authorization: Basic " TOKEN "\r\n", 401 },
  { "both", AUDIO_PATH, BEARER (TOKEN "," OTHER), 401 },
  { "twice", AUDIO_PATH, BEARER (TOKEN) BEARER (TOKEN), 401 },
  { "right", AUDIO_PATH, BEARER (TOKEN), 101 },
  { "right-second", AUDIO_PATH, BEARER (OTHER), 101 },
  { "in-query", AUDIO_PATH "?token=" TOKEN "&bearer=" TOKEN, "", 401 },
  { "in-cookie", AUDIO_PATH, "Cookie: token=" TOKEN "\r\n", 401 },
  { "protocol-missing", AUDIO_PATH, PROTOCOLS ("audio-pipeline"), 401 },
  { "protocol-wrong", AUDIO_PATH, PROTOCOLS ("audio-pipeline, bearer.x"), 401 },
  { "protocol-shorter", AUDIO_PATH, PROTOCOLS ("audio-pipeline, bearer.s3cret"), 401 },
  { "protocol-longer", AUDIO_PATH, PROTOCOLS ("audio-pipeline, bearer." TOKEN "0"), 401 },
  { "protocol-bare", AUDIO_PATH, PROTOCOLS ("audio-pipeline, " TOKEN), 401 },
  { "protocol-right", AUDIO_PATH, PROTOCOLS ("audio-pipeline, bearer." TOKEN), 101 },
  { "protocol-first", AUDIO_PATH, PROTOCOLS ("bearer." OTHER ",audio-pipeline"), 101 },
  { "protocol-lines", AUDIO_PATH, PROTOCOLS ("audio-pipeline") PROTOCOLS ("bearer." TOKEN), 101 },
};

static void
check_told_nothing (const char *text)
{
  g_assert_null (strstr (text, TOKEN));
  g_assert_null (strstr (text, OTHER));
}

static void
check_refusal (const HttpAnswer *answer)
{
  g_autofree char *challenge = http_answer_header (answer, "WWW-Authenticate");
  g_autofree char *type = http_answer_header (answer, "Content-Type");
  g_autoptr (JsonParser) parser = json_parser_new ();
  JsonObject *object = parse_object (parser, answer->body);

  g_assert_cmpstr (challenge, ==, "Bearer realm=\"audio-pipeline\"");
  g_assert_cmpstr (type, ==, "application/json");
  g_assert_true (object != NULL && json_object_has_member (object, "error"));
}

static void
check_answer (const Row *row, const HttpAnswer *answer)
{
  g_assert_nonnull (answer);
  g_assert_cmpuint (answer->status, ==, row->status);
  check_told_nothing (answer->head);
  if (answer->body != NULL)
    check_told_nothing (answer->body);
  if (answer->status == 401)
    check_refusal (answer);
}

static void
test_plain (gconstpointer data)
{
  const Row *row = data;
  g_autoptr (WsClient) client = ws_client_connect_tcp (server_process_port (server));
  g_autofree char *request = g_strdup_printf ("GET %s HTTP/1.1\r\nHost: x\r\n%s\r\n", row->path, row->headers);
  g_autoptr (HttpAnswer) answer = ws_client_request (client, request);

  check_answer (row, answer);
}

/* The sub-protocol that is answered is the one that is no secret; a browser insists on one. */
static void
test_handshake (gconstpointer data)
{
  const Row *row = data;
  g_autoptr (WsClient) client = ws_client_connect_tcp (server_process_port (server));
  g_autoptr (HttpAnswer) answer = ws_client_handshake (client, row->path, row->headers);
  g_autofree char *protocol = NULL;

  check_answer (row, answer);
  if (row->status != 101)
    return;
  protocol = http_answer_header (answer, "Sec-WebSocket-Protocol");
  g_assert_cmpstr (protocol, ==, strstr (row->headers, "audio-pipeline") != NULL ? "audio-pipeline" : NULL);
  echo_pattern (client, 320, 1);
}

/* A client that is written for a server with a token can talk to one without. */
static void
test_without_token (void)
{
  g_autoptr (ServerProcess) free_server = server_process_start ();
  g_autoptr (WsClient) client = ws_client_connect_tcp (server_process_port (free_server));
  g_autoptr (HttpAnswer) answer = ws_client_handshake (client, AUDIO_PATH, PROTOCOLS ("audio-pipeline, bearer." TOKEN));
  g_autofree char *protocol = http_answer_header (answer, "Sec-WebSocket-Protocol");

  g_assert_cmpuint (answer->status, ==, 101);
  g_assert_cmpstr (protocol, ==, "audio-pipeline");
  echo_pattern (client, 320, 1);
  g_clear_pointer (&client, ws_client_free);
}

/* What could not be sent is refused at the start, and not repeated. */
static void
test_unusable_tokens (void)
{
  static const char *const tokens[] = { "sec ret", "sec/ret", "good,,good", "good,secret=" };

  for (gsize i = 0; i < G_N_ELEMENTS (tokens); i++) {
    const char *const args[] = { "--host", "127.0.0.1", "--port", "0", NULL };
    g_autofree char *variable = g_strconcat ("AUDIO_API_TOKEN=", tokens[i], NULL);
    const char *const env[] = { variable, NULL };
    ServerProcess *refused = server_process_spawn (&(ServerSetup){ .args = args, .env = env });
    g_autofree char *said = NULL;

    g_assert_cmpint (server_process_wait_exit (refused), ==, EXIT_CONFIGURATION);
    said = server_process_stderr (refused);
    g_assert_nonnull (strstr (said, "--api-token"));
    g_assert_null (strstr (said, "sec"));
    server_process_free (refused);
  }
}

/* The last test: after all of the above the log, at its most talkative, has not told. */
static void
test_log (void)
{
  g_autofree char *log = server_process_stderr (server);
  g_autofree char *frames = server_process_stdout (server);

  check_told_nothing (log);
  check_told_nothing (frames);
}

static void
add_rows (const char *prefix, const Row *rows, gsize n, GTestDataFunc func)
{
  for (gsize i = 0; i < n; i++) {
    g_autofree char *name = g_strconcat (prefix, rows[i].name, NULL);

    g_test_add_data_func (name, &rows[i], func);
  }
}

int
main (int argc, char **argv)
{
  const char *const args[] = { "--log-level", "debug", NULL };
  const char *const env[] = { "AUDIO_API_TOKEN=" TOKEN ", " OTHER, "G_MESSAGES_DEBUG=all", NULL };
  int result;

  g_test_init (&argc, &argv, NULL);
  add_rows ("/access/plain/", plain, G_N_ELEMENTS (plain), test_plain);
  add_rows ("/access/handshake/", handshakes, G_N_ELEMENTS (handshakes), test_handshake);
  g_test_add_func ("/access/without-token", test_without_token);
  g_test_add_func ("/access/unusable-tokens", test_unusable_tokens);
  g_test_add_func ("/access/told-to-nobody", test_log);
  server = server_process_start_with (&(ServerSetup){ .args = args, .env = env });
  result = g_test_run ();
  server_process_stop (server);
  return result;
}
