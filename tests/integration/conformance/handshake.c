/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* RFC 6455, section 4: the opening handshake. A row is a request and what it has to be answered with. */
#include "conversation.h"

#include <string.h>

#include "test-wait.h"

#define GET        "GET " AUDIO_PATH " HTTP/1.1\r\n"
#define HOST       "Host: 127.0.0.1\r\n"
#define UPGRADE    "Upgrade: websocket\r\n"
#define CONNECTION "Connection: Upgrade\r\n"
#define VERSION    "Sec-WebSocket-Version: 13\r\n"
#define KEY        "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
/* Section 1.3 has both. */
#define ACCEPT "Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo="
#define ASKED  "Sec-WebSocket-Version: 13"

typedef struct {
  const char *name;
  const char *request; /* without its empty line */
  guint status;
  const char *header; /* (nullable) of the answer, `Name: value`; `!Name`: the answer has none of that name */
} Handshake;

#define METHOD(method, status, header)                                                                                 \
  {                                                                                                                    \
    "/4.2.1/method/" method, method " " AUDIO_PATH " HTTP/1.1\r\n" HOST UPGRADE CONNECTION VERSION KEY, status, header \
  }
#define CONNECTION_IS(name, lines, status)                                                                             \
  {                                                                                                                    \
    "/4.2.1/connection/" name, GET HOST UPGRADE lines VERSION KEY, status, NULL                                        \
  }
#define UPGRADE_IS(name, lines, status)                                                                                \
  {                                                                                                                    \
    "/4.2.1/upgrade/" name, GET HOST lines CONNECTION VERSION KEY, status, status == 426 ? "Upgrade: websocket" : NULL \
  }
#define VERSION_IS(name, lines, status)                                                                                \
  {                                                                                                                    \
    "/4.2.1/version/" name, GET HOST UPGRADE CONNECTION lines KEY, status, status == 426 ? ASKED : NULL                \
  }
#define KEY_IS(name, lines, status)                                                                                    \
  {                                                                                                                    \
    "/4.2.1/key/" name, GET HOST UPGRADE CONNECTION VERSION lines, status, NULL                                        \
  }
#define WITH(name, lines, status, header)                                                                              \
  {                                                                                                                    \
    "/4.2.2/" name, GET HOST UPGRADE CONNECTION VERSION KEY lines, status, header                                      \
  }
#define TARGET(name, target, status)                                                                                   \
  {                                                                                                                    \
    "/4.2.1/target/" name, "GET " target " HTTP/1.1\r\n" HOST UPGRADE CONNECTION VERSION KEY, status, NULL             \
  }
#define PROTOCOL(name, protocol, status)                                                                               \
  {                                                                                                                    \
    "/4.2.1/http/" name, "GET " AUDIO_PATH " " protocol "\r\n" HOST UPGRADE CONNECTION VERSION KEY, status, NULL       \
  }
#define HOST_IS(name, lines, status)                                                                                   \
  {                                                                                                                    \
    "/4.2.1/host/" name, GET lines UPGRADE CONNECTION VERSION KEY, status, NULL                                        \
  }

