/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* What the store makes of a system that lacks something for a while, and of an end in the middle of what it does. Calls
 * of the system fail here where a test says so. This program is its own helper. */
#include "endpoints/recording/ap-recording.h"
#include "recording-folder.h"

#include "audio-files.h"
#include "base/ap-error.h"
#include "endpoints/recording/decoder/ap-decoder-mother.h"
#include "scratch.h"
#include "test-wait.h"

#include <dlfcn.h>
#include <errno.h>
#include <gst/gst.h>
#include <signal.h>
#include <spawn.h>
#include <stdarg.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>

#define RATE   48000
#define DEADLY "AP_TEST_DEADLY"

/* ---- Faults ---- */

static gint no_seccomp;                /* atomic */
static gint no_processes;              /* atomic */
static gint deadly;                    /* atomic: decoders die, of processes that are begun then */
static gint64 passed;                  /* atomic: what the clock is ahead */
static gint unlinks_left = G_MAXINT32; /* atomic: files that can still be removed */

/* The linker takes these before libc's. */
int
posix_spawn (pid_t *pid, const char *path, const posix_spawn_file_actions_t *actions,
             const posix_spawnattr_t *attributes, char *const argv[], char *const environment[])
{
  static int (*real) (pid_t *, const char *, const posix_spawn_file_actions_t *, const posix_spawnattr_t *,
                      char *const[], char *const[]);

  g_autoptr (GPtrArray) more = g_ptr_array_new ();

  if (g_atomic_int_get (&no_processes))
    return EAGAIN; /* as with RLIMIT_NPROC */
  if (real == NULL)
    *(void **)&real = dlsym (RTLD_NEXT, "posix_spawn");
  for (char **variable = (char **)environment; *variable != NULL; variable++)
    g_ptr_array_add (more, *variable);
  if (g_atomic_int_get (&deadly))
    g_ptr_array_add (more, (gpointer)DEADLY "=1");
  g_ptr_array_add (more, NULL);
  return real (pid, path, actions, attributes, argv, (char *const *)more->pdata);
}

gint64
g_get_monotonic_time (void)
{
  struct timespec now;

  clock_gettime (CLOCK_MONOTONIC, &now);
  return now.tv_sec * G_USEC_PER_SEC + now.tv_nsec / 1000 + __atomic_load_n (&passed, __ATOMIC_SEQ_CST);
}

int
unlinkat (int folder, const char *name, int flags)
{
  static int (*real) (int, const char *, int);

  if (g_atomic_int_add (&unlinks_left, -1) <= 0) {
    errno = EIO;
    return -1;
  }
  if (real == NULL)
    *(void **)&real = dlsym (RTLD_NEXT, "unlinkat");
  return real (folder, name, flags);
}

int
prctl (int option, ...)
{
  long arguments[4];
  va_list list;

  va_start (list, option);
  for (guint i = 0; i < G_N_ELEMENTS (arguments); i++)
    arguments[i] = va_arg (list, long);
  va_end (list);
  if (option == PR_SET_PDEATHSIG && g_getenv (DEADLY) != NULL) /* the first that a decoder's process does */
    raise (SIGKILL);
  if (option == PR_SET_SECCOMP && g_atomic_int_get (&no_seccomp)) {
    errno = EINVAL;
    return -1;
  }
  return (int)syscall (SYS_prctl, option, arguments[0], arguments[1], arguments[2], arguments[3]);
}

static GLogWriterOutput
be_silent (GLogLevelFlags level, const GLogField *fields, gsize n, gpointer data)
{
  return G_LOG_WRITER_HANDLED;
}

/* ---- What the tests share ---- */

typedef struct {
  Scratch scratch;
  ApRecordingSettings settings;
  ApRecordingStore *store;
} Fixture;

static void
open_store (Fixture *fixture)
{
  fixture->store = ap_recording_store_new (&fixture->settings);
}

static void
set_up (Fixture *fixture, gconstpointer data)
{
  scratch_set_up_quick (&fixture->scratch, data);
  fixture->settings = folder_store_settings (fixture->scratch.path);
}

static void
tear_down (Fixture *fixture, gconstpointer data)
{
  g_clear_pointer (&fixture->store, ap_recording_store_free);
  scratch_tear_down (&fixture->scratch, data);
}

