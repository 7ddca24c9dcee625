/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The store of recordings from its beginning to its end, without sockets. */
#include "endpoints/recording/ap-recording.h"

#include "base/ap-uuid.h"
#include "endpoints/recording/ap-recording-store-private.h"
#include "recording-folder.h"
#include "scratch.h"
#include "test-wait.h"

#include <glib/gstdio.h>
#include <gst/gst.h>
#include <string.h>
#include <sys/file.h>
#include <time.h>

/* Threads of this process that have the name. */
static guint
count_threads (const char *name)
{
  g_autoptr (GDir) dir = g_dir_open ("/proc/self/task", 0, NULL);
  const char *id;
  guint n = 0;

  while ((id = g_dir_read_name (dir)) != NULL) {
    g_autofree char *path = g_build_filename ("/proc/self/task", id, "comm", NULL);
    g_autofree char *comm = NULL;

    n += g_file_get_contents (path, &comm, NULL, NULL) && g_str_equal (g_strchomp (comm), name);
  }
  return n;
}

/* Whether a thread that there is, or was, waits for something. */
static gboolean
thread_sleeps (int id)
{
  g_autofree char *path = g_strdup_printf ("/proc/self/task/%d/stat", id);
  g_autofree char *stat = NULL;
  const char *end = g_file_get_contents (path, &stat, NULL, NULL) ? strrchr (stat, ')') : NULL;

  return end != NULL && end[2] == 'S';
}

static gint64 set_forward; /* how far the wall's clock is wrong; for all threads, while none looks */

/* The linker takes this before GLib's. */
gint64
g_get_real_time (void)
{
  struct timespec now;

  clock_gettime (CLOCK_REALTIME, &now);
  return now.tv_sec * G_USEC_PER_SEC + now.tv_nsec / 1000 + __atomic_load_n (&set_forward, __ATOMIC_SEQ_CST);
}

static void
set_clock_forward (gint64 us)
{
  __atomic_store_n (&set_forward, us, __ATOMIC_SEQ_CST);
}

typedef struct {
  ApRecordingStatus status;
  gint done; /* atomic */
} Look;

static void
note_status (const ApRecordingInfo *info, const GError *error, gpointer data)
{
  Look *look = data;

  g_assert_no_error (error);
  look->status = info->status;
  g_atomic_int_set (&look->done, 1);
}

/* After all that the recording has to do. */
static ApRecordingStatus
status_of (ApRecording *recording)
{
  Look look = { 0 };

  ap_recording_load (recording, note_status, &look);
  g_assert_true (test_wait_until (g_atomic_int_get (&look.done) != 0));
  return look.status;
}

/* A recording ends after a day of time that passes, not when the clock is set to tomorrow; what passes while there is
 * no server can only be had from that. */
static void
test_clock_set (Scratch *scratch, gconstpointer data)
{
  const ApRecordingSettings settings = folder_store_settings (scratch->path);
  const ApRecordingInfo info = { .format = AP_RECORDING_FORMAT_WAV, .sample_rate = 8000, .channels = 1 };
  ApRecordingStore *store = ap_recording_store_new (&settings);
  ApRecording *recording = ap_recording_store_create (store, &info, NULL);
  g_autofree char *id = g_strdup (ap_recording_get_id (recording));

  g_assert_cmpint (status_of (recording), ==, AP_RECORDING_ACTIVE);
  set_clock_forward (2 * G_TIME_SPAN_DAY);
  ap_recording_tick (recording);
  g_assert_cmpint (status_of (recording), ==, AP_RECORDING_ACTIVE);
  g_clear_pointer (&recording, ap_recording_unref);
  ap_recording_store_free (store);

  store = ap_recording_store_new (&settings);
  recording = ap_recording_store_find (store, id);
  ap_recording_tick (recording);
  g_assert_cmpint (status_of (recording), ==, AP_RECORDING_COMPLETED);
  g_clear_pointer (&recording, ap_recording_unref);
  ap_recording_store_free (store);
  set_clock_forward (0);
}