static const Handshake handshakes[] = {
  { "/4.2.2/of-the-rfc", GET HOST UPGRADE CONNECTION VERSION KEY, 101, ACCEPT },
  { "/4.2.2/says-upgrade", GET HOST UPGRADE CONNECTION VERSION KEY, 101, "Upgrade: websocket" },
  { "/4.2.2/says-connection", GET HOST UPGRADE CONNECTION VERSION KEY, 101, "Connection: Upgrade" },
  { "/4.2.2/no-length", GET HOST UPGRADE CONNECTION VERSION KEY, 101, "!Content-Length" },
  { "/4.2.2/no-encoding", GET HOST UPGRADE CONNECTION VERSION KEY, 101, "!Transfer-Encoding" },
  { "/4.2.1/names/lower-case",
    GET "host: 127.0.0.1\r\nupgrade: websocket\r\nconnection: Upgrade\r\nsec-websocket-version: 13\r\n"
        "sec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==\r\n",
    101, ACCEPT },
  { "/4.2.1/names/upper-case",
    GET "HOST: 127.0.0.1\r\nUPGRADE: websocket\r\nCONNECTION: Upgrade\r\nSEC-WEBSOCKET-VERSION: 13\r\n"
        "SEC-WEBSOCKET-KEY: dGhlIHNhbXBsZSBub25jZQ==\r\n",
    101, ACCEPT },
  { "/4.2.1/names/other-order", GET KEY VERSION CONNECTION UPGRADE HOST, 101, ACCEPT },
  { "/4.2.1/names/no-space-after-colon",
    GET "Host:127.0.0.1\r\nUpgrade:websocket\r\nConnection:Upgrade\r\nSec-WebSocket-Version:13\r\n"
        "Sec-WebSocket-Key:dGhlIHNhbXBsZSBub25jZQ==\r\n",
    101, ACCEPT },
  { "/4.2.1/names/space-around-values",
    GET HOST "Upgrade: \t websocket \t\r\nConnection:   Upgrade  \r\nSec-WebSocket-Version:  13  \r\n"
             "Sec-WebSocket-Key:\tdGhlIHNhbXBsZSBub25jZQ==\t\r\n",
    101, ACCEPT },
  METHOD ("GET", 101, ACCEPT),
  METHOD ("POST", 405, "Allow: GET"),
  METHOD ("HEAD", 405, "Allow: GET"),
  METHOD ("PUT", 405, "Allow: GET"),
  METHOD ("DELETE", 405, "Allow: GET"),
  METHOD ("OPTIONS", 405, "Allow: GET"),
  METHOD ("PATCH", 405, "Allow: GET"),
  METHOD ("TRACE", 405, "Allow: GET"),
  METHOD ("get", 405, "Allow: GET"),
  METHOD ("GETS", 405, "Allow: GET"),
  PROTOCOL ("1.0", "HTTP/1.0", 426),
  PROTOCOL ("none", "", 400),
  PROTOCOL ("0.9", "HTTP/0.9", 505),
  PROTOCOL ("2.0", "HTTP/2.0", 505),
  PROTOCOL ("garbage", "HTTQ/1.1", 400),
  TARGET ("query", AUDIO_PATH "?x=1&y=2", 101),
  TARGET ("empty-query", AUDIO_PATH "?", 101),
  TARGET ("absolute", "http://127.0.0.1" AUDIO_PATH, 101),
  TARGET ("encoded", "/ws/%61udio", 101),
  TARGET ("slash-behind", AUDIO_PATH "/", 404),
  TARGET ("slash-before", "/" AUDIO_PATH, 404),
  TARGET ("upper-case", "/WS/AUDIO", 404),
  TARGET ("root", "/", 404),
  TARGET ("other", "/ws/other", 404),
  HOST_IS ("missing", "", 400),
  HOST_IS ("twice", HOST HOST, 400),
  HOST_IS ("with-port", "Host: 127.0.0.1:8001\r\n", 101),
  HOST_IS ("name", "Host: audio.example\r\n", 101),
  HOST_IS ("ipv6", "Host: [::1]:8001\r\n", 101),
  UPGRADE_IS ("missing", "", 426),
  UPGRADE_IS ("mixed-case", "Upgrade: WebSocket\r\n", 101),
  UPGRADE_IS ("upper-case", "Upgrade: WEBSOCKET\r\n", 101),
  UPGRADE_IS ("empty", "Upgrade:\r\n", 426),
  UPGRADE_IS ("other", "Upgrade: h2c\r\n", 426),
  UPGRADE_IS ("longer", "Upgrade: websockets\r\n", 426),
  UPGRADE_IS ("shorter", "Upgrade: websocke\r\n", 426),
  UPGRADE_IS ("two-words", "Upgrade: web socket\r\n", 426),
  UPGRADE_IS ("list-last", "Upgrade: h2c, websocket\r\n", 101),
  UPGRADE_IS ("list-first", "Upgrade: websocket, h2c\r\n", 101),
  UPGRADE_IS ("list-without-space", "Upgrade: h2c,WebSocket\r\n", 101),
  UPGRADE_IS ("two-lines", "Upgrade: h2c\r\nUpgrade: websocket\r\n", 101),
  CONNECTION_IS ("missing", "", 400),
  CONNECTION_IS ("lower-case", "Connection: upgrade\r\n", 101),
  CONNECTION_IS ("upper-case", "Connection: UPGRADE\r\n", 101),
  CONNECTION_IS ("list-last", "Connection: keep-alive, Upgrade\r\n", 101),
  CONNECTION_IS ("list-first", "Connection: Upgrade, keep-alive\r\n", 101),
  CONNECTION_IS ("list-without-space", "Connection: keep-alive,upgrade\r\n", 101),
  CONNECTION_IS ("list-with-gaps", "Connection: , keep-alive ,, Upgrade ,\r\n", 101),
  CONNECTION_IS ("two-lines", "Connection: keep-alive\r\nConnection: Upgrade\r\n", 101),
  CONNECTION_IS ("empty", "Connection:\r\n", 400),
  CONNECTION_IS ("keep-alive", "Connection: keep-alive\r\n", 400),
  CONNECTION_IS ("close", "Connection: close\r\n", 400),
  CONNECTION_IS ("longer", "Connection: upgraded\r\n", 400),
  CONNECTION_IS ("part-of-a-word", "Connection: no-upgrade\r\n", 400),
  CONNECTION_IS ("two-words", "Connection: keep-alive Upgrade\r\n", 400),
  VERSION_IS ("missing", "", 426),
  VERSION_IS ("empty", "Sec-WebSocket-Version:\r\n", 426),
  VERSION_IS ("0", "Sec-WebSocket-Version: 0\r\n", 426),
  VERSION_IS ("1", "Sec-WebSocket-Version: 1\r\n", 426),
  VERSION_IS ("8", "Sec-WebSocket-Version: 8\r\n", 426),
  VERSION_IS ("12", "Sec-WebSocket-Version: 12\r\n", 426),
  VERSION_IS ("14", "Sec-WebSocket-Version: 14\r\n", 426),
  VERSION_IS ("25", "Sec-WebSocket-Version: 25\r\n", 426),
  VERSION_IS ("255", "Sec-WebSocket-Version: 255\r\n", 426),
  VERSION_IS ("269", "Sec-WebSocket-Version: 269\r\n", 426),
  VERSION_IS ("leading-zero", "Sec-WebSocket-Version: 013\r\n", 426),
  VERSION_IS ("sign", "Sec-WebSocket-Version: +13\r\n", 426),
  VERSION_IS ("fraction", "Sec-WebSocket-Version: 13.0\r\n", 426),
  VERSION_IS ("word", "Sec-WebSocket-Version: thirteen\r\n", 426),
  VERSION_IS ("list", "Sec-WebSocket-Version: 8, 13\r\n", 426),
  VERSION_IS ("twice", VERSION VERSION, 426),
  VERSION_IS ("two", "Sec-WebSocket-Version: 8\r\n" VERSION, 426),
  KEY_IS ("missing", "", 400),
  KEY_IS ("empty", "Sec-WebSocket-Key:\r\n", 400),
  KEY_IS ("zeros", "Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n", 101),
  KEY_IS ("plus-and-slash", "Sec-WebSocket-Key: +/+/+/+/+/+/+/+/+/+/+w==\r\n", 101),
  KEY_IS ("15-bytes", "Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAA\r\n", 400),
  KEY_IS ("17-bytes", "Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAAA=\r\n", 400),
  KEY_IS ("18-bytes", "Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAAAA\r\n", 400),
  KEY_IS ("1-byte", "Sec-WebSocket-Key: AA==\r\n", 400),
  KEY_IS ("long", "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQdGhlIHNhbXBsZSBub25jZQ==\r\n", 400),
  KEY_IS ("not-base64", "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25j*Q==\r\n", 400),
  KEY_IS ("url-alphabet", "Sec-WebSocket-Key: -_-_-_-_-_-_-_-_-_-_-w==\r\n", 400),
  KEY_IS ("without-padding", "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ\r\n", 400),
  KEY_IS ("padding-inside", "Sec-WebSocket-Key: dGhlIHNhbXBs==BsZSBub25j\r\n", 400),
  KEY_IS ("space-inside", "Sec-WebSocket-Key: dGhlIHNhbXBs ZSBub25jZQ==\r\n", 400),
  KEY_IS ("quoted", "Sec-WebSocket-Key: \"dGhlIHNhbXBsZSBub25jZQ==\"\r\n", 400),
  KEY_IS ("twice", KEY KEY, 400),
  KEY_IS ("two", KEY "Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n", 400),
  WITH ("extensions/none", "", 101, "!Sec-WebSocket-Extensions"),
  WITH ("extensions/deflate", "Sec-WebSocket-Extensions: permessage-deflate\r\n", 101, "!Sec-WebSocket-Extensions"),
  WITH ("extensions/as-browsers-ask", "Sec-WebSocket-Extensions: permessage-deflate; client_max_window_bits\r\n", 101,
        "!Sec-WebSocket-Extensions"),
  WITH ("extensions/several",
        "Sec-WebSocket-Extensions: x-webkit-deflate-frame, permessage-deflate; server_no_context_takeover\r\n", 101,
        "!Sec-WebSocket-Extensions"),
  WITH ("extensions/two-lines", "Sec-WebSocket-Extensions: one\r\nSec-WebSocket-Extensions: two; a=\"b, c\"\r\n", 101,
        "!Sec-WebSocket-Extensions"),
  WITH ("extensions/unknown", "Sec-WebSocket-Extensions: bbf-usp-protocol\r\n", 101, "!Sec-WebSocket-Extensions"),
  WITH ("extensions/empty", "Sec-WebSocket-Extensions:\r\n", 101, "!Sec-WebSocket-Extensions"),
  WITH ("protocols/none", "", 101, "!Sec-WebSocket-Protocol"),
  WITH ("protocols/one", "Sec-WebSocket-Protocol: chat\r\n", 101, "!Sec-WebSocket-Protocol"),
  WITH ("protocols/several", "Sec-WebSocket-Protocol: chat, superchat\r\n", 101, "!Sec-WebSocket-Protocol"),
  WITH ("protocols/two-lines", "Sec-WebSocket-Protocol: chat\r\nSec-WebSocket-Protocol: superchat\r\n", 101,
        "!Sec-WebSocket-Protocol"),
  WITH ("protocols/empty", "Sec-WebSocket-Protocol:\r\n", 101, "!Sec-WebSocket-Protocol"),
  WITH ("others/unknown", "X-Unknown: 1\r\nCookie: a=b\r\nUser-Agent: test\r\n", 101, ACCEPT),
  WITH ("others/accept-of-a-client", "Sec-WebSocket-Accept: AAAA\r\n", 101, ACCEPT),
  WITH ("others/empty-body", "Content-Length: 0\r\n", 101, ACCEPT),
};