static ApRecording *
create (Fixture *fixture)
{
  const ApRecordingInfo info = { .format = AP_RECORDING_FORMAT_WAV, .sample_rate = RATE, .channels = 1 };
  g_autoptr (GError) error = NULL;
  ApRecording *recording = ap_recording_store_create (fixture->store, &info, &error);

  g_assert_no_error (error);
  return recording;
}

/* An answer of the store. */
typedef struct {
  ApRecordingInfo info;
  GError *error;
  gint come; /* atomic */
} Answer;

static void
answer_clear (Answer *answer)
{
  ap_recording_info_clear (&answer->info);
  g_clear_error (&answer->error);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Answer, answer_clear)

static void
note (const ApRecordingInfo *info, const GError *error, gpointer data)
{
  Answer *answer = data;

  if (info != NULL)
    ap_recording_info_copy (&answer->info, info);
  answer->error = error != NULL ? g_error_copy (error) : NULL;
  g_atomic_int_set (&answer->come, 1);
}

static void
await (Answer *answer)
{
  g_assert_true (test_wait_until (g_atomic_int_get (&answer->come)));
}

static gboolean
has_file (Fixture *fixture, const char *id, const char *suffix)
{
  g_autofree char *name = g_strconcat (id, suffix, NULL);

  return faccessat (fixture->scratch.fd, name, F_OK, 0) == 0;
}

/* The files of a recording of a second of FLAC that is not live. */
static ApRecordingInfo
record (Fixture *fixture)
{
  Folder *folder = folder_new_at (dup (fixture->scratch.fd));
  g_autoptr (GBytes) audio = audio_file_make (AUDIO_FILE_FLAC, RATE, 1, 1);
  char id[AP_RECORDING_ID_LENGTH + 1];
  ApRecordingWriter *writer = folder_create (folder, id, AP_RECORDING_FORMAT_FLAC, RATE, 1);
  ApRecordingInfo info;

  folder_append (folder, writer, g_bytes_get_data (audio, NULL), g_bytes_get_size (audio));
  ap_recording_info_copy (&info, ap_recording_writer_get_info (writer));
  g_assert_cmpuint (info.frames, >, 0);
  ap_recording_writer_free (writer);
  folder_free (folder);
  return info;
}

/* ---- Threads ---- */

static GMutex gate;
static gint held; /* atomic: jobs that wait for it */

static void
pass (const ApRecordingInfo *info, const GError *error, gpointer data)
{
  g_atomic_int_inc (&held);
  g_mutex_lock (&gate);
  g_mutex_unlock (&gate);
}

static guint
count_threads (void)
{
  g_autoptr (GDir) dir = g_dir_open ("/proc/self/task", 0, NULL);
  const char *id;
  guint n = 0;

  while ((id = g_dir_read_name (dir)) != NULL) {
    g_autofree char *path = g_build_filename ("/proc/self/task", id, "comm", NULL);
    g_autofree char *comm = NULL;

    n += g_file_get_contents (path, &comm, NULL, NULL) && g_str_equal (comm, "recording\n");
  }
  return n;
}

/* Decoders that take long have all threads: the next recording gets one all the same, within some seconds. */
static void
test_threads (Fixture *fixture, gconstpointer data)
{
  gint64 deadline = test_deadline ();
  g_auto (Answer) answer = { 0 };
  guint threads;

  fixture->settings.max_sessions = 1000;
  open_store (fixture);
  g_assert_true (test_wait_until ((threads = count_threads ()) >= 16)); /* they take their names themselves */
  g_mutex_lock (&gate);
  for (guint i = 0; i < threads; i++) {
    g_autoptr (ApRecording) recording = create (fixture);

    ap_recording_load (recording, pass, NULL);
  }
  g_assert_true (test_wait_until (g_atomic_int_get (&held) == (gint)threads));
  {
    g_autoptr (ApRecording) recording = create (fixture);

    ap_recording_load (recording, note, &answer);
  }
  while (!g_atomic_int_get (&answer.come)) {
    g_assert_cmpint (g_get_monotonic_time (), <, deadline);
    if (!g_main_context_iteration (NULL, FALSE))
      g_poll (NULL, 0, 5);
  }
  g_mutex_unlock (&gate);
  g_assert_no_error (answer.error);
}

/* ---- Processes ---- */

/* Asks for a recording that is to be read. FALSE: it is not live any more */
static gboolean
load (Fixture *fixture, const char *id, Answer *answer)
{
  g_autoptr (ApRecording) recording = ap_recording_store_find (fixture->store, id);

  if (recording == NULL)
    return FALSE;
  ap_recording_load (recording, note, answer);
  await (answer);
  return TRUE;
}

