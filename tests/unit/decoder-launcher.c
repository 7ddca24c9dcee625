/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Decoders in processes of their own: the same samples as in this one, and what happens when any of the processes
 * ends. This program plays the server, and is its own helper. No process and no descriptor is left after a test. */
#include "endpoints/recording/decoder/ap-decoder-launcher.h"

#include "base/ap-error.h"
#include "config.h"
#include "endpoints/recording/decoder/ap-decoder-mother.h"
#include "endpoints/recording/decoder/ap-decoder-process.h"
#include "decoder-support.h"
#include "test-wait.h"

#include <errno.h>
#include <gst/gst.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#define RATE     16000
#define CHANNELS 1
#define PIECE    4096
#define SECRET   "AUDIO_TOKENS=do-not-tell"

static const AudioFileKind kinds[] = { AUDIO_FILE_PCM,
                                       AUDIO_FILE_WAV,
                                       AUDIO_FILE_MP3,
                                       AUDIO_FILE_FLAC,
                                       AUDIO_FILE_ADTS,
                                       AUDIO_FILE_MP4,
                                       AUDIO_FILE_MP4_FRAGMENTED,
                                       AUDIO_FILE_OGG,
                                       AUDIO_FILE_OGG_FLAC,
                                       AUDIO_FILE_OGG_VORBIS,
                                       AUDIO_FILE_WEBM };

static const char *const modes[] = { "session", "pool" };

static guint
count_entries (const char *path)
{
  g_autoptr (GDir) folder = g_dir_open (path, 0, NULL);
  guint n = 0;

  while (folder != NULL && g_dir_read_name (folder) != NULL)
    n++;
  return n;
}

typedef struct {
  ApDecoderLauncher *launcher;
  guint descriptors;
} Fixture;

/* GLib and GStreamer open some of their own with the first use: a decoder in this process makes them do so. */
static void
set_up (Fixture *fixture, gconstpointer mode)
{
  g_autoptr (GError) error = NULL;

  fixture->descriptors = count_entries ("/proc/self/fd");
  fixture->launcher = ap_decoder_launcher_new ((ApSandbox)GPOINTER_TO_UINT (mode));
  g_assert_no_error (error);
  g_assert_cmpint (ap_decoder_launcher_get_pid (fixture->launcher), ==, 0);
}

/* This process is the one that orphans are given to, as the first process of a container is. */
static void
tear_down (Fixture *fixture, gconstpointer mode)
{
  ap_decoder_launcher_free (fixture->launcher);
  g_assert_cmpint (waitpid (-1, NULL, WNOHANG), ==, -1);
  g_assert_cmpint (errno, ==, ECHILD);
  g_assert_cmpuint (count_entries ("/proc/self/fd"), ==, fixture->descriptors);
}

/* ---- decoding ---- */

static gboolean
feed_all (ApDecoder *decoder, GBytes *file, GError **error)
{
  gsize length;
  const guint8 *data = g_bytes_get_data (file, &length);

  for (gsize at = 0; at < length; at += PIECE)
    if (!ap_decoder_feed (decoder, data + at, MIN (PIECE, length - at), error))
      return FALSE;
  return ap_decoder_finish (decoder, error);
}

static ApDecoder *
open_mp3 (Fixture *fixture, GByteArray *samples)
{
  static const ApDecoderSpec spec = { AP_CONTAINER_MP3, RATE, CHANNELS };
  g_autoptr (GError) error = NULL;
  ApDecoder *decoder = ap_decoder_launcher_open (fixture->launcher, &spec, decoder_gather, samples, &error);

  g_assert_no_error (error);
  return decoder;
}

static GBytes *
make_mp3 (void)
{
  return audio_file_make (AUDIO_FILE_MP3, RATE, CHANNELS, 1.5);
}

static gboolean
can_make_mp3 (void)
{
  if (audio_file_can_make (AUDIO_FILE_MP3))
    return TRUE;
  g_test_skip ("no encoder of MP3");
  return FALSE;
}

