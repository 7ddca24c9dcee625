/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The language of the conformance tests. */
#include "conversation.h"

#include <string.h>

#include "test-wait.h"

/* A conversation is cut in two at this many positions: all of a short one, the headers of a long one. */
#define MOST_CUTS 48
/* Up to here, each single byte is read before the next is sent. */
#define MOST_SINGLE_BYTES  256
#define LARGE_CONVERSATION 4096
#define PIECE_OF_LARGE     1009

static ServerProcess *server;
static WsClient *witness;

guint16
conformance_port (void)
{
  return server_process_port (server);
}

ServerProcess *
conformance_server (void)
{
  return server;
}

WsClient *
conformance_connect (void)
{
  return ws_client_connect (conformance_port (), AUDIO_PATH);
}

/* The only worker serves its sockets in the order in which they became ready: an answer to what is sent now tells that
 * all sent before was read. */
void
conformance_sync (void)
{
  ws_client_expect_alive (witness);
}

void
conformance_wait_gone (void)
{
  if (!test_wait_until (active_connections (conformance_port ()) == 1))
    g_test_fail_printf ("a connection is left behind");
}

/* ---- words ---- */

static void
append_hex (GByteArray *bytes, const char *digits, gsize len)
{
  g_assert (len % 2 == 0);
  for (gsize i = 0; i < len; i += 2) {
    int high = g_ascii_xdigit_value (digits[i]);
    int low = g_ascii_xdigit_value (digits[i + 1]);
    guint8 byte = (guint8)(high << 4 | low);

    g_assert (high >= 0 && low >= 0);
    g_byte_array_append (bytes, &byte, 1);
  }
}

static void
append_part (GByteArray *bytes, const char *part)
{
  gsize len = strlen (part);

  if (part[0] == '\'') {
    g_assert (len >= 2 && part[len - 1] == '\'');
    g_byte_array_append (bytes, (const guint8 *)part + 1, (guint)len - 2);
  } else if (part[0] == '*') {
    gsize n = g_ascii_strtoull (part + 1, NULL, 10);
    g_autofree char *letters = g_strnfill (n, 'x');

    g_byte_array_append (bytes, (const guint8 *)letters, (guint)n);
  } else {
    append_hex (bytes, part, len);
  }
}

static GByteArray *
payload_of (const char *text)
{
  GByteArray *payload = g_byte_array_new ();
  g_auto (GStrv) parts = g_strsplit (text, "+", -1);

  for (guint i = 0; parts[i] != NULL; i++)
    append_part (payload, parts[i]);
  return payload;
}

static guint8
byte_of (const char *word)
{
  g_autoptr (GByteArray) byte = g_byte_array_new ();

  append_hex (byte, word, 2);
  return byte->data[0];
}

/* Puts the frame, which ends with its payload, under another mask. */
static void
set_mask (GByteArray *frame, gsize payload_len, const char *digits)
{
  g_autoptr (GByteArray) mask = g_byte_array_new ();
  guint8 *payload = frame->data + frame->len - payload_len;
  guint8 *old = payload - 4;

  append_hex (mask, digits, 8);
  for (gsize i = 0; i < payload_len; i++)
    payload[i] ^= old[i % 4] ^ mask->data[i % 4];
  memcpy (old, mask->data, 4);
}

/* `82:PAYLOAD`, with what may stand before, within and behind it. */
static GByteArray *
frame_of (const char *word)
{
  WsFlags flags = *word == 'u' ? WS_UNMASKED : *word == 'w' ? WS_LENGTH_16 : *word == 'q' ? WS_LENGTH_64 : WS_PLAIN;
  const char *head = word + (flags != WS_PLAIN);
  const char *colon = strchr (head, ':');
  const char *end = strchr (colon, '!');
  g_autofree char *text = g_strndup (colon + 1, end != NULL ? (gsize)(end - colon - 1) : strlen (colon + 1));
  g_autoptr (GByteArray) payload = payload_of (text);
  GByteArray *frame = ws_frame_bytes (byte_of (head), flags, payload->data, payload->len);

  if (head[2] == '/')
    set_mask (frame, payload->len, head + 3);
  if (end != NULL)
    g_byte_array_set_size (frame, (guint)g_ascii_strtoull (end + 1, NULL, 10));
  return frame;
}

/* Returns: how often the word stands, which begins at @word then */
static guint
times_of (const char **word)
{
  char *end;
  guint64 times = g_ascii_strtoull (*word, &end, 10);

  if (*end != 'x' || end == *word)
    return 1;
  *word = end + 1;
  return (guint)times;
}

GByteArray *
conversation_bytes (const char *sent)
{
  GByteArray *bytes = g_byte_array_new ();
  g_auto (GStrv) words = g_strsplit (sent, " ", -1);

  for (guint i = 0; words[i] != NULL; i++) {
    const char *word = words[i];

    for (guint left = times_of (&word); left > 0; left--) {
      g_autoptr (GByteArray) part = *word == '=' ? payload_of (word + 1) : frame_of (word);

      g_byte_array_append (bytes, part->data, part->len);
    }
  }
  return bytes;
}

/* ---- what is expected ---- */

/* The frames that words stand for: pongs in @pongs, all others in @others. Returns: the word of the close frame, or
 * NULL */
static const char *
sort_expected (char **words, GPtrArray *pongs, GPtrArray *others)
{
  for (guint i = 0; words[i] != NULL; i++) {
    const char *word = words[i];

    if (*word == 'C')
      return word;
    if (*word == '\0')
      continue;
    for (guint left = times_of (&word); left > 0; left--)
      g_ptr_array_add (byte_of (word) == (WS_FIN | WS_PONG) ? pongs : others, g_strdup (word));
  }
  return NULL;
}

