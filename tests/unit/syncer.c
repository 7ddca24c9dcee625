/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The syncer: no more syncs than needed, none too few, one at a time for each target, and what becomes of them at the
 * end. */
#include "endpoints/recording/files/ap-syncer.h"

#include "endpoints/recording/files/ap-journal.h"
#include "journal-support.h"
#include "test-wait.h"

#define AGES_MS G_MAXUINT

typedef struct {
  ApSyncTarget target;
  gint written;      /* atomic: what is there to be synced */
  guint begun;       /* what was written when the last sync of any kind began */
  guint covered;     /* by the last sync; the target's order alone guards this and what follows */
  gint syncs, dones; /* atomic */
  guint errors;
  gboolean fails;
  gboolean stuck; /* at the gate */
  guint again;    /* so many times done asks for more */
  ApSyncer *syncer;
  GString *order;
  char letter;
} File;

static GMutex gate;

static void
begin_file (ApSyncTarget *target)
{
  File *file = (File *)target;

  g_assert_cmpint (g_atomic_int_get (&file->syncs), <=, g_atomic_int_get (&file->dones));
  file->begun = (guint)g_atomic_int_get (&file->written);
}

static gboolean
sync_file (ApSyncTarget *target, GError **error)
{
  File *file = (File *)target;

  file->covered = (guint)g_atomic_int_get (&file->written);
  g_atomic_int_inc (&file->syncs);
  if (file->stuck) {
    g_mutex_lock (&gate);
    g_mutex_unlock (&gate);
  }
  if (file->order != NULL)
    g_string_append_c (file->order, file->letter);
  if (file->fails)
    g_set_error_literal (error, AP_RECORDING_ERROR, AP_RECORDING_ERROR_STORAGE, "lost");
  return !file->fails;
}

static void
done_file (ApSyncTarget *target, const GError *error)
{
  File *file = (File *)target;

  file->errors += g_error_matches (error, AP_RECORDING_ERROR, AP_RECORDING_ERROR_STORAGE) ? 1 : 0;
  g_assert_true (error == NULL || file->fails);
  g_atomic_int_inc (&file->dones);
  if (file->again > 0) {
    file->again--;
    ap_syncer_request (file->syncer, target);
  }
}

static const File blank = { .target = { .begin = begin_file, .sync = sync_file, .done = done_file } };

/* What is asked for while a sync is under way is one more, and what waits is the same one. */
static void
test_coalescing (void)
{
  ApSyncer *syncer = ap_syncer_new (2, 0);
  File file = blank;

  file.stuck = TRUE;
  g_mutex_lock (&gate);
  ap_syncer_request (syncer, &file.target);
  g_assert_true (test_wait_until (g_atomic_int_get (&file.syncs) == 1));
  for (guint i = 0; i < 100; i++) {
    g_atomic_int_inc (&file.written);
    ap_syncer_request (syncer, &file.target);
  }
  g_mutex_unlock (&gate);
  ap_syncer_free (syncer);
  g_assert_cmpint (file.syncs, ==, 2);
  g_assert_cmpint (file.dones, ==, 2);
  g_assert_cmpuint (file.covered, ==, 100);
}

typedef struct {
  ApSyncer *syncer;
  File *files;
  guint n;
} Writer;

static gpointer
write_much (gpointer data)
{
  const Writer *writer = data;

  for (guint i = 0; i < 5000; i++) {
    File *file = &writer->files[i % writer->n];
    g_atomic_int_inc (&file->written);
    ap_syncer_request (writer->syncer, &file->target);
  }
  return NULL;
}

/* Whatever was written before a request is covered in the end. */
static void
write_with (ApSyncer *syncer)
{
  File files[10];
  Writer writer = { syncer, files, G_N_ELEMENTS (files) };
  GThread *threads[3];

  for (guint i = 0; i < G_N_ELEMENTS (files); i++)
    files[i] = blank;
  for (guint i = 0; i < G_N_ELEMENTS (threads); i++)
    threads[i] = g_thread_new ("writer", write_much, &writer);
  for (guint i = 0; i < G_N_ELEMENTS (threads); i++)
    g_thread_join (threads[i]);
  ap_syncer_free (syncer);
  for (guint i = 0; i < G_N_ELEMENTS (files); i++) {
    g_assert_cmpint (files[i].written, ==, 5000 * (gint)G_N_ELEMENTS (threads) / 10);
    g_assert_cmpuint (files[i].covered, ==, (guint)files[i].written);
    g_assert_cmpint (files[i].syncs, <=, files[i].written);
    g_assert_cmpint (files[i].dones, ==, files[i].syncs);
  }
}

static void
test_writers (void)
{
  write_with (ap_syncer_new (4, 0));
  write_with (ap_syncer_new (2, 1));
}