static void
assert_feeds (ApDecoder *decoder, GByteArray *samples)
{
  g_autoptr (GBytes) file = make_mp3 ();
  g_autoptr (GError) error = NULL;

  feed_all (decoder, file, &error);
  g_assert_no_error (error);
  g_assert_cmpuint (samples->len, >, RATE);
}

static void
assert_dead (ApDecoder *decoder)
{
  static const guint8 some[PIECE];
  g_autoptr (GError) error = NULL;

  g_assert_false (ap_decoder_feed (decoder, some, sizeof some, &error));
  g_assert_error (error, AP_RECORDING_ERROR, AP_RECORDING_ERROR_DECODER_DIED);
  g_test_message ("%s", error->message);
}

/* ---- tests ---- */

static void
test_formats (Fixture *fixture, gconstpointer mode)
{
  for (gsize i = 0; i < G_N_ELEMENTS (kinds); i++) {
    ApDecoderSpec spec = { decoder_container (kinds[i]), RATE, CHANNELS };
    g_autoptr (GByteArray) samples = g_byte_array_new ();
    g_autoptr (GByteArray) here = NULL;
    g_autoptr (GBytes) file = NULL;
    g_autoptr (ApDecoder) decoder = NULL;
    g_autoptr (GError) error = NULL;

    if (!audio_file_can_make (kinds[i]))
      continue;
    g_test_message ("%s", audio_file_kind_name (kinds[i]));
    file = audio_file_make (kinds[i], 48000, 2, 1.5);
    here = decoder_run (&spec, file, PIECE, NULL);
    decoder = ap_decoder_launcher_open (fixture->launcher, &spec, decoder_gather, samples, &error);
    g_assert_no_error (error);
    feed_all (decoder, file, &error);
    g_assert_no_error (error);
    g_assert_cmpmem (samples->data, samples->len, here->data, here->len);
    g_assert_cmpuint (samples->len, >, RATE);
  }
}

/* Not even the process that decoders come from. */
static void
test_own_code (Fixture *fixture, gconstpointer mode)
{
  static const ApDecoderSpec spec = { AP_CONTAINER_PCM, RATE, CHANNELS };
  g_autoptr (GByteArray) samples = g_byte_array_new ();
  g_autoptr (GError) error = NULL;
  g_autoptr (ApDecoder) decoder = ap_decoder_launcher_open (fixture->launcher, &spec, decoder_gather, samples, &error);

  g_assert_no_error (error);
  g_assert_true (ap_decoder_feed (decoder, (const guint8 *)"1234", 4, &error));
  g_assert_cmpmem (samples->data, samples->len, "1234", 4);
  g_assert_cmpint (ap_decoder_launcher_get_pid (fixture->launcher), ==, 0);
}

#define MANY 64

/* All are open at once, and take turns by pieces. */
static void
test_many (Fixture *fixture, gconstpointer mode)
{
  static const ApDecoderSpec spec = { AP_CONTAINER_MP3, RATE, CHANNELS };
  ApDecoder *decoders[MANY];
  GByteArray *samples[MANY];
  g_autoptr (GBytes) file = can_make_mp3 () ? make_mp3 () : NULL;
  g_autoptr (GByteArray) here = file != NULL ? decoder_run (&spec, file, PIECE, NULL) : NULL;
  gsize length;
  const guint8 *data;

  if (file == NULL)
    return;
  data = g_bytes_get_data (file, &length);
  for (guint i = 0; i < MANY; i++) {
    samples[i] = g_byte_array_new ();
    decoders[i] = open_mp3 (fixture, samples[i]);
  }
  for (gsize at = 0; at < length; at += PIECE)
    for (guint i = 0; i < MANY; i++)
      g_assert_true (ap_decoder_feed (decoders[i], data + at, MIN (PIECE, length - at), NULL));
  for (guint i = 0; i < MANY; i++) {
    g_assert_true (ap_decoder_finish (decoders[i], NULL));
    g_assert_cmpmem (samples[i]->data, samples[i]->len, here->data, here->len);
    ap_decoder_free (decoders[i]);
    g_byte_array_unref (samples[i]);
  }
}

