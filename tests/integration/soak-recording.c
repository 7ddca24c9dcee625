/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A hundred recordings of four formats, ten chunks a second each, for a minute or AP_TEST_SOAK_SECONDS. They end and
 * new ones begin all the time; threads, descriptors, children and memory stay as they are. */
#include "support.h"

#include <gst/gst.h>
#include <string.h>

#include "audio-files.h"
#include "test-wait.h"

/* What resident memory may grow by after the warm-up. */
#define GROWTH (8 * 1024 * 1024)

enum { RECORDINGS = 100, FILE_SECONDS = 10, CHUNKS = FILE_SECONDS * 10, TICK_MS = 100, WARM_UP_TICKS = 2 * CHUNKS };

typedef struct {
  const char *query;
  AudioFileKind kind;
  GBytes *file;
} Format;

static Format formats[] = {
  { "format=wav&sample_rate=8000", AUDIO_FILE_PCM },
  { "format=mp3&sample_rate=16000", AUDIO_FILE_MP3 },
  { "format=flac&sample_rate=8000", AUDIO_FILE_FLAC },
  { "format=aac&sample_rate=8000", AUDIO_FILE_ADTS },
};

typedef struct {
  WsClient *client;
  const Format *format;
  char *id;
  guint chunk;
} Recorder;

static char *
read_text (Recorder *self)
{
  g_autoptr (WsFrame) frame = ws_client_read_frame (self->client);

  /* The first of them wait for the last to begin. */
  while (frame != NULL && frame->first_byte == (WS_FIN | WS_PING)) {
    ws_client_send_frame (self->client, TRUE, WS_PONG, frame->data, frame->len);
    ws_frame_free (frame);
    frame = ws_client_read_frame (self->client);
  }
  return frame != NULL ? g_strndup ((char *)frame->data, frame->len) : g_strdup ("");
}

static gboolean
expect_text (Recorder *self, const char *part)
{
  g_autofree char *text = read_text (self);

  if (strstr (text, part) == NULL)
    g_test_fail_printf ("%s: '%s' came in place of %s", self->format->query, text, part);
  return !g_test_failed ();
}

static void
begin (Recorder *self, guint16 port)
{
  g_autofree char *path = g_strconcat ("/api/ws/audio?", self->format->query, NULL);
  g_autofree char *greeting = NULL;
  const char *id;

  self->client = ws_client_connect (port, path);
  self->chunk = 0;
  greeting = read_text (self);
  id = strstr (greeting, "\"session_id\":\"");
  if (id == NULL)
    g_test_fail_printf ("%s: the greeting is '%s'", self->format->query, greeting);
  else
    self->id = g_strndup (id + strlen ("\"session_id\":\""), 36);
}

/* The files go too, because hours of them fill a disk. */
static void
end (Recorder *self, guint16 port)
{
  static const char goodbye[] = "{\"type\":\"control\",\"action\":\"close_session\"}";
  g_autofree char *request =
      g_strdup_printf ("DELETE /api/audio/sessions/%s HTTP/1.1\r\nHost: localhost\r\n\r\n", self->id);
  g_autoptr (WsClient) http = NULL;
  g_autoptr (HttpAnswer) answer = NULL;

  ws_client_send_frame (self->client, TRUE, WS_TEXT, goodbye, strlen (goodbye));
  expect_text (self, "\"status\":\"completed\"");
  ws_client_expect_close (self->client, 1000);
  g_clear_pointer (&self->client, ws_client_free);
  http = ws_client_connect_tcp (port);
  answer = ws_client_request (http, request);
  if (answer == NULL || answer->status / 100 != 2)
    g_test_fail_printf ("DELETE of %s is answered by %s", self->id, answer != NULL ? answer->head : "nothing");
  g_clear_pointer (&self->id, g_free);
}

static void
send_chunk (Recorder *self)
{
  gsize length;
  const guint8 *file = g_bytes_get_data (self->format->file, &length);
  gsize from = length * self->chunk / CHUNKS, to = length * (self->chunk + 1) / CHUNKS;

  ws_client_send_binary (self->client, file + from, to - from);
  self->chunk++;
}