static void
check_header (const HttpAnswer *answer, const char *header)
{
  gboolean absent = *header == '!';
  g_auto (GStrv) parts = g_strsplit (header + absent, ": ", 2);
  g_autofree char *value = http_answer_header (answer, parts[0]);

  g_assert_cmpstr (value, ==, absent ? NULL : parts[1]);
}

static HttpAnswer *
send_whole (WsClient *client, const char *request, const char *behind, gsize behind_len)
{
  g_autoptr (GByteArray) bytes = g_byte_array_new ();

  g_byte_array_append (bytes, (const guint8 *)request, (guint)strlen (request));
  g_byte_array_append (bytes, (const guint8 *)behind, (guint)behind_len);
  ws_client_send_raw (client, bytes->data, bytes->len);
  return ws_client_request (client, "");
}

/* After the answer: a session, or the end. */
static void
check_answer (WsClient *client, const Handshake *row, const HttpAnswer *answer, const char *conversation)
{
  if (answer == NULL)
    return;
  if (answer->status != row->status)
    ws_client_fail (client, "the answer is %u, %u was expected: %s", answer->status, row->status, answer->body);
  if (row->header != NULL)
    check_header (answer, row->header);
  if (answer->status == 101)
    conversation_check (client, conversation);
  else
    ws_client_expect_eof (client);
}