static gboolean
is_frame (const WsFrame *frame, const char *word)
{
  g_autoptr (GByteArray) payload = payload_of (word + 3);

  return frame->first_byte == byte_of (word) && !frame->masked && frame->len == payload->len &&
         (frame->len == 0 || memcmp (frame->data, payload->data, payload->len) == 0);
}

static void
check_frame (WsClient *client, const WsFrame *frame, const char *word)
{
  g_autofree char *what = ws_frame_describe (frame);

  if (word == NULL)
    ws_client_fail (client, "%s came, and was not expected", what);
  else if (!is_frame (frame, word))
    ws_client_fail (client, "%s came, %.40s was expected", what, word);
}

static const char *
pop (GPtrArray *words, guint *taken)
{
  return *taken < words->len ? g_ptr_array_index (words, (*taken)++) : NULL;
}

static gboolean
check_frames (WsClient *client, GPtrArray *pongs, GPtrArray *others)
{
  guint n_pongs = 0;
  guint n_others = 0;

  while (n_pongs < pongs->len || n_others < others->len) {
    g_autoptr (WsFrame) frame = ws_client_read_frame (client);
    gboolean is_pong;

    if (frame == NULL) {
      ws_client_fail (client, "the connection ended after %u pongs and %u messages", n_pongs, n_others);
      return FALSE;
    }
    is_pong = (frame->first_byte & 0x0f) == WS_PONG;
    check_frame (client, frame, is_pong ? pop (pongs, &n_pongs) : pop (others, &n_others));
  }
  return TRUE;
}

gboolean
conversation_check (WsClient *client, const char *expected)
{
  g_auto (GStrv) words = g_strsplit (expected, " ", -1);
  g_autoptr (GPtrArray) pongs = g_ptr_array_new_with_free_func (g_free);
  g_autoptr (GPtrArray) others = g_ptr_array_new_with_free_func (g_free);
  const char *end = sort_expected (words, pongs, others);

  if (!check_frames (client, pongs, others))
    return FALSE;
  if (end != NULL)
    return ws_client_expect_close (client,
                                   end[1] == '\0' ? WS_NO_STATUS : (guint16)g_ascii_strtoull (end + 1, NULL, 10));
  ws_client_send_close (client, 1000, NULL);
  return ws_client_expect_close (client, 1000);
}

/* ---- how it is delivered ---- */

static void
deliver_whole (const Conversation *row, const GByteArray *bytes)
{
  g_autoptr (WsClient) client = conformance_connect ();

  ws_client_send_raw (client, bytes->data, bytes->len);
  if (!conversation_check (client, row->expected))
    g_test_message ("it was sent in one piece");
}

static void
deliver_in_pieces (const Conversation *row, const GByteArray *bytes)
{
  g_autoptr (WsClient) client = conformance_connect ();
  gsize piece = bytes->len > LARGE_CONVERSATION ? PIECE_OF_LARGE : 1;

  for (gsize at = 0; at < bytes->len; at += piece) {
    ws_client_send_raw (client, bytes->data + at, MIN (piece, bytes->len - at));
    if (at < MOST_SINGLE_BYTES)
      conformance_sync ();
  }
  if (!conversation_check (client, row->expected))
    g_test_message ("it was sent in pieces of %" G_GSIZE_FORMAT " bytes", piece);
}

/* All cuts at once, each on a connection of its own. */
static void
deliver_in_two (const Conversation *row, const GByteArray *bytes)
{
  g_autoptr (GPtrArray) clients = g_ptr_array_new_with_free_func ((GDestroyNotify)ws_client_free);
  guint n = MIN (bytes->len - 1, MOST_CUTS);

  for (guint i = 0; i < n; i++) {
    g_ptr_array_add (clients, conformance_connect ());
    ws_client_send_raw (clients->pdata[i], bytes->data, i + 1);
  }
  conformance_sync ();
  for (guint i = 0; i < n; i++)
    ws_client_send_raw (clients->pdata[i], bytes->data + i + 1, bytes->len - i - 1);
  for (guint i = 0; i < n; i++)
    if (!conversation_check (clients->pdata[i], row->expected))
      g_test_message ("it was sent in two pieces, the first of %u bytes", i + 1);
}

static void
test_row (gconstpointer data)
{
  const Conversation *row = data;
  g_autoptr (GByteArray) bytes = conversation_bytes (row->sent);

  g_test_message ("sent: %.100s; expected: %.100s", row->sent, row->expected);
  deliver_whole (row, bytes);
  deliver_in_pieces (row, bytes);
  if (bytes->len <= G_MAXUINT16)
    deliver_in_two (row, bytes);
  conformance_wait_gone ();
}

void
conformance_add_rows (const Conversation *rows, gsize n)
{
  for (gsize i = 0; i < n; i++)
    g_test_add_data_func (rows[i].name, &rows[i], test_row);
}

static void
row_free (gpointer data)
{
  Conversation *row = data;

  g_free ((char *)row->sent);
  g_free ((char *)row->expected);
  g_free (row);
}

void
conformance_add (const char *name, const char *sent, const char *expected)
{
  Conversation row = { .sent = g_strdup (sent), .expected = g_strdup (expected) };

  g_test_add_data_func_full (name, g_memdup2 (&row, sizeof row), test_row, row_free);
}

int
conformance_run (const char *option, const char *value)
{
  const char *const args[] = { "--workers", "1", "--no-log-frames", option, value, NULL };
  const char *const env[] = { "G_DEBUG=fatal-criticals", NULL };
  int result;

  g_test_set_nonfatal_assertions ();
  server = server_process_start_with (&(ServerSetup){ .args = args, .env = env });
  witness = conformance_connect ();
  result = g_test_run ();
  ws_client_free (witness);
  server_process_stop (server);
  return result;
}