/* One file's disk hangs; others go on. */
static void
test_independent (void)
{
  ApSyncer *syncer = ap_syncer_new (2, 0);
  File slow = blank, quick = blank;

  slow.stuck = TRUE;
  g_mutex_lock (&gate);
  ap_syncer_request (syncer, &slow.target);
  for (gint i = 1; i <= 3; i++) {
    ap_syncer_request (syncer, &quick.target);
    g_assert_true (test_wait_until (g_atomic_int_get (&quick.dones) == i));
  }
  g_assert_cmpint (g_atomic_int_get (&slow.dones), ==, 0);
  g_mutex_unlock (&gate);
  ap_syncer_free (syncer);
  g_assert_cmpint (slow.dones, ==, 1);
}

/* First come, first served; a file that is asked for again goes behind those that wait. */
static void
test_order (void)
{
  ApSyncer *syncer = ap_syncer_new (1, 0);
  g_autoptr (GString) order = g_string_new (NULL);
  File files[4];

  for (guint i = 0; i < G_N_ELEMENTS (files); i++) {
    files[i] = blank;
    files[i].order = order;
    files[i].letter = (char)('a' + i);
  }
  files[0].stuck = TRUE;
  g_mutex_lock (&gate);
  ap_syncer_request (syncer, &files[0].target);
  g_assert_true (test_wait_until (g_atomic_int_get (&files[0].syncs) == 1));
  ap_syncer_request (syncer, &files[2].target);
  ap_syncer_request (syncer, &files[0].target);
  ap_syncer_request (syncer, &files[1].target);
  ap_syncer_request (syncer, &files[3].target);
  g_mutex_unlock (&gate);
  ap_syncer_free (syncer);
  g_assert_cmpstr (order->str, ==, "acbda");
}

static void
test_errors (void)
{
  ApSyncer *syncer = ap_syncer_new (1, 0);
  File good = blank, bad = blank;

  bad.fails = TRUE;
  ap_syncer_request (syncer, &good.target);
  ap_syncer_request (syncer, &bad.target);
  ap_syncer_free (syncer);
  g_assert_cmpuint (good.errors, ==, 0);
  g_assert_cmpuint (bad.errors, ==, 1);
  g_assert_cmpint (good.dones + bad.dones, ==, 2);
}

static void
test_again (void)
{
  File file = blank;

  file.syncer = ap_syncer_new (2, 0);
  file.again = 10;
  ap_syncer_request (file.syncer, &file.target);
  ap_syncer_free (file.syncer);
  g_assert_cmpint (file.dones, ==, 11);
}

/* Nothing begins before its time; the end does not wait for it. */
static void
test_interval (void)
{
  ApSyncer *syncer = ap_syncer_new (2, AGES_MS);
  File files[3] = { blank, blank, blank };

  for (guint i = 0; i < 100; i++)
    ap_syncer_request (syncer, &files[i % 3].target);
  ap_syncer_free (syncer);
  for (guint i = 0; i < G_N_ELEMENTS (files); i++)
    g_assert_cmpint (files[i].syncs, ==, 1);

  syncer = ap_syncer_new (2, 2);
  ap_syncer_request (syncer, &files[0].target);
  g_assert_true (test_wait_until (g_atomic_int_get (&files[0].dones) == 2));
  ap_syncer_free (syncer);
}

/* ---- What is freed as soon as it may be ------------------------------------------------------------------------- */

typedef struct {
  File file;
  gatomicrefcount references;
  gint *freed;
} Counted;

static void
ref_counted (ApSyncTarget *target)
{
  g_atomic_ref_count_inc (&((Counted *)target)->references);
}

static void
unref_counted (ApSyncTarget *target)
{
  Counted *counted = (Counted *)target;

  if (!g_atomic_ref_count_dec (&counted->references))
    return;
  g_atomic_int_inc (counted->freed);
  g_free (counted);
}

static void
free_many (ApSyncer *syncer)
{
  gint freed = 0;

  for (guint i = 0; i < 1000; i++) {
    Counted *counted = g_new0 (Counted, 1);

    counted->file = blank;
    counted->file.target.ref = ref_counted;
    counted->file.target.unref = unref_counted;
    counted->freed = &freed;
    g_atomic_ref_count_init (&counted->references);
    ap_syncer_request (syncer, &counted->file.target);
    if (i % 2 == 0)
      ap_syncer_request (syncer, &counted->file.target);
    unref_counted (&counted->file.target);
  }
  ap_syncer_free (syncer);
  g_assert_cmpint (freed, ==, 1000);
}

static void
test_references (void)
{
  free_many (ap_syncer_new (4, 0));
  free_many (ap_syncer_new (1, AGES_MS));
}

/* ---- By the filesystem --------------------------------------------------------------------------------------------
 */

