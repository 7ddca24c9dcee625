/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Every format from the outside: cut in all ways, one file after another, converted, and with garbage between. */
#include "recording-support.h"

#include <gst/gst.h>
#include <string.h>

#include "audio-files.h"

#define RATE    48000
#define SECONDS 2
/* More than what any format goes on without a sample. */
#define GARBAGE (5 * 1024 * 1024)

static const char *const formats[] = {
  [AUDIO_FILE_PCM] = "wav",        [AUDIO_FILE_WAV] = "wav",
  [AUDIO_FILE_MP3] = "mp3",        [AUDIO_FILE_FLAC] = "flac",
  [AUDIO_FILE_ADTS] = "aac",       [AUDIO_FILE_MP4] = "aac",
  [AUDIO_FILE_MP4_FAST] = "aac",   [AUDIO_FILE_MP4_FRAGMENTED] = "aac",
  [AUDIO_FILE_OGG] = "ogg",        [AUDIO_FILE_OGG_FLAC] = "ogg",
  [AUDIO_FILE_OGG_VORBIS] = "ogg", [AUDIO_FILE_WEBM] = "webm",
};

static RecordingServer *server;

/* How a stream is cut: pieces of @most bytes, or of 1 to @most by turns; 0: not at all. */
typedef struct {
  gsize most;
  gboolean uneven;
} Cut;

/* Without waiting for answers. Returns: how many pieces */
static guint
send_pieces (Recorder *recorder, GBytes *file, Cut cut)
{
  gsize len;
  const guint8 *bytes = g_bytes_get_data (file, &len);
  guint pieces = 0;

  for (gsize at = 0, n; at < len; at += n, pieces++) {
    n = cut.most == 0 ? len : cut.uneven ? 1 + pieces * 7919 % cut.most : cut.most;
    n = MIN (n, len - at);
    recorder_send (recorder, bytes + at, n);
  }
  return pieces;
}

/* @count acknowledgements, the first of which has number @first. */
static void
expect_acks (Recorder *recorder, guint first, guint count)
{
  for (guint i = 0; i < count; i++) {
    g_autoptr (JsonParser) parser = json_parser_new ();
    JsonObject *told = recorder_read (recorder->ws, parser);

    if (told == NULL)
      return;
    g_assert_cmpstr (json_object_get_string_member (told, "message"), ==, "Chunk processed successfully");
    g_assert_cmpint (json_object_get_int_member (told, "chunk_count"), ==, first + i);
  }
}

/* Says close_session; whatever the figures are. */
static GBytes *
finish (Recorder *recorder)
{
  g_autoptr (JsonParser) parser = json_parser_new ();
  JsonObject *told;

  recorder_say_close (recorder);
  told = recorder_read (recorder->ws, parser);
  if (told != NULL)
    g_assert_cmpstr (json_object_get_string_member (told, "status"), ==, "completed");
  ws_client_expect_close (recorder->ws, 1000);
  return recorder_samples (server, recorder);
}

/* Records the files one after the other. */
static GBytes *
record (AudioFileKind kind, guint rate, guint channels, GBytes *const *files, guint n_files, Cut cut)
{
  g_autoptr (Recorder) recorder = recorder_create (server, formats[kind], rate, channels);
  guint pieces = 0;

  for (guint i = 0; i < n_files; i++)
    pieces += send_pieces (recorder, files[i], cut);
  expect_acks (recorder, 1, pieces);
  return finish (recorder);
}

/* @samples are of mono at @rate: @seconds of them, give or take what encoders add, and the tone of each second, whose
 * number in its own file @second_of tells. */
static void
check_tones (GBytes *samples, guint rate, guint seconds, const guint *second_of)
{
  const gint16 *data = g_bytes_get_data (samples, NULL);
  gsize frames = g_bytes_get_size (samples) / 2;

  g_assert_cmpuint (frames, >, seconds * rate - rate / 10);
  g_assert_cmpuint (frames, <, seconds * rate + rate / 5 * seconds);
  for (guint i = 0; i < seconds; i++) {
    gsize at = i * rate + rate / 3; /* a third of a second in the middle */

    if (at + rate / 3 <= frames)
      g_assert_cmpfloat (audio_file_tone (data + at, 1, rate / 3, rate, 400 + 150 * second_of[i]), >, 0.9);
  }
}

/* ---- whole and in pieces ---- */