static gpointer
come_and_go (gpointer data)
{
  for (guint i = 0; i < 5; i++) {
    g_autoptr (GByteArray) samples = g_byte_array_new ();
    g_autoptr (ApDecoder) decoder = open_mp3 (data, samples);

    assert_feeds (decoder, samples);
  }
  return NULL;
}

static void
test_threads (Fixture *fixture, gconstpointer mode)
{
  GThread *threads[4];

  if (!can_make_mp3 ())
    return;
  for (guint i = 0; i < G_N_ELEMENTS (threads); i++)
    threads[i] = g_thread_new ("come-and-go", come_and_go, fixture);
  for (guint i = 0; i < G_N_ELEMENTS (threads); i++)
    g_thread_join (threads[i]);
}

static void
test_child_dies (Fixture *fixture, gconstpointer mode)
{
  g_autoptr (GByteArray) samples = g_byte_array_new ();
  g_autoptr (ApDecoder) decoder = NULL;
  g_autoptr (ApDecoder) next = NULL;

  if (!can_make_mp3 ())
    return;
  decoder = open_mp3 (fixture, samples);
  kill (ap_decoder_process_get_pid (decoder), SIGKILL);
  assert_dead (decoder);
  next = open_mp3 (fixture, samples);
  assert_feeds (next, samples);
}

/* Signal by signal: the one that ended it is told, and stopping it is no way to hold up a recording for ever. */
static void
test_told_why (Fixture *fixture, gconstpointer mode)
{
  static const guint8 some[PIECE];
  g_autoptr (GByteArray) samples = g_byte_array_new ();
  g_autoptr (ApDecoder) decoder = NULL;
  g_autoptr (GError) error = NULL;

  if (!can_make_mp3 ())
    return;
  decoder = open_mp3 (fixture, samples);
  kill (ap_decoder_process_get_pid (decoder), SIGSEGV);
  g_assert_false (ap_decoder_feed (decoder, some, sizeof some, &error));
  g_assert_error (error, AP_RECORDING_ERROR, AP_RECORDING_ERROR_DECODER_DIED);
#if !AP_SANITIZED /* they take that signal themselves */
  g_assert_nonnull (strstr (error->message, "signal 11"));
#endif
}

static void
test_mother_dies (Fixture *fixture, gconstpointer mode)
{
  g_autoptr (GByteArray) samples = g_byte_array_new ();
  g_autoptr (ApDecoder) decoder = NULL;
  g_autoptr (ApDecoder) next = NULL;
  pid_t mother;

  if (!can_make_mp3 ())
    return;
  decoder = open_mp3 (fixture, samples);
  mother = ap_decoder_launcher_get_pid (fixture->launcher);
  g_assert_cmpint (mother, >, 0);
  kill (mother, SIGKILL);
  g_test_expect_message ("recording", G_LOG_LEVEL_WARNING, "*has ended*");
  next = open_mp3 (fixture, samples);
  g_test_assert_expected_messages ();
  g_assert_cmpint (ap_decoder_launcher_get_pid (fixture->launcher), !=, mother);
  assert_dead (decoder);
  assert_feeds (next, samples);
}

static gpointer
feed_one (gpointer decoder)
{
  return assert_dead (decoder), NULL;
}

/* Also one that would answer only in two minutes; and nobody gets another. */
static void
test_stop (Fixture *fixture, gconstpointer mode)
{
  static const ApDecoderSpec spec = { AP_CONTAINER_MP3, RATE, CHANNELS };
  g_autoptr (GByteArray) samples = g_byte_array_new ();
  g_autoptr (ApDecoder) decoder = NULL;
  g_autoptr (GError) error = NULL;
  GThread *thread;

  if (!can_make_mp3 ())
    return;
  decoder = open_mp3 (fixture, samples);
  kill (ap_decoder_process_get_pid (decoder), SIGSTOP);
  thread = g_thread_new ("feed", feed_one, decoder);
  ap_decoder_launcher_stop (fixture->launcher);
  g_thread_join (thread);
  g_assert_cmpint (ap_decoder_launcher_get_pid (fixture->launcher), ==, 0);
  g_assert_null (ap_decoder_launcher_open (fixture->launcher, &spec, decoder_gather, samples, &error));
  g_assert_error (error, AP_RECORDING_ERROR, AP_RECORDING_ERROR_CLOSED);
}