/* As long as it is there it says why it cannot be read. */
static void
assert_breaks (Fixture *fixture, const char *id, GQuark domain, int code)
{
  gboolean live = TRUE;

  while (live) {
    g_auto (Answer) answer = { 0 };

    live = load (fixture, id, &answer);
    if (live)
      g_assert_error (answer.error, domain, code);
  }
}

static void
assert_is_active (Fixture *fixture, const ApRecordingInfo *before)
{
  g_auto (Answer) answer = { 0 };
  g_auto (ApRecordingInfo) row = { 0 };

  g_assert_true (load (fixture, before->id, &answer));
  g_assert_no_error (answer.error);
  g_assert_cmpint (answer.info.status, ==, AP_RECORDING_ACTIVE);
  g_assert_cmpuint (answer.info.total_chunks, ==, before->total_chunks);
  g_assert_cmpuint (answer.info.frames, ==, before->frames);
  g_assert_true (ap_recording_store_get_info (fixture->store, before->id, &row, NULL));
  g_assert_cmpint (row.status, ==, AP_RECORDING_ACTIVE);
}

/* A recovery that finds no process for its decoder is tried again when somebody asks, and loses nothing. */
static void
test_no_process (Fixture *fixture, gconstpointer data)
{
  g_auto (ApRecordingInfo) before = record (fixture);
  g_auto (Answer) answer = { 0 };

  fixture->settings.sandbox = (char *)"session";
  g_atomic_int_set (&no_processes, 1);
  open_store (fixture);
  g_assert_true (load (fixture, before.id, &answer));
  g_assert_error (answer.error, AP_ERROR, AP_ERROR_UNAVAILABLE);
  g_assert_true (ap_recording_error_passes (answer.error));
  g_atomic_int_set (&no_processes, 0);
  assert_is_active (fixture, &before);
}

typedef struct {
  Fixture *fixture;
  const char *id;
  Answer answer;
} Question;

static void
ask_about (gpointer data)
{
  Question *question = data;
  g_auto (ApRecordingInfo) info = { 0 };
  g_autoptr (GError) error = NULL;

  ap_recording_store_get_info (question->fixture->store, question->id, &info, &error);
  note (NULL, error, &question->answer);
}

/* Who asks about it is told that it cannot be read now. All others' questions are behind: they do not wait until it has
 * been tried once more. */
static void
test_no_process_asked (Fixture *fixture, gconstpointer data)
{
  g_auto (ApRecordingInfo) before = record (fixture);
  g_auto (Answer) answer = { 0 };
  Question question = { fixture, before.id };
  ApRecording *recording;

  fixture->settings.sandbox = (char *)"session";
  g_atomic_int_set (&no_processes, 1);
  g_atomic_int_set (&held, 0);
  open_store (fixture);
  g_assert_true (load (fixture, before.id, &answer));
  recording = ap_recording_store_find (fixture->store, before.id);
  g_mutex_lock (&gate);
  ap_recording_load (recording, pass, NULL);
  g_clear_pointer (&recording, ap_recording_unref);
  g_assert_true (test_wait_until (g_atomic_int_get (&held) == 1));
  ap_strand_post (ap_recording_store_get_desk (fixture->store), ask_about, &question, NULL);
  await (&question.answer);
  g_assert_error (question.answer.error, AP_RECORDING_ERROR, AP_RECORDING_ERROR_STORAGE);
  answer_clear (&question.answer);
  g_mutex_unlock (&gate);
  g_atomic_int_set (&no_processes, 0);
}

/* Decoders that are killed, as by a machine that is short of memory: nothing is lost by that. */
static void
test_deaths (Fixture *fixture, gconstpointer data)
{
  g_auto (ApRecordingInfo) before = record (fixture);

  fixture->settings.sandbox = (char *)"session";
  g_atomic_int_set (&deadly, 1);
  open_store (fixture);
  for (guint i = 0; i < 3; i++) {
    g_auto (Answer) answer = { 0 };

    g_assert_true (load (fixture, before.id, &answer));
    g_assert_error (answer.error, AP_RECORDING_ERROR, AP_RECORDING_ERROR_DECODER_DIED);
    g_assert_true (ap_recording_error_passes (answer.error)); /* 503, not 500 */
  }
  g_clear_pointer (&fixture->store, ap_recording_store_free);
  g_atomic_int_set (&deadly, 0);
  open_store (fixture);
  assert_is_active (fixture, &before);
}