/* (transfer full): the id of a recording that has ended now */
static char *
record_briefly (ApRecordingStore *store)
{
  const ApRecordingInfo info = { .format = AP_RECORDING_FORMAT_WAV, .sample_rate = 8000, .channels = 1 };
  g_autoptr (ApRecording) recording = ap_recording_store_create (store, &info, NULL);
  Look look = { 0 };

  ap_recording_end (recording, note_status, &look);
  g_assert_true (test_wait_until (g_atomic_int_get (&look.done) != 0));
  g_assert_cmpint (look.status, ==, AP_RECORDING_COMPLETED);
  return g_strdup (ap_recording_get_id (recording));
}

static gboolean
has_wav (Scratch *scratch, const char *id)
{
  g_autofree char *name = g_strconcat (id, ".wav", NULL);

  return faccessat (scratch->fd, name, F_OK, 0) == 0;
}

/* Lists are whole again, and whoever runs the server is told why they were not, and where what was there is. */
static void
test_damaged_index (Scratch *scratch, gconstpointer data)
{
  const ApRecordingSettings settings = folder_store_settings (scratch->path);
  ApRecordingStore *store = ap_recording_store_new (&settings);
  const ApRecordingFilter filter = { .limit = 10 };
  g_autofree char *id = record_briefly (store);
  g_autoptr (GByteArray) aside = NULL;
  g_autoptr (GPtrArray) list = NULL;
  guint64 total;

  ap_recording_store_free (store);
  scratch_put (scratch, "index.sqlite", "no database", 11);
  g_test_expect_message ("recording", G_LOG_LEVEL_WARNING, "*index*index.sqlite.damaged*");
  store = ap_recording_store_new (&settings);
  g_test_assert_expected_messages ();
  list = ap_recording_store_list (store, &filter, &total, NULL);
  g_assert_cmpuint (total, ==, 1);
  aside = scratch_get (scratch, "index.sqlite.damaged");
  g_assert_cmpmem (aside->data, aside->len, "no database", 11);
  ap_recording_store_free (store);
}

/* RETENTION_DAYS counts from a recording's end, also while there is no server; one that is live stays. */
static void
test_retention (Scratch *scratch, gconstpointer data)
{
  ApRecordingSettings settings = folder_store_settings (scratch->path);
  const ApRecordingInfo info = { .format = AP_RECORDING_FORMAT_WAV, .sample_rate = 8000, .channels = 1 };
  ApRecordingStore *store = ap_recording_store_new (&settings);
  g_autofree char *old = record_briefly (store), *young = NULL, *live = NULL;
  ApRecording *recording = ap_recording_store_create (store, &info, NULL);
  ApRecordingInfo found = { 0 };

  live = g_strdup (ap_recording_get_id (recording));
  g_assert_cmpint (status_of (recording), ==, AP_RECORDING_ACTIVE);
  g_clear_pointer (&recording, ap_recording_unref);
  ap_recording_store_free (store);
  set_clock_forward (2 * G_TIME_SPAN_DAY);
  settings.retention_days = 2;
  settings.max_duration_hours = 1000;
  store = ap_recording_store_new (&settings);
  young = record_briefly (store);
  g_assert_true (test_wait_until ((g_main_context_iteration (NULL, FALSE), !has_wav (scratch, old))));
  g_assert_true (test_wait_until (!ap_recording_store_get_info (store, old, &found, NULL)));
  g_assert_true (has_wav (scratch, young));
  g_assert_true (has_wav (scratch, live));
  ap_recording_store_free (store);
  set_clock_forward (0);
}

static void
await_end (gpointer data)
{
  ApRecordingStore *store = data;

  g_assert_true (test_wait_until (g_atomic_int_get (&store->stopping) != 0));
}