/* A server that drains still needs them. */
static void
test_signals (Fixture *fixture, gconstpointer mode)
{
  static const int signals[] = { SIGINT, SIGTERM, SIGHUP, SIGQUIT };
  g_autoptr (GByteArray) samples = g_byte_array_new ();
  g_autoptr (ApDecoder) decoder = NULL;

  if (!can_make_mp3 ())
    return;
  decoder = open_mp3 (fixture, samples);
  for (gsize i = 0; i < G_N_ELEMENTS (signals); i++) {
    kill (ap_decoder_launcher_get_pid (fixture->launcher), signals[i]);
    kill (ap_decoder_process_get_pid (decoder), signals[i]);
  }
  assert_feeds (decoder, samples);
}

static char *
read_proc (pid_t pid, const char *name, gsize *length)
{
  g_autofree char *path = g_strdup_printf ("/proc/%d/%s", pid, name);
  g_autoptr (GError) error = NULL;
  char *text;

  g_file_get_contents (path, &text, length, &error);
  g_assert_no_error (error);
  return text;
}

static guint64
read_status (pid_t pid, const char *name)
{
  g_autofree char *text = read_proc (pid, "status", NULL);
  const char *line = g_strstr_len (text, -1, name); /* of strstr() here gcc 12 says wrongly, at -O3, that it dangles */

  g_assert_nonnull (line);
  return g_ascii_strtoull (line + strlen (name), NULL, 10);
}

/* As the kernel tells it. */
static void
test_walls (Fixture *fixture, gconstpointer mode)
{
  g_autoptr (GByteArray) samples = g_byte_array_new ();
  g_autoptr (ApDecoder) decoder = NULL;
  g_autofree char *path = NULL;
  g_autofree char *environment = NULL;
  gsize length;
  pid_t pid;

  if (!can_make_mp3 ())
    return;
  decoder = open_mp3 (fixture, samples);
  pid = ap_decoder_process_get_pid (decoder);
  path = g_strdup_printf ("/proc/%d/fd", pid);
  environment = read_proc (pid, "environ", &length);
  g_assert_null (memmem (environment, length, SECRET, strlen (SECRET)));
  g_assert_nonnull (memmem (environment, length, "ORC_CODE=backup", 15));
  g_assert_cmpuint (read_status (pid, "NoNewPrivs:"), ==, 1);
#if !AP_SANITIZED
  g_assert_cmpuint (read_status (pid, "Seccomp:"), ==, 2);
  g_assert_cmpuint (read_status (pid, "Threads:"), ==, 1);
  g_assert_cmpuint (read_status (ap_decoder_launcher_get_pid (fixture->launcher), "Threads:"), ==, 1);
  g_assert_cmpuint (count_entries (path), ==, GPOINTER_TO_UINT (mode) == AP_SANDBOX_POOL ? 5 : 4);
#endif
}

static void
test_garbage (Fixture *fixture, gconstpointer mode)
{
  g_autofree guint8 *garbage = g_malloc (1 << 18);
  guint32 state = 1;

  for (gsize i = 0; i < 1 << 18; i++)
    garbage[i] = (guint8)((state = state * 1664525 + 1013904223) >> 24);
  for (guint container = AP_CONTAINER_MP3; container <= AP_CONTAINER_WEBM; container++) {
    ApDecoderSpec spec = { (ApContainer)container, RATE, CHANNELS };
    g_autoptr (GByteArray) samples = g_byte_array_new ();
    g_autoptr (GError) error = NULL;
    g_autoptr (ApDecoder) decoder =
        ap_decoder_launcher_open (fixture->launcher, &spec, decoder_gather, samples, &error);

    if (g_error_matches (error, AP_ERROR, AP_ERROR_CONFIG))
      continue; /* not installed */
    g_assert_no_error (error);
    if (ap_decoder_feed (decoder, garbage, 1 << 18, &error) && container > AP_CONTAINER_MP3)
      continue; /* it may have to look further */
    g_assert_error (error, AP_RECORDING_ERROR, AP_RECORDING_ERROR_UNDECODABLE);
    g_test_message ("%u: %s", container, error->message);
  }
}