/* For longer than a minute it is held to be the chunk's doing, which was the last and need not have been taken. */
static void
test_deaths_for_long (Fixture *fixture, gconstpointer data)
{
  g_auto (ApRecordingInfo) before = record (fixture);
  g_auto (ApRecordingInfo) without = { 0 };
  g_auto (Answer) answer = { 0 };

  fixture->settings.sandbox = (char *)"session";
  g_atomic_int_set (&deadly, 1);
  open_store (fixture);
  g_assert_true (load (fixture, before.id, &answer));
  g_assert_error (answer.error, AP_RECORDING_ERROR, AP_RECORDING_ERROR_DECODER_DIED);
  __atomic_store_n (&passed, 61 * G_USEC_PER_SEC, __ATOMIC_SEQ_CST);
  ap_recording_info_copy (&without, &before);
  without.total_chunks = without.frames = 0;
  assert_is_active (fixture, &without);
  g_atomic_int_set (&deadly, 0);
  __atomic_store_n (&passed, 0, __ATOMIC_SEQ_CST);
}

/* A system that cannot lock decoders in does not learn it: the next start may be on another. */
static void
test_no_sandbox (Fixture *fixture, gconstpointer data)
{
  g_auto (ApRecordingInfo) before = record (fixture);

  fixture->settings.sandbox = (char *)"session";
  g_atomic_int_set (&no_seccomp, 1);
  open_store (fixture);
  assert_breaks (fixture, before.id, AP_ERROR, AP_ERROR_CONFIG);
  g_clear_pointer (&fixture->store, ap_recording_store_free);
  g_atomic_int_set (&no_seccomp, 0);
  open_store (fixture);
  assert_is_active (fixture, &before);
}

/* ---- Rows ---- */

static void
put_row (Fixture *fixture, const ApRecordingInfo *info)
{
  gboolean rebuild;
  g_autoptr (GError) error = NULL;
  g_autoptr (ApRecordingIndex) index = ap_recording_index_open (fixture->scratch.path, &rebuild, &error);

  g_assert_no_error (error);
  g_assert_true (ap_recording_index_put (index, info, NULL));
  g_assert_true (ap_recording_index_declare_complete (index, NULL));
}

/* Of a recording that cannot be read the index keeps what it knows: the journal's head is as old as the recording,
 * which would be removed too soon. */
static void
test_failed_row (Fixture *fixture, gconstpointer data)
{
  g_auto (ApRecordingInfo) before = record (fixture);
  g_autofree char *wav = g_strconcat (before.id, ".wav", NULL);
  g_auto (ApRecordingInfo) after = { 0 };
  g_autoptr (GError) error = NULL;

  put_row (fixture, &before);
  g_assert_cmpint (before.updated_us, >, before.created_us);
  g_assert_cmpint (unlinkat (fixture->scratch.fd, wav, 0), ==, 0);
  g_assert_cmpint (mkdirat (fixture->scratch.fd, wav, 0700), ==, 0);
  open_store (fixture);
  assert_breaks (fixture, before.id, AP_RECORDING_ERROR, AP_RECORDING_ERROR_STORAGE);
  g_assert_true (ap_recording_store_get_info (fixture->store, before.id, &after, &error));
  g_assert_no_error (error);
  g_assert_cmpint (after.status, ==, AP_RECORDING_FAILED);
  g_assert_cmpuint (after.total_chunks, ==, before.total_chunks);
  g_assert_cmpuint (after.bytes_received, ==, before.bytes_received);
  g_assert_cmpuint (after.frames, ==, before.frames);
  g_assert_cmpint (after.updated_us, ==, before.updated_us);
  g_assert_cmpint (unlinkat (fixture->scratch.fd, wav, AT_REMOVEDIR), ==, 0);
}

/* ---- Removals ---- */

/* A recording that is live, or has ended, and of which there is all that there can be. */
static void
make_whole (Fixture *fixture, gboolean live, char *id)
{
  g_autoptr (ApRecording) recording = create (fixture);
  g_autofree char *damaged = g_strconcat (ap_recording_get_id (recording), ".jnl.damaged", NULL);
  g_auto (Answer) answer = { 0 };

  g_strlcpy (id, ap_recording_get_id (recording), AP_RECORDING_ID_LENGTH + 1);
  if (live)
    ap_recording_load (recording, note, &answer);
  else
    ap_recording_store_close (fixture->store, id, note, &answer);
  await (&answer);
  g_assert_no_error (answer.error);
  scratch_put (&fixture->scratch, damaged, "what is left", 12);
}