/* What is too old is removed when there is time for it: the server does not stay for that. */
static void
test_retention_at_end (Scratch *scratch, gconstpointer data)
{
  ApRecordingSettings settings = folder_store_settings (scratch->path);
  ApRecordingStore *store = ap_recording_store_new (&settings);
  g_autofree char *old = record_briefly (store);

  set_clock_forward (2 * G_TIME_SPAN_DAY);
  ap_strand_post (ap_recording_store_get_desk (store), await_end, store, NULL);
  settings.retention_days = 1;
  g_assert_true (test_wait_until ((g_main_context_iteration (NULL, FALSE), store->retention_at != 0)));
  ap_recording_store_free (store);
  g_assert_true (has_wav (scratch, old));
  set_clock_forward (0);
}

typedef struct {
  ApRecordingStore *store;
  gint ending; /* atomic */
  gboolean asked;
} Question;

/* Asked at the last moment: the store waits for nothing but this. */
static void
ask_late (gpointer data)
{
  Question *question = data;
  ApRecordingInfo info = { 0 };
  char id[AP_UUID_LENGTH + 1];
  g_autoptr (GError) error = NULL;

  g_assert_true (test_wait_until (g_atomic_int_get (&question->ending) != 0 && thread_sleeps (getpid ())));
  ap_uuid_new (id);
  g_assert_false (ap_recording_store_get_info (question->store, id, &info, &error));
  g_assert_error (error, AP_RECORDING_ERROR, AP_RECORDING_ERROR_STORAGE);
  question->asked = TRUE;
}