static void
tick (Recorder *recorders, guint16 port)
{
  gint64 next = g_get_monotonic_time () + TICK_MS * G_TIME_SPAN_MILLISECOND;

  for (guint i = 0; i < RECORDINGS && !g_test_failed (); i++)
    send_chunk (&recorders[i]);
  for (guint i = 0; i < RECORDINGS && expect_text (&recorders[i], "Chunk processed successfully"); i++)
    if (recorders[i].chunk == CHUNKS) {
      end (&recorders[i], port);
      begin (&recorders[i], port);
    }
  g_poll (NULL, 0, (int)(MAX (next - g_get_monotonic_time (), 0) / 1000));
}

static void
check_growth (ServerProcess *server, guint fds, guint threads, gsize rss)
{
  gboolean grown = rss_is_meaningful () && !test_wait_until (server_process_rss (server) <= rss + GROWTH);
  gsize now = server_process_rss (server);

  g_test_message ("memory %" G_GSIZE_FORMAT " KiB, then %" G_GSIZE_FORMAT "; %u descriptors, then %u; %u threads, then "
                  "%u",
                  rss / 1024, now / 1024, fds, server_process_fds (server), threads, server_process_threads (server));
  if (!test_wait_until (server_process_fds (server) <= fds))
    g_test_fail_printf ("%u descriptors, and there were %u", server_process_fds (server), fds);
  if (!test_wait_until (server_process_threads (server) <= threads))
    g_test_fail_printf ("%u threads, and there were %u", server_process_threads (server), threads);
  if (grown)
    g_test_fail_printf ("memory has grown");
}

/* Started at different places of their files, so that at each tick one of them ends. What one has behind it is sent
 * without a wait for each answer: on a slow disk the first would be silent for minutes until the last has begun. */
static void
begin_all (Recorder *recorders, guint16 port)
{
  for (guint i = 0; i < RECORDINGS && !g_test_failed (); i++) {
    recorders[i].format = &formats[i % G_N_ELEMENTS (formats)];
    begin (&recorders[i], port);
    for (guint k = 0; k < i; k++)
      send_chunk (&recorders[i]);
    for (guint k = 0; k < i; k++)
      expect_text (&recorders[i], "Chunk processed successfully");
  }
}

static void
test_soak (void)
{
  g_autofree char *storage = g_dir_make_tmp ("ap-soak-XXXXXX", NULL);
  g_autofree char *path = g_strconcat ("AUDIO_STORAGE_PATH=", storage, NULL);
  const char *const env[] = { path, "MAX_CONCURRENT_SESSIONS=200", NULL };
  g_autoptr (ServerProcess) server = server_process_start_with (&(ServerSetup){ .env = env });
  guint16 port = server_process_port (server);
  guint seconds = number_from_environment ("AP_TEST_SOAK_SECONDS", 60);
  g_autofree Recorder *recorders = g_new0 (Recorder, RECORDINGS);
  gint64 until;
  guint fds, threads;
  gsize rss;

  begin_all (recorders, port);
  for (guint i = 0; i < WARM_UP_TICKS && !g_test_failed (); i++)
    tick (recorders, port);
  fds = server_process_fds (server);
  threads = server_process_threads (server);
  rss = server_process_rss (server);
  until = g_get_monotonic_time () + seconds * G_USEC_PER_SEC;
  while (g_get_monotonic_time () < until && !g_test_failed ())
    tick (recorders, port);
  check_growth (server, fds, threads, rss);
  for (guint i = 0; i < RECORDINGS && !g_test_failed (); i++)
    end (&recorders[i], port);
  for (guint i = 0; i < RECORDINGS; i++)
    g_clear_pointer (&recorders[i].client, ws_client_free);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_set_nonfatal_assertions ();
  gst_init (NULL, NULL);
  for (gsize i = 0; i < G_N_ELEMENTS (formats); i++) {
    if (!audio_file_can_make (formats[i].kind)) {
      g_test_skip ("an encoder is missing");
      return 77;
    }
    formats[i].file = audio_file_make (formats[i].kind, 8000, 1, FILE_SECONDS);
  }
  g_test_add_func ("/recording/soak", test_soak);
  return g_test_run ();
}