static void
assert_removed (Fixture *fixture, const char *id)
{
  g_auto (ApRecordingInfo) info = { 0 };

  g_assert_false (ap_recording_store_get_info (fixture->store, id, &info, NULL));
  g_assert_false (has_file (fixture, id, ".jnl"));
  g_assert_false (has_file (fixture, id, ".wav"));
  g_assert_false (has_file (fixture, id, ".jnl.damaged"));
}

/* What the end of the process leaves after @unlinks files is still a recording, which the next process can remove;
 * never something that nobody knows. */
static void
interrupt_removal (Fixture *fixture, gboolean live, gint unlinks)
{
  char id[AP_RECORDING_ID_LENGTH + 1];
  g_auto (Answer) first = { 0 }, second = { 0 };

  open_store (fixture);
  make_whole (fixture, live, id);
  g_atomic_int_set (&unlinks_left, unlinks);
  ap_recording_store_delete (fixture->store, id, note, &first);
  await (&first);
  g_assert_error (first.error, AP_RECORDING_ERROR, AP_RECORDING_ERROR_STORAGE);
  g_clear_pointer (&fixture->store, ap_recording_store_free);
  g_atomic_int_set (&unlinks_left, G_MAXINT32);
  g_assert_true (has_file (fixture, id, ".jnl"));

  open_store (fixture);
  ap_recording_store_delete (fixture->store, id, note, &second);
  await (&second);
  g_assert_no_error (second.error);
  assert_removed (fixture, id);
  g_clear_pointer (&fixture->store, ap_recording_store_free);
}

static void
test_removal (Fixture *fixture, gconstpointer live)
{
  for (gint unlinks = 0; unlinks < 3; unlinks++)
    interrupt_removal (fixture, GPOINTER_TO_INT (live), unlinks);
}

/* RETENTION_DAYS is for those that have ended. One that failed long ago, and could not be read since the server began,
 * is live: who resumes it is not to write into files that are gone. */
static void
test_failed_long_ago (Fixture *fixture, gconstpointer data)
{
  g_auto (ApRecordingInfo) before = record (fixture);
  ApRecordingInfo failed = before, ended = { .status = AP_RECORDING_COMPLETED, .sample_rate = RATE, .channels = 1 };

  open_store (fixture);
  make_whole (fixture, FALSE, ended.id);
  g_clear_pointer (&fixture->store, ap_recording_store_free);
  failed.status = AP_RECORDING_FAILED;
  failed.updated_us -= 4 * G_TIME_SPAN_DAY; /* so that it comes before the other */
  ended.updated_us = before.updated_us - 3 * G_TIME_SPAN_DAY;
  put_row (fixture, &failed);
  put_row (fixture, &ended);

  fixture->settings.sandbox = (char *)"session";
  fixture->settings.retention_days = 2;
  g_atomic_int_set (&no_processes, 1);
  open_store (fixture);
  g_assert_true (test_wait_until ((g_main_context_iteration (NULL, FALSE), !has_file (fixture, ended.id, ".jnl"))));
  g_atomic_int_set (&no_processes, 0);
  assert_is_active (fixture, &before);
}

#define ADD(name, test, data) g_test_add ("/recording-faults/" name, Fixture, data, set_up, test, tear_down)

int
main (int argc, char **argv)
{
  if (argc > 2 && g_str_equal (argv[1], "--helper"))
    return ap_decoder_mother_main (argc, argv);
  g_test_init (&argc, &argv, NULL);
  gst_init (NULL, NULL);
  g_log_set_always_fatal (G_LOG_FATAL_MASK);
  g_log_set_writer_func (be_silent, NULL, NULL);
  ADD ("threads", test_threads, NULL);
  ADD ("no-process", test_no_process, NULL);
  ADD ("no-process/asked", test_no_process_asked, NULL);
  ADD ("deaths", test_deaths, NULL);
  ADD ("deaths/for-long", test_deaths_for_long, NULL);
  ADD ("no-sandbox", test_no_sandbox, NULL);
  ADD ("failed-row", test_failed_row, NULL);
  ADD ("failed-long-ago", test_failed_long_ago, NULL);
  ADD ("removal/live", test_removal, GINT_TO_POINTER (TRUE));
  ADD ("removal/ended", test_removal, GINT_TO_POINTER (FALSE));
  return g_test_run ();
}