/* A folder that could not be used at the start can be used when the server ends: it stays closed. */
static void
test_late_question (Scratch *scratch, gconstpointer data)
{
  g_autofree char *path = g_build_filename (scratch->path, "store", NULL);
  const ApRecordingSettings settings = folder_store_settings (path);
  Question question = { 0 };
  int fd;

  scratch_put (scratch, "store", "", 0);
  g_test_expect_message ("recording", G_LOG_LEVEL_WARNING, "nothing can be recorded*");
  question.store = ap_recording_store_new (&settings);
  g_test_assert_expected_messages ();
  g_assert_cmpint (g_unlink (path), ==, 0);
  g_assert_cmpint (g_mkdir (path, 0700), ==, 0);

  ap_strand_post (ap_recording_store_get_desk (question.store), ask_late, &question, NULL);
  g_atomic_int_set (&question.ending, 1);
  ap_recording_store_free (question.store);
  g_assert_true (question.asked);
  g_assert_cmpuint (count_threads ("sync"), ==, 0);
  fd = open (path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  g_assert_cmpint (flock (fd, LOCK_EX | LOCK_NB), ==, 0); /* nobody has it */
  close (fd);
  g_assert_cmpint (g_rmdir (path), ==, 0); /* and nothing was made in it */
}

static void
remove_folder (const char *path)
{
  g_autoptr (GDir) dir = g_dir_open (path, 0, NULL);
  const char *name;

  while ((name = g_dir_read_name (dir)) != NULL) {
    g_autofree char *file = g_build_filename (path, name, NULL);

    g_assert_cmpint (g_unlink (file), ==, 0);
  }
  g_assert_cmpint (g_rmdir (path), ==, 0);
}

/* A store whose folder was not there at its start, and is now; nobody has looked yet. (transfer full) */
static ApRecordingStore *
open_early (const ApRecordingSettings *settings)
{
  g_autofree char *there = g_strconcat (settings->storage_path, ".elsewhere", NULL);
  ApRecordingStore *store;

  g_assert_cmpint (g_rename (settings->storage_path, there), ==, 0);
  g_assert_true (g_file_set_contents (settings->storage_path, "", 0, NULL));
  g_test_expect_message ("recording", G_LOG_LEVEL_WARNING, "nothing can be recorded*");
  store = ap_recording_store_new (settings);
  g_test_assert_expected_messages ();
  g_assert_cmpint (g_unlink (settings->storage_path), ==, 0);
  g_assert_cmpint (g_rename (there, settings->storage_path), ==, 0);
  return store;
}

typedef void (*Ask) (ApRecordingStore *store, const char *id, ApRecordingDone done, gpointer data);
static const Ask closes = ap_recording_store_close;
static const Ask deletes = ap_recording_store_delete;

/* Who asks for its end first, or wants it deleted, finds the folder: by that it is live, and is treated so. */
static void
test_found_live (Scratch *scratch, gconstpointer data)
{
  const Ask *ask = data;
  g_autofree char *path = g_build_filename (scratch->path, "store", NULL);
  const ApRecordingSettings settings = folder_store_settings (path);
  const ApRecordingInfo info = { .format = AP_RECORDING_FORMAT_WAV, .sample_rate = 8000, .channels = 1 };
  const ApRecordingFilter active = { .limit = 10, .status = &(ApRecordingStatus){ AP_RECORDING_ACTIVE } };
  ApRecordingStore *store = ap_recording_store_new (&settings);
  ApRecording *recording = ap_recording_store_create (store, &info, NULL);
  g_autofree char *id = g_strdup (ap_recording_get_id (recording));
  g_autoptr (GPtrArray) list = NULL;
  Look look = { 0 };
  guint64 total;

  g_assert_cmpint (status_of (recording), ==, AP_RECORDING_ACTIVE);
  g_clear_pointer (&recording, ap_recording_unref);
  ap_recording_store_free (store);
  store = open_early (&settings);
  (*ask) (store, id, note_status, &look);
  g_assert_true (test_wait_until (g_atomic_int_get (&look.done) != 0));
  g_assert_null (ap_recording_store_find (store, id));
  list = ap_recording_store_list (store, &active, &total, NULL);
  g_assert_cmpuint (total, ==, 0);
  ap_recording_store_free (store);
  remove_folder (path);
}

/* ---- With a bound of what a user may have ---- */

static const ApRecordingInfo bounded = {
  .format = AP_RECORDING_FORMAT_WAV, .sample_rate = 8000, .channels = 1, .user_id = (char *)"somebody"
};

typedef struct {
  ApRecordingSettings settings;
  ApRecordingStore *store;
  ApRecording *recording; /* one that has begun */
} Bounded;

static void
bounded_begin (Bounded *self, char *path)
{
  self->settings = folder_store_settings (path);
  self->settings.max_user_mb = 1;
  self->store = ap_recording_store_new (&self->settings);
  self->recording = ap_recording_store_create (self->store, &bounded, NULL);
  g_assert_cmpint (status_of (self->recording), ==, AP_RECORDING_ACTIVE);
}

static void
take_away (const char *path)
{
  g_autofree char *there = g_strconcat (path, ".elsewhere", NULL);

  g_test_expect_message ("recording", G_LOG_LEVEL_WARNING, "*nothing can be recorded*");
  g_assert_cmpint (g_rename (path, there), ==, 0);
}

static void
remove_taken (const char *path)
{
  g_autofree char *there = g_strconcat (path, ".elsewhere", NULL);

  remove_folder (there);
}

/* What was dropped and is still held then has a part of the user's share. */
static void
test_end_while_away (Scratch *scratch, gconstpointer data)
{
  g_autofree char *path = g_build_filename (scratch->path, "store", NULL);
  Bounded self;

  bounded_begin (&self, path);
  take_away (path);
  ap_recording_store_check (self.store);
  g_test_assert_expected_messages ();
  g_assert_cmpuint (self.store->leaving->len, ==, 1);
  ap_recording_unref (self.recording);
  ap_recording_store_free (self.store);
  remove_taken (path);
}

typedef struct {
  Bounded bounded;
  gint thread; /* atomic: 0: not yet, -1: not any more */
} Check;

static gpointer
check (gpointer data)
{
  Check *self = data;

  g_atomic_int_set (&self->thread, gettid ());
  ap_recording_store_check (self->bounded.store);
  g_atomic_int_set (&self->thread, -1);
  return NULL;
}

static gboolean
waits_or_has_ended (Check *self)
{
  gint thread = g_atomic_int_get (&self->thread);

  return ap_recording_store_is_away (self->bounded.store) && (thread < 0 || thread_sleeps (thread));
}

/* While who asks about the user is kept waiting by the index. */
static void
assert_found (gpointer data)
{
  Check *self = data;
  GThread *thread = g_thread_new ("check", check, self);

  g_assert_true (test_wait_until (waits_or_has_ended (self)));
  g_assert_true (g_mutex_trylock (&self->bounded.store->lock));
  g_mutex_unlock (&self->bounded.store->lock);
  g_thread_unref (thread);
}

/* Workers look for recordings also while the folder goes, and a disk does not answer. */
static void
test_no_wait_while_away (Scratch *scratch, gconstpointer data)
{
  g_autofree char *path = g_build_filename (scratch->path, "store", NULL);
  Check self = { 0 };
  ApRecordingShare *share;

  bounded_begin (&self.bounded, path);
  take_away (path);
  share = ap_recording_share_new (self.bounded.store->shared.shares, bounded.user_id);
  ap_recording_share_end (share, assert_found, &self);
  g_assert_true (test_wait_until (g_atomic_int_get (&self.thread) < 0));
  g_test_assert_expected_messages ();
  ap_recording_share_free (share);
  ap_recording_unref (self.bounded.recording);
  ap_recording_store_free (self.bounded.store);
  remove_taken (path);
}

static void
note_done (const ApRecordingInfo *info, const GError *error, gpointer done)
{
  g_atomic_int_set ((gint *)done, error == NULL ? 1 : 2);
}

/* Whether another recording of the user can begin. */
static gboolean
can_begin (ApRecordingStore *store)
{
  g_autoptr (ApRecording) recording = ap_recording_store_create (store, &bounded, NULL);
  gint done = 0;

  ap_recording_load (recording, note_done, &done);
  g_assert_true (test_wait_until (g_atomic_int_get (&done) != 0));
  return done == 1;
}

/* What a recording had of the disk is there again when it has been deleted, whoever had counted it by then. */
static void
test_discarded (Scratch *scratch, gconstpointer data)
{
  Bounded self;
  ApRecordingInfo row = bounded;
  gint done = 0;

  bounded_begin (&self, scratch->path);
  g_strlcpy (row.id, ap_recording_get_id (self.recording), sizeof row.id);
  row.status = AP_RECORDING_FAILED;
  row.frames = 1024 * 1024;
  g_assert_true (ap_recording_index_put (self.store->shared.index, &row, NULL));
  ap_recording_shares_forget (self.store->shared.shares, NULL);
  g_test_expect_message ("recording", G_LOG_LEVEL_WARNING, "no session can be created*");
  g_assert_false (can_begin (self.store));
  g_test_assert_expected_messages ();
  ap_recording_discard (self.recording, note_done, &done);
  g_assert_true (test_wait_until (g_atomic_int_get (&done) == 1));
  g_assert_true (can_begin (self.store));
  ap_recording_unref (self.recording);
  ap_recording_store_free (self.store);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  gst_init (NULL, NULL);
  g_test_add ("/recording-store/late-question", Scratch, NULL, scratch_set_up, test_late_question, scratch_tear_down);
  g_test_add ("/recording-store/clock-set", Scratch, NULL, scratch_set_up, test_clock_set, scratch_tear_down);
  g_test_add ("/recording-store/damaged-index", Scratch, NULL, scratch_set_up, test_damaged_index, scratch_tear_down);
  g_test_add ("/recording-store/retention", Scratch, NULL, scratch_set_up, test_retention, scratch_tear_down);
  g_test_add ("/recording-store/found-live/close", Scratch, &closes, scratch_set_up, test_found_live,
              scratch_tear_down);
  g_test_add ("/recording-store/found-live/delete", Scratch, &deletes, scratch_set_up, test_found_live,
              scratch_tear_down);
  g_test_add ("/recording-store/retention-at-end", Scratch, NULL, scratch_set_up, test_retention_at_end,
              scratch_tear_down);
  g_test_add ("/recording-store/end-while-away", Scratch, NULL, scratch_set_up, test_end_while_away, scratch_tear_down);
  g_test_add ("/recording-store/no-wait-while-away", Scratch, NULL, scratch_set_up, test_no_wait_while_away,
              scratch_tear_down);
  g_test_add ("/recording-store/discarded", Scratch, NULL, scratch_set_up, test_discarded, scratch_tear_down);
  return g_test_run ();
}