/* One for all: the targets' own sync is not called. */
static void
test_syncfs (Scratch *scratch, gconstpointer data)
{
  ApSyncer *syncer = ap_syncer_new_syncfs (scratch->fd, 0);
  File files[3] = { blank, blank, blank };

  for (gint round = 1; round <= 3; round++) {
    for (guint i = 0; i < G_N_ELEMENTS (files); i++) {
      g_atomic_int_inc (&files[i].written);
      ap_syncer_request (syncer, &files[i].target);
    }
    for (guint i = 0; i < G_N_ELEMENTS (files); i++)
      g_assert_true (test_wait_until (g_atomic_int_get (&files[i].dones) == round));
  }
  ap_syncer_free (syncer);
  for (guint i = 0; i < G_N_ELEMENTS (files); i++) {
    g_assert_cmpint (files[i].dones, ==, 3);
    g_assert_cmpint (files[i].syncs, ==, 0);
    g_assert_cmpuint (files[i].begun, ==, 3);
  }
  free_many (ap_syncer_new_syncfs (scratch->fd, 0));
}

/* What no filesystem is behind fails: then each target says what its own state is. */
static void
test_syncfs_fails (Scratch *scratch, gconstpointer data)
{
  ApSyncer *syncer = ap_syncer_new_syncfs (G_MAXINT, AGES_MS);
  File files[3] = { blank, blank, blank };

  files[1].fails = TRUE;
  for (guint i = 0; i < G_N_ELEMENTS (files); i++)
    ap_syncer_request (syncer, &files[i].target);
  ap_syncer_free (syncer);
  for (guint i = 0; i < G_N_ELEMENTS (files); i++) {
    g_assert_cmpint (files[i].syncs, ==, 1);
    g_assert_cmpint (files[i].dones, ==, 1);
    g_assert_cmpuint (files[i].errors, ==, i == 1 ? 1 : 0);
  }
}

/* A sync of all tells once of what it could not write, and not whose that was: a file that nobody asked for then is
 * asked for itself when its turn comes, and after that the others may speak for it again. */
static void
test_syncfs_failed_before (Scratch *scratch, gconstpointer data)
{
  int fd = open (scratch->path, O_PATH | O_CLOEXEC); /* with which syncfs() fails */
  ApSyncer *syncer = ap_syncer_new_syncfs (fd, 0);
  File first = blank, second = blank;

  ap_syncer_request (syncer, &first.target);
  g_assert_true (test_wait_until (g_atomic_int_get (&first.dones) == 1));
  g_assert_cmpint (dup3 (scratch->fd, fd, O_CLOEXEC), ==, fd);
  for (gint round = 1; round <= 2; round++) {
    ap_syncer_request (syncer, &second.target);
    g_assert_true (test_wait_until (g_atomic_int_get (&second.dones) == round));
  }
  ap_syncer_request (syncer, &first.target);
  ap_syncer_free (syncer);
  close (fd);
  g_assert_cmpint (first.syncs, ==, 1);
  g_assert_cmpint (second.syncs, ==, 1);
}

/* ---- With a journal -----------------------------------------------------------------------------------------------
 */

typedef struct {
  ApSyncTarget target;
  ApJournal *journal;
  gint dones; /* atomic */
} Recording;

static gboolean
sync_journal (ApSyncTarget *target, GError **error)
{
  return ap_journal_sync (((Recording *)target)->journal, error);
}

static void
done_journal (ApSyncTarget *target, const GError *error)
{
  g_assert_no_error (error);
  g_atomic_int_inc (&((Recording *)target)->dones);
}

/* Appends go on while syncs are under way. */
static void
test_journal (Scratch *scratch, gconstpointer data)
{
  ApSyncer *syncer = ap_syncer_new (4, 0);
  g_autoptr (ApJournal) journal = journal_create (scratch);
  Recording recording = { { .sync = sync_journal, .done = done_journal }, journal };

  for (guint i = 0; i < 200; i++) {
    journal_append_good (journal, AP_JOURNAL_CHUNK, 1000);
    ap_syncer_request (syncer, &recording.target);
  }
  ap_syncer_free (syncer);
  g_assert_cmpint (recording.dones, >=, 1);
  g_assert_cmpint (recording.dones, <=, 200);
  journal_assert_totals (journal, 200, 200, 200000, FALSE);
}

#define ADD(name, test) g_test_add ("/syncer/" name, Scratch, NULL, scratch_set_up, test, scratch_tear_down)

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/syncer/coalescing", test_coalescing);
  g_test_add_func ("/syncer/writers", test_writers);
  g_test_add_func ("/syncer/independent", test_independent);
  g_test_add_func ("/syncer/order", test_order);
  g_test_add_func ("/syncer/errors", test_errors);
  g_test_add_func ("/syncer/again", test_again);
  g_test_add_func ("/syncer/interval", test_interval);
  g_test_add_func ("/syncer/references", test_references);
  ADD ("syncfs", test_syncfs);
  ADD ("syncfs/fails", test_syncfs_fails);
  ADD ("syncfs/failed-before", test_syncfs_failed_before);
  ADD ("journal", test_journal);
  return g_test_run ();
}