static void
test_handshake (gconstpointer data)
{
  const Handshake *row = data;
  g_autofree char *request = g_strconcat (row->request, "\r\n", NULL);
  g_autoptr (GByteArray) frames = conversation_bytes ("82:'early' 89:'p' 82:*1000");
  g_autoptr (WsClient) plain = ws_client_connect_tcp (conformance_port ());
  g_autoptr (WsClient) bytewise = ws_client_connect_tcp (conformance_port ());
  g_autoptr (WsClient) early = ws_client_connect_tcp (conformance_port ());
  g_autoptr (HttpAnswer) plain_answer = send_whole (plain, request, "", 0);
  g_autoptr (HttpAnswer) bytewise_answer = NULL;
  g_autoptr (HttpAnswer) early_answer = NULL;

  g_test_message ("%s", row->request);
  check_answer (plain, row, plain_answer, "");
  for (const char *at = request; *at != '\0'; at++)
    ws_client_send_raw (bytewise, at, 1);
  bytewise_answer = ws_client_request (bytewise, "");
  check_answer (bytewise, row, bytewise_answer, "");
  /* Frames right behind the handshake, before its answer. */
  if (row->status == 101) {
    early_answer = send_whole (early, request, (const char *)frames->data, frames->len);
    check_answer (early, row, early_answer, "82:'early' 8a:'p' 82:*1000");
  }
  g_clear_pointer (&early, ws_client_free);
  conformance_wait_gone ();
}