static void
test_cuts (gconstpointer data)
{
  static const Cut cuts[] = { { 0, FALSE }, { 4096, FALSE }, { 37, TRUE }, { 1500, TRUE } };
  static const guint second_of[] = { 0, 1 };
  AudioFileKind kind = (AudioFileKind)GPOINTER_TO_UINT (data);
  g_autoptr (GBytes) whole = NULL;
  g_autoptr (GBytes) file = NULL;

  if (!audio_file_can_make (kind)) {
    g_test_skip ("an encoder is not installed");
    return;
  }
  file = audio_file_make (kind, RATE, 1, SECONDS);
  for (gsize i = 0; i < G_N_ELEMENTS (cuts); i++) {
    g_autoptr (GBytes) samples = record (kind, RATE, 1, &file, 1, cuts[i]);

    g_test_message ("pieces of %" G_GSIZE_FORMAT, cuts[i].most);
    if (i == 0) {
      whole = g_bytes_ref (samples);
      check_tones (whole, RATE, SECONDS, second_of);
    }
    g_assert_true (g_bytes_equal (samples, whole));
  }
  if (kind == AUDIO_FILE_PCM || kind == AUDIO_FILE_WAV) {
    g_autoptr (GBytes) signal = audio_file_signal (RATE, 1, SECONDS);

    g_assert_true (g_bytes_equal (whole, signal));
  }
}

/* Two files, each beginning with a message of its own, in pieces. */
static void
test_files (gconstpointer data)
{
  static const guint second_of[] = { 0, 1, 0 };
  AudioFileKind kind = (AudioFileKind)GPOINTER_TO_UINT (data);
  GBytes *files[2];
  g_autoptr (GBytes) samples = NULL;

  if (!audio_file_can_make (kind)) {
    g_test_skip ("an encoder is not installed");
    return;
  }
  files[0] = audio_file_make (kind, RATE, 1, SECONDS);
  files[1] = audio_file_make (kind, RATE, 1, 1);
  samples = record (kind, RATE, 1, files, 2, (Cut){ 4096, FALSE });
  check_tones (samples, RATE, SECONDS + 1, second_of);
  g_bytes_unref (files[0]);
  g_bytes_unref (files[1]);
}

/* What is sent has another rate and more channels than the session, which another file changes again. */
static void
test_converted (gconstpointer data)
{
  static const guint second_of[] = { 0, 1, 0, 1 };
  AudioFileKind kind = (AudioFileKind)GPOINTER_TO_UINT (data);
  GBytes *files[2];
  g_autoptr (GBytes) samples = NULL;

  if (!audio_file_can_make (kind)) {
    g_test_skip ("an encoder is not installed");
    return;
  }
  files[0] = audio_file_make (kind, 48000, 1, SECONDS);
  files[1] = audio_file_make (kind, 24000, 1, SECONDS);
  samples = record (kind, 16000, 1, files, 2, (Cut){ 4096, FALSE });
  check_tones (samples, 16000, 2 * SECONDS, second_of);
  g_bytes_unref (files[0]);
  g_bytes_unref (files[1]);
}

/* ---- what is no audio, and who may send ---- */

/* Garbage is refused, and leaves no trace in what comes of the rest. */
static void
test_garbage (gconstpointer data)
{
  AudioFileKind kind = (AudioFileKind)GPOINTER_TO_UINT (data);
  g_autoptr (GBytes) file = NULL;
  g_autoptr (GBytes) clean = NULL;
  g_autoptr (GBytes) samples = NULL;
  g_autoptr (Recorder) recorder = NULL;
  g_autofree guint8 *garbage = g_malloc0 (GARBAGE);
  gsize len;
  const guint8 *bytes;

  if (!audio_file_can_make (kind)) {
    g_test_skip ("an encoder is not installed");
    return;
  }
  file = audio_file_make (kind, RATE, 1, SECONDS);
  bytes = g_bytes_get_data (file, &len);
  clean = record (kind, RATE, 1, &file, 1, (Cut){ 4096, FALSE });
  recorder = recorder_create (server, formats[kind], RATE, 1);
  recorder_send (recorder, bytes, len / 2);
  recorder_send (recorder, garbage, GARBAGE);
  recorder_send (recorder, bytes + len / 2, len - len / 2);
  expect_acks (recorder, 1, 1);
  recorder_expect_failure (recorder, "undecodable", 1);
  expect_acks (recorder, 2, 1);
  samples = finish (recorder);
  g_assert_true (g_bytes_equal (samples, clean));
}

/* What the container may hold and the server does not decode. */
static void
test_other_codec (void)
{
  g_autoptr (GBytes) file = NULL;
  g_autoptr (Recorder) recorder = recorder_create (server, "ogg", RATE, 1);

  if (!audio_file_can_make (AUDIO_FILE_OGG_SPEEX)) {
    g_test_skip ("an encoder is not installed");
    return;
  }
  file = audio_file_make (AUDIO_FILE_OGG_SPEEX, RATE, 1, SECONDS);
  send_pieces (recorder, file, (Cut){ 0 });
  recorder_expect_failure (recorder, "undecodable", 0);
}

/* A file of another format than the session's. */
static void
test_other_format (void)
{
  g_autoptr (GBytes) flac = audio_file_make (AUDIO_FILE_FLAC, RATE, 1, 1);
  g_autoptr (GBytes) wav = audio_file_make (AUDIO_FILE_WAV, RATE, 1, 1);
  g_autoptr (GBytes) signal = audio_file_signal (RATE, 1, 1);
  g_autoptr (GBytes) samples = NULL;
  g_autoptr (Recorder) recorder = recorder_create (server, "flac", RATE, 1);

  send_pieces (recorder, wav, (Cut){ 0 });
  recorder_expect_failure (recorder, "undecodable", 0);
  send_pieces (recorder, flac, (Cut){ 0 });
  expect_acks (recorder, 1, 1);
  samples = finish (recorder);
  g_assert_true (g_bytes_equal (samples, signal));
}