/* Five minutes of nothing: 57 MB of samples in some 10 KB. */
static GBytes *
make_bomb (void)
{
  g_autofree char *path = NULL;
  g_autofree char *launch = NULL;
  g_autoptr (GError) error = NULL;
  g_autoptr (GstElement) pipeline = NULL;
  g_autoptr (GstBus) bus = NULL;
  g_autoptr (GstMessage) message = NULL;
  char *contents;
  gsize length;

  close (g_file_open_tmp ("bomb-XXXXXX", &path, NULL));
  launch = g_strdup_printf (
      "audiotestsrc wave=silence num-buffers=300 samplesperbuffer=48000 ! "
      "audio/x-raw,rate=48000,channels=2 ! flacenc streamable-subset=false blocksize=16384 ! filesink location=%s",
      path);
  pipeline = gst_parse_launch (launch, &error);
  g_assert_no_error (error);
  bus = gst_element_get_bus (pipeline);
  gst_element_set_state (pipeline, GST_STATE_PLAYING);
  message = gst_bus_timed_pop_filtered (bus, 100 * GST_SECOND, GST_MESSAGE_EOS | GST_MESSAGE_ERROR);
  g_assert_true (message != NULL && GST_MESSAGE_TYPE (message) == GST_MESSAGE_EOS);
  gst_element_set_state (pipeline, GST_STATE_NULL);
  g_file_get_contents (path, &contents, &length, &error);
  g_assert_no_error (error);
  unlink (path);
  return g_bytes_new_take (contents, length);
}

typedef struct {
  guint64 come, most;
} Budget;

static gboolean
take_some (gpointer owner, const guint8 *data, gsize length, GError **error)
{
  Budget *budget = owner;

  budget->come += length;
  if (budget->come <= budget->most)
    return TRUE;
  g_set_error_literal (error, AP_RECORDING_ERROR, AP_RECORDING_ERROR_QUOTA, "enough");
  return FALSE;
}

/* Stopped, it stops; taken whole, it takes no more memory than anything else. */
static void
test_bomb (Fixture *fixture, gconstpointer mode)
{
  static const ApDecoderSpec spec = { AP_CONTAINER_FLAC, 48000, 2 };
  g_autoptr (GBytes) bomb = make_bomb ();
  gsize length;
  const guint8 *data = g_bytes_get_data (bomb, &length);

  g_assert_cmpuint (length, <, 20 * 1000);
  for (guint i = 0; i < 2; i++) {
    Budget budget = { 0, i == 0 ? 1000 * 1000 : G_MAXUINT64 };
    g_autoptr (GError) error = NULL;
    g_autoptr (ApDecoder) decoder = ap_decoder_launcher_open (fixture->launcher, &spec, take_some, &budget, &error);
    G_GNUC_UNUSED guint64 before = read_status (getpid (), "VmHWM:");
    gboolean fed;

    g_assert_no_error (error);
    fed = ap_decoder_feed (decoder, data, length, &error);
    g_assert_cmpint (fed, ==, i == 1);
    if (i == 0)
      g_assert_error (error, AP_RECORDING_ERROR, AP_RECORDING_ERROR_QUOTA);
    g_assert_cmpuint (budget.come, >=, i == 0 ? 1000 * 1000 : 55 * 1000 * 1000);
    g_assert_cmpuint (budget.come, <=, i == 0 ? 1100 * 1000 : 60 * 1000 * 1000);
#if !AP_SANITIZED /* they keep what is freed for a while */
    g_assert_cmpuint (read_status (getpid (), "VmHWM:"), <, before + 16 * 1024);
    g_assert_cmpuint (read_status (ap_decoder_process_get_pid (decoder), "VmHWM:"), <, 128 * 1024);
#endif
  }
}