static const char rfc_request[] = GET HOST UPGRADE CONNECTION VERSION KEY "\r\n";

/* A whole conversation, cut in two at each position of all of it. */
static void
test_cut_everywhere (void)
{
  static const Handshake expected = { .status = 101, .header = ACCEPT };
  g_autoptr (GByteArray) bytes = conversation_bytes ("82:'a' 89:'p' 02:'b' 80:'c' 88:03e8+'bye'");

  g_byte_array_prepend (bytes, (const guint8 *)rfc_request, sizeof rfc_request - 1);
  for (gsize cut = 1; cut < bytes->len; cut++) {
    g_autoptr (WsClient) client = ws_client_connect_tcp (conformance_port ());
    g_autoptr (HttpAnswer) answer = NULL;

    ws_client_send_raw (client, bytes->data, cut);
    conformance_sync ();
    ws_client_send_raw (client, bytes->data + cut, bytes->len - cut);
    answer = ws_client_request (client, "");
    check_answer (client, &expected, answer, "82:'a' 8a:'p' 82:'bc' C1000");
  }
  conformance_wait_gone ();
}

/* More early data than any buffer on the way holds. */
static void
test_much_early_data (void)
{
  static const Handshake expected = { .status = 101, .header = ACCEPT };
  g_autoptr (GByteArray) bytes = conversation_bytes ("82:*1 82:*125 82:*126 82:*5000 82:*70000 82:*500000 88:03e8");
  g_autoptr (WsClient) client = ws_client_connect_tcp (conformance_port ());
  g_autoptr (HttpAnswer) answer = send_whole (client, rfc_request, (const char *)bytes->data, bytes->len);

  check_answer (client, &expected, answer, "82:*1 82:*125 82:*126 82:*5000 82:*70000 82:*500000 C1000");
  g_clear_pointer (&client, ws_client_free);
  conformance_wait_gone ();
}

/* Broken frames right behind the handshake get their close frame too. */
static void
test_early_mistake (void)
{
  static const Handshake expected = { .status = 101, .header = ACCEPT };
  g_autoptr (GByteArray) bytes = conversation_bytes ("82:'a' u82:'b' 82:'c'");
  g_autoptr (WsClient) client = ws_client_connect_tcp (conformance_port ());
  g_autoptr (HttpAnswer) answer = send_whole (client, rfc_request, (const char *)bytes->data, bytes->len);

  check_answer (client, &expected, answer, "82:'a' C1002");
  g_clear_pointer (&client, ws_client_free);
  conformance_wait_gone ();
}

/* A header of that many bytes. Returns: the status; 0 for an end without an answer */
static guint
status_with_header (gsize len)
{
  g_autofree char *value = g_strnfill (len, 'x');
  g_autofree char *request = g_strconcat (GET HOST UPGRADE CONNECTION VERSION KEY "X-Long: ", value, "\r\n\r\n", NULL);
  g_autoptr (WsClient) client = ws_client_connect_tcp (conformance_port ());
  g_autoptr (HttpAnswer) answer = NULL;

  ws_client_send_raw (client, request, strlen (request));
  if (!ws_client_has_more (client))
    return 0;
  answer = ws_client_request (client, "");
  return answer != NULL ? answer->status : 0;
}

/* A long header is taken, an endless one is refused, and the server stays. */
static void
test_header_sizes (void)
{
  guint status;

  g_assert_cmpuint (status_with_header (1000), ==, 101);
  g_assert_cmpuint (status_with_header (30 * 1000), ==, 101);
  status = status_with_header (1000 * 1000);
  g_test_message ("a header of a megabyte is answered with %u", status);
  g_assert_true (status == 0 || (status >= 400 && status < 500));
  conformance_wait_gone ();
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  for (gsize i = 0; i < G_N_ELEMENTS (handshakes); i++)
    g_test_add_data_func (handshakes[i].name, &handshakes[i], test_handshake);
  g_test_add_func ("/4/early/cut-everywhere", test_cut_everywhere);
  g_test_add_func ("/4/early/much", test_much_early_data);
  g_test_add_func ("/4/early/mistake", test_early_mistake);
  g_test_add_func ("/4/header-sizes", test_header_sizes);
  return conformance_run (NULL, NULL);
}