/* Sends a chunk, which is taken or refused for that reason. */
static gboolean
is_busy (Recorder *recorder, gconstpointer chunk, gsize len)
{
  g_autoptr (JsonParser) parser = json_parser_new ();
  JsonObject *told;
  const char *error;

  recorder_send (recorder, chunk, len);
  told = recorder_read (recorder->ws, parser);
  if (told == NULL)
    return FALSE;
  error = json_object_get_string_member_with_default (told, "error", "");
  g_assert_true (g_str_equal (error, "busy") || g_str_equal (error, ""));
  return g_str_equal (error, "busy");
}

/* One at a time sends what has to be decoded in one piece; when it has left, the other may. */
static void
test_busy (void)
{
  g_autoptr (GBytes) file = audio_file_make (AUDIO_FILE_FLAC, RATE, 1, SECONDS);
  g_autoptr (GBytes) signal = audio_file_signal (RATE, 1, SECONDS);
  g_autoptr (GBytes) samples = NULL;
  g_autoptr (Recorder) one = recorder_create (server, "flac", RATE, 1);
  g_autoptr (Recorder) two = recorder_join (server, one);
  gsize len;
  const guint8 *bytes = g_bytes_get_data (file, &len);

  recorder_send (one, bytes, len / 2);
  expect_acks (one, 1, 1);
  recorder_send (two, bytes + len / 2, len - len / 2);
  recorder_expect_failure (two, "busy", 1);
  ws_client_send_close (one->ws, 1000, NULL);
  ws_client_expect_close (one->ws, 1000);
  while (is_busy (two, bytes + len / 2, len - len / 2)) {
  }
  samples = finish (two);
  g_assert_true (g_bytes_equal (samples, signal));
}

/* Who resumes need not wait for the connection that it has lost. */
static void
test_resumed (void)
{
  g_autoptr (GBytes) file = audio_file_make (AUDIO_FILE_FLAC, RATE, 1, SECONDS);
  g_autoptr (GBytes) signal = audio_file_signal (RATE, 1, SECONDS);
  g_autoptr (GBytes) samples = NULL;
  g_autoptr (Recorder) lost = recorder_create (server, "flac", RATE, 1);
  g_autoptr (Recorder) back = recorder_join (server, lost);
  g_autofree char *path = g_strconcat (RECORDING_PATH "/", lost->id, "?resume=1", NULL);
  g_autoptr (JsonParser) parser = json_parser_new ();
  JsonObject *status;
  gsize len;
  const guint8 *bytes = g_bytes_get_data (file, &len);

  recorder_send (lost, bytes, len / 2);
  expect_acks (lost, 1, 1);
  recorder_hang_up (back);
  back->ws = ws_client_connect (recording_server_port (server), path);
  status = recorder_read (back->ws, parser);
  if (status == NULL)
    return;
  g_assert_cmpint (json_object_get_int_member (status, "chunk_count"), ==, 1);
  recorder_send (back, bytes + len / 2, len - len / 2);
  expect_acks (back, 2, 1);
  samples = finish (back);
  g_assert_true (g_bytes_equal (samples, signal));
}

static void
add (const char *name, AudioFileKind kind, GTestDataFunc test)
{
  g_autofree char *path = g_strdup_printf ("/recording-formats/%s/%s", name, audio_file_kind_name (kind));

  g_test_add_data_func (path, GUINT_TO_POINTER ((guint)kind), test);
}

int
main (int argc, char **argv)
{
  static const AudioFileKind decoded[] = { AUDIO_FILE_MP3, AUDIO_FILE_FLAC, AUDIO_FILE_ADTS, AUDIO_FILE_OGG,
                                           AUDIO_FILE_WEBM };
  int result;

  gst_init (&argc, &argv);
  g_test_init (&argc, &argv, NULL);
  g_test_set_nonfatal_assertions ();
  for (AudioFileKind kind = 0; kind < AUDIO_FILE_KINDS; kind++) {
    add ("cuts", kind, test_cuts);
    if (kind != AUDIO_FILE_PCM)
      add ("files", kind, test_files);
    if (kind != AUDIO_FILE_PCM)
      add ("converted", kind, test_converted);
  }
  for (gsize i = 0; i < G_N_ELEMENTS (decoded); i++)
    add ("garbage", decoded[i], test_garbage);
  g_test_add_func ("/recording-formats/other-codec", test_other_codec);
  g_test_add_func ("/recording-formats/other-format", test_other_format);
  g_test_add_func ("/recording-formats/busy", test_busy);
  g_test_add_func ("/recording-formats/resumed", test_resumed);

  server = recording_server_start ();
  result = g_test_run ();
  recording_server_stop (server);
  return result;
}