/* ---- a server that is killed ---- */

static int
play_server (const char *mode)
{
  static const ApDecoderSpec spec = { AP_CONTAINER_FLAC, RATE, CHANNELS };
  g_autoptr (ApDecoderLauncher) launcher = NULL;
  ApDecoder *decoder;
  char byte = 0;

  gst_init (NULL, NULL);
  launcher = ap_decoder_launcher_new (g_str_equal (mode, "pool") ? AP_SANDBOX_POOL : AP_SANDBOX_SESSION);
  decoder = ap_decoder_launcher_open (launcher, &spec, decoder_gather, NULL, NULL);
  if (decoder == NULL || write (STDOUT_FILENO, &byte, 1) != 1)
    return EXIT_FAILURE;
  for (;;)
    pause ();
}

/* Whether no child is left. */
static gboolean
reap_all (guint *ended)
{
  while (waitpid (-1, NULL, WNOHANG) > 0)
    ++*ended;
  return errno == ECHILD;
}

static void
test_server_killed (Fixture *fixture, gconstpointer mode)
{
  const char *argv[] = { "/proc/self/exe", "--play-server", modes[GPOINTER_TO_UINT (mode)], NULL };
  g_autoptr (GError) error = NULL;
  GPid pid;
  int out;
  char byte;
  guint ended = 0;

  g_spawn_async_with_pipes (NULL, (char **)argv, NULL, G_SPAWN_DO_NOT_REAP_CHILD, NULL, NULL, &pid, NULL, &out, NULL,
                            &error);
  g_assert_no_error (error);
  g_assert_cmpint (read (out, &byte, 1), ==, 1);
  close (out);
  kill (pid, SIGKILL);
  /* The server, its mother, and her children, which are ours now. */
  g_assert_true (test_wait_until (reap_all (&ended)));
  g_assert_cmpuint (ended, >=, 2);
}

/* ---- */

static const struct {
  const char *name;
  void (*test) (Fixture *fixture, gconstpointer mode);
} tests[] = {
  { "formats", test_formats },
  { "own-code", test_own_code },
  { "many", test_many },
  { "threads", test_threads },
  { "child-dies", test_child_dies },
  { "told-why", test_told_why },
  { "mother-dies", test_mother_dies },
  { "stop", test_stop },
  { "signals", test_signals },
  { "walls", test_walls },
  { "garbage", test_garbage },
  { "bomb", test_bomb },
  { "server-killed", test_server_killed },
};

/* Off: everything is here. */
static void
test_off (void)
{
  static const ApDecoderSpec spec = { AP_CONTAINER_FLAC, RATE, CHANNELS };
  g_autoptr (GError) error = NULL;
  g_autoptr (ApDecoderLauncher) launcher = ap_decoder_launcher_new (AP_SANDBOX_OFF);
  g_autoptr (ApDecoder) decoder = ap_decoder_launcher_open (launcher, &spec, decoder_gather, NULL, &error);

  g_assert_no_error (error);
  g_assert_cmpint (ap_decoder_launcher_get_pid (launcher), ==, 0);
}

int
main (int argc, char **argv)
{
  if (argc > 2 && g_str_equal (argv[1], "--helper"))
    return ap_decoder_mother_main (argc, argv);
  if (argc > 2 && g_str_equal (argv[1], "--play-server"))
    return play_server (argv[2]);
  g_test_init (&argc, &argv, NULL);
  putenv ((char *)SECRET);
  gst_init (NULL, NULL);
  prctl (PR_SET_CHILD_SUBREAPER, 1);
  g_test_add_func ("/decoder-launcher/off", test_off);
  for (guint mode = AP_SANDBOX_SESSION; mode <= AP_SANDBOX_POOL; mode++)
    for (gsize i = 0; i < G_N_ELEMENTS (tests); i++) {
      g_autofree char *path = g_strdup_printf ("/decoder-launcher/%s/%s", modes[mode], tests[i].name);

      g_test_add (path, Fixture, GUINT_TO_POINTER (mode), set_up, tests[i].test, tear_down);
    }
  return g_test_run ();
}
