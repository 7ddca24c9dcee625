/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The index of recordings: what is put in comes out, pages, sums, many rows, many threads. */
#include "endpoints/recording/ap-recording-index.h"

#include <glib/gstdio.h>
#include <sqlite3.h>
#include <string.h>
#include <sys/stat.h>

#define MANY        10000
#define MANY_LOCKED 200
#define SECOND      G_USEC_PER_SEC

typedef struct {
  char *folder;
  ApRecordingIndex *index;
} Fixture;

/* What the last statements cost: rows that had to be sorted, and steps of SQLite's machine. */
static struct {
  int sorts, steps;
} cost;

static int
on_statement (unsigned kind, void *data, void *statement, void *time)
{
  cost.sorts += sqlite3_stmt_status (statement, SQLITE_STMTSTATUS_SORT, 1);
  cost.steps += sqlite3_stmt_status (statement, SQLITE_STMTSTATUS_VM_STEP, 1);
  return 0;
}

static int
watch (sqlite3 *db, const char **message, const void *api)
{
  return sqlite3_trace_v2 (db, SQLITE_TRACE_PROFILE, on_statement, NULL);
}

static ApRecordingIndex *
open_index (const char *folder, gboolean expect_rebuild)
{
  g_autoptr (GError) error = NULL;
  gboolean rebuild;
  ApRecordingIndex *index = ap_recording_index_open (folder, &rebuild, &error);

  g_assert_no_error (error);
  g_assert_cmpint (rebuild, ==, expect_rebuild);
  return index;
}

static void
set_up (Fixture *fixture, gconstpointer data)
{
  fixture->folder = g_dir_make_tmp ("recording-index-XXXXXX", NULL);
  fixture->index = open_index (fixture->folder, TRUE);
}

static void
remove_folder (const char *folder)
{
  g_autoptr (GDir) dir = g_dir_open (folder, 0, NULL);
  const char *name;

  while ((name = g_dir_read_name (dir)) != NULL) {
    g_autofree char *path = g_build_filename (folder, name, NULL);

    g_assert_cmpint (g_remove (path), ==, 0);
  }
  g_assert_cmpint (g_rmdir (folder), ==, 0);
}

static void
tear_down (Fixture *fixture, gconstpointer data)
{
  g_clear_pointer (&fixture->index, ap_recording_index_free);
  remove_folder (fixture->folder);
  g_free (fixture->folder);
}

static void
reopen (Fixture *fixture, gboolean expect_rebuild)
{
  ap_recording_index_free (fixture->index);
  fixture->index = open_index (fixture->folder, expect_rebuild);
}

/* Every figure differs for every @n. */
static ApRecordingInfo
make_info (guint n, const char *user_id)
{
  ApRecordingInfo info = {
    .user_id = (char *)user_id,
    .format = n % 6,
    .sample_rate = 8000 + n,
    .channels = 1 + n % 2,
    .status = AP_RECORDING_ACTIVE,
    .created_us = (1000 + (gint64)n) * SECOND,
    .updated_us = (2000 + (gint64)n) * SECOND,
    .total_chunks = n,
    .bytes_received = (G_GUINT64_CONSTANT (1) << 40) + n,
    .frames = n * G_GUINT64_CONSTANT (1000),
    .damaged_chunks = n / 2,
  };

  g_snprintf (info.id, sizeof info.id, "00000000-0000-4000-8000-%012u", n);
  return info;
}

static void
put (Fixture *fixture, const ApRecordingInfo *info)
{
  g_autoptr (GError) error = NULL;

  g_assert_true (ap_recording_index_put (fixture->index, info, &error));
  g_assert_no_error (error);
}

static void
assert_equal (const ApRecordingInfo *a, const ApRecordingInfo *b)
{
  g_assert_cmpstr (a->id, ==, b->id);
  g_assert_cmpstr (a->user_id, ==, b->user_id);
  g_assert_cmpint (a->format, ==, b->format);
  g_assert_cmpuint (a->sample_rate, ==, b->sample_rate);
  g_assert_cmpuint (a->channels, ==, b->channels);
  g_assert_cmpint (a->status, ==, b->status);
  g_assert_cmpint (a->created_us, ==, b->created_us);
  g_assert_cmpint (a->updated_us, ==, b->updated_us);
  g_assert_cmpint (a->completed_us, ==, b->completed_us);
  g_assert_cmpuint (a->total_chunks, ==, b->total_chunks);
  g_assert_cmpuint (a->bytes_received, ==, b->bytes_received);
  g_assert_cmpuint (a->frames, ==, b->frames);
  g_assert_cmpuint (a->damaged_chunks, ==, b->damaged_chunks);
}

static void
assert_has (Fixture *fixture, const ApRecordingInfo *info)
{
  g_auto (ApRecordingInfo) found = { 0 };
  g_autoptr (GError) error = NULL;

  g_assert_true (ap_recording_index_get (fixture->index, info->id, &found, &error));
  g_assert_no_error (error);
  assert_equal (&found, info);
}

static void
test_put (Fixture *fixture, gconstpointer data)
{
  static const char *const users[] = {
    NULL, "", "user123", "o'hara\"; DROP TABLE recordings; --", "\xc3\xa9\xe2\x82\xac\xf0\x9f\x8e\xb5", "%_*?", "NULL",
  };
  ApRecordingInfo info;

  for (guint i = 0; i < G_N_ELEMENTS (users); i++) {
    info = make_info (i, users[i]);
    put (fixture, &info);
    assert_has (fixture, &info);
  }
  info = make_info (2, "user123");
  info.status = AP_RECORDING_FAILED;
  info.updated_us++;
  put (fixture, &info);
  info.status = AP_RECORDING_COMPLETED;
  info.completed_us = info.updated_us = G_MAXINT64;
  info.frames = info.bytes_received = G_MAXINT64;
  put (fixture, &info);
  assert_has (fixture, &info);
  for (guint i = 0; i < G_N_ELEMENTS (users); i++)
    if (i != 2) {
      info = make_info (i, users[i]);
      assert_has (fixture, &info);
    }
}

static void
test_remove (Fixture *fixture, gconstpointer data)
{
  const ApRecordingInfo one = make_info (1, NULL), other = make_info (2, NULL);
  g_autoptr (GError) error = NULL;
  ApRecordingInfo info;

  put (fixture, &one);
  put (fixture, &other);
  g_assert_true (ap_recording_index_remove (fixture->index, one.id, NULL));
  g_assert_false (ap_recording_index_get (fixture->index, one.id, &info, &error));
  g_assert_error (error, AP_RECORDING_ERROR, AP_RECORDING_ERROR_NOT_FOUND);
  assert_has (fixture, &other);
  g_assert_true (ap_recording_index_remove (fixture->index, one.id, NULL));
  g_assert_true (ap_recording_index_remove (fixture->index, "' OR 1 = 1 --", NULL));
  assert_has (fixture, &other);
}

/* The last rows were written by a process that did not end well. */
static void
test_life (Fixture *fixture, gconstpointer data)
{
  const ApRecordingInfo info = make_info (1, "user");
  g_autofree char *path = g_build_filename (fixture->folder, "index.sqlite", NULL);
  g_autofree char *aside = g_strconcat (path, ".damaged", NULL);
  struct stat status;

  g_assert_cmpint (g_stat (path, &status), ==, 0);
  g_assert_cmpint (status.st_mode & 0777, ==, 0600);
  put (fixture, &info);
  reopen (fixture, TRUE); /* not complete: emptied, and asked for again */
  put (fixture, &info);
  g_assert_true (ap_recording_index_declare_complete (fixture->index, NULL));
  reopen (fixture, FALSE);
  assert_has (fixture, &info);
  g_assert_false (g_file_test (aside, G_FILE_TEST_EXISTS));
}

/* ---- lists ---- */

/* Ids in the list, by their numbers. */
static char *
list (Fixture *fixture, const ApRecordingFilter *filter, guint64 *total)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GPtrArray) rows = ap_recording_index_list (fixture->index, filter, total, &error);
  g_autoptr (GString) text = g_string_new (NULL);

  g_assert_no_error (error);
  for (guint i = 0; i < rows->len; i++) {
    const ApRecordingInfo *info = g_ptr_array_index (rows, i);

    g_string_append_printf (text, "%s%u", i > 0 ? " " : "", (guint)(info->created_us / SECOND - 1000));
  }
  return g_string_free (g_steal_pointer (&text), FALSE);
}

static void
assert_list (Fixture *fixture, const ApRecordingFilter *filter, const char *expected, guint64 expected_total)
{
  guint64 total;
  g_autofree char *text = list (fixture, filter, &total);
  g_autofree char *again = list (fixture, filter, NULL);

  g_assert_cmpstr (text, ==, expected);
  g_assert_cmpstr (again, ==, expected);
  g_assert_cmpuint (total, ==, expected_total);
}

/* Of ten: the odd ones are ann's, the rest bob's, the last one is nobody's; every third has ended. */
static void
put_ten (Fixture *fixture)
{
  static const guint order[] = { 4, 9, 0, 7, 2, 5, 8, 1, 6, 3 };

  for (guint i = 0; i < G_N_ELEMENTS (order); i++) {
    ApRecordingInfo info = make_info (order[i], order[i] == 9 ? NULL : order[i] % 2 == 1 ? "ann" : "bob");

    if (order[i] % 3 == 0)
      info.status = order[i] == 6 ? AP_RECORDING_FAILED : AP_RECORDING_COMPLETED;
    put (fixture, &info);
  }
}

static void
test_list (Fixture *fixture, gconstpointer data)
{
  static const ApRecordingStatus active = AP_RECORDING_ACTIVE, completed = AP_RECORDING_COMPLETED;

  assert_list (fixture, &(ApRecordingFilter){ .limit = 10 }, "", 0);
  put_ten (fixture);
  assert_list (fixture, &(ApRecordingFilter){ .limit = 100 }, "9 8 7 6 5 4 3 2 1 0", 10);
  assert_list (fixture, &(ApRecordingFilter){ .limit = 0 }, "", 10);
  assert_list (fixture, &(ApRecordingFilter){ .limit = 3 }, "9 8 7", 10);
  assert_list (fixture, &(ApRecordingFilter){ .limit = 3, .offset = 8 }, "1 0", 10);
  assert_list (fixture, &(ApRecordingFilter){ .limit = 3, .offset = 10 }, "", 10);
  assert_list (fixture, &(ApRecordingFilter){ .limit = G_MAXUINT, .offset = G_MAXUINT64 }, "", 10);
  assert_list (fixture, &(ApRecordingFilter){ .limit = 9, .status = &completed }, "9 3 0", 3);
  assert_list (fixture, &(ApRecordingFilter){ .limit = 2, .offset = 1, .status = &active }, "7 5", 6);
  assert_list (fixture, &(ApRecordingFilter){ .limit = 9, .user_id = "ann" }, "7 5 3 1", 4);
  assert_list (fixture, &(ApRecordingFilter){ .limit = 9, .user_id = "an_" }, "", 0);
  assert_list (fixture, &(ApRecordingFilter){ .limit = 9, .user_id = "bob", .status = &completed }, "0", 1);
  assert_list (fixture, &(ApRecordingFilter){ .limit = 1, .offset = 1, .user_id = "bob", .status = &active }, "4", 3);
}

static void
test_sums (Fixture *fixture, gconstpointer data)
{
  guint64 bytes = 99;

  put_ten (fixture);
  g_assert_true (ap_recording_index_sum_ended (fixture->index, "ann", &bytes, NULL));
  g_assert_cmpuint (bytes, ==, 3 * 1000 * 2 * 2);
  g_assert_true (ap_recording_index_sum_ended (fixture->index, "bob", &bytes, NULL));
  g_assert_cmpuint (bytes, ==, (0 + 6) * 1000 * 1 * 2);
  g_assert_true (ap_recording_index_sum_ended (fixture->index, "nobody", &bytes, NULL));
  g_assert_cmpuint (bytes, ==, 0);
}

static void
assert_older (Fixture *fixture, gint64 second, guint limit, const char *expected)
{
  g_auto (GStrv) ids = ap_recording_index_older_than (fixture->index, second * SECOND, limit, NULL);
  g_autoptr (GString) text = g_string_new (NULL);

  for (guint i = 0; ids[i] != NULL; i++)
    g_string_append_c (text, ids[i][strlen (ids[i]) - 1]);
  g_assert_cmpstr (text->str, ==, expected);
}

static void
test_older (Fixture *fixture, gconstpointer data)
{
  put_ten (fixture);
  assert_older (fixture, 2000, 10, "");
  assert_older (fixture, 2001, 10, "0");
  assert_older (fixture, 2009, 10, "036");
  assert_older (fixture, 2010, 10, "0369");
  assert_older (fixture, 2010, 2, "03");
}

/* No list sorts, and what one costs goes by its length and, at a fifth, by what it skips. */
static void
assert_cheap (Fixture *fixture, ApRecordingFilter filter, guint expected)
{
  g_autoptr (GPtrArray) rows = NULL;

  memset (&cost, 0, sizeof cost);
  rows = ap_recording_index_list (fixture->index, &filter, NULL, NULL);
  g_assert_cmpuint (rows->len, ==, expected);
  g_test_message ("limit %u, offset %u: %d steps", filter.limit, (guint)filter.offset, cost.steps);
  g_assert_cmpint (cost.sorts, ==, 0);
  g_assert_cmpint (cost.steps, >, 0);
  g_assert_cmpint (cost.steps, <, 30 + 25 * (int)expected + 5 * (int)filter.offset);
}

static void
test_many (Fixture *fixture, gconstpointer data)
{
  static const ApRecordingStatus status = AP_RECORDING_ACTIVE, none = AP_RECORDING_FAILED;
  guint64 bytes, total;

  for (guint i = 0; i < MANY; i++) {
    g_autofree char *user = g_strdup_printf ("user-%u", i % 10);
    const ApRecordingInfo info = make_info (i, user);

    put (fixture, &info);
  }
  memset (&cost, 0, sizeof cost);
  g_assert_true (ap_recording_index_sum_ended (fixture->index, "user-7", &bytes, NULL));
  g_assert_cmpint (cost.steps, <, 30 + 25 * MANY / 10);
  g_free (list (fixture, &(ApRecordingFilter){ .limit = 1 }, &total));
  g_assert_cmpuint (total, ==, MANY);
  assert_cheap (fixture, (ApRecordingFilter){ .limit = 100 }, 100);
  assert_cheap (fixture, (ApRecordingFilter){ .limit = 100, .offset = MANY - 50 }, 50);
  assert_cheap (fixture, (ApRecordingFilter){ .limit = 100, .status = &status }, 100);
  assert_cheap (fixture, (ApRecordingFilter){ .limit = 100, .status = &none }, 0);
  assert_cheap (fixture, (ApRecordingFilter){ .limit = 100, .user_id = "user-7" }, 100);
  assert_cheap (fixture, (ApRecordingFilter){ .limit = 100, .offset = 500, .user_id = "user-7" }, 100);
  assert_cheap (fixture, (ApRecordingFilter){ .limit = 100, .user_id = "user-7", .status = &status }, 100);
  assert_cheap (fixture, (ApRecordingFilter){ .limit = 100, .user_id = "user-7", .status = &none }, 0);
  for (guint offset = 0; offset < MANY; offset += 1000) {
    g_autofree char *page = list (fixture, &(ApRecordingFilter){ .limit = 2, .offset = offset }, NULL);
    g_autofree char *expected = g_strdup_printf ("%u %u", MANY - 1 - offset, MANY - 2 - offset);

    g_assert_cmpstr (page, ==, expected);
  }
}

/* ---- threads ---- */

typedef struct {
  ApRecordingIndex *index;
  guint first;
} Half;

static gpointer
put_half (gpointer data)
{
  const Half *half = data;

  for (guint n = half->first; n < 1000; n += 2) {
    const ApRecordingInfo info = make_info (n, "user");
    g_auto (ApRecordingInfo) found = { 0 };
    g_autoptr (GPtrArray) rows = NULL;

    g_assert_true (ap_recording_index_put (half->index, &info, NULL));
    g_assert_true (ap_recording_index_get (half->index, info.id, &found, NULL));
    assert_equal (&found, &info);
    rows = ap_recording_index_list (half->index, &(ApRecordingFilter){ .limit = 2, .user_id = "user" }, NULL, NULL);
    g_assert_cmpuint (rows->len, >=, 1);
  }
  return NULL;
}

static void
test_threads (Fixture *fixture, gconstpointer data)
{
  Half odd = { fixture->index, 1 }, even = { fixture->index, 0 };
  GThread *threads[] = { g_thread_new ("odd", put_half, &odd), g_thread_new ("even", put_half, &even) };
  guint64 total;

  g_thread_join (threads[0]);
  g_thread_join (threads[1]);
  g_free (list (fixture, &(ApRecordingFilter){ .limit = 1 }, &total));
  g_assert_cmpuint (total, ==, 1000);
}

/* Whoever has the file may keep it: rows wait for that, and nobody else does, but for the first. A second's wait for
 * each of them would take longer than a test may. */
static void
test_locked (Fixture *fixture, gconstpointer data)
{
  g_autofree char *path = g_build_filename (fixture->folder, "index.sqlite", NULL);
  const ApRecordingInfo last = make_info (MANY_LOCKED, "user");
  g_auto (ApRecordingInfo) found = { 0 };
  guint64 total, bytes;
  sqlite3 *other;

  g_assert_cmpint (sqlite3_open (path, &other), ==, SQLITE_OK);
  g_assert_cmpint (sqlite3_exec (other, "BEGIN IMMEDIATE", NULL, NULL, NULL), ==, SQLITE_OK);
  for (guint i = 0; i <= MANY_LOCKED; i++) {
    ApRecordingInfo info = make_info (i, "user");

    info.status = i == 1 ? AP_RECORDING_COMPLETED : info.status;
    g_assert_cmpint (ap_recording_index_put (fixture->index, &info, NULL), ==, i > 0);
  }
  g_assert_true (ap_recording_index_sum_ended (fixture->index, "user", &bytes, NULL));
  g_assert_cmpuint (bytes, ==, 1000 * 2 * 2);
  g_assert_true (ap_recording_index_get (fixture->index, last.id, &found, NULL));
  assert_equal (&found, &last);
  g_free (list (fixture, &(ApRecordingFilter){ .limit = 1 }, &total));
  g_assert_cmpuint (total, ==, 0);
  g_assert_cmpint (sqlite3_exec (other, "ROLLBACK", NULL, NULL, NULL), ==, SQLITE_OK);
  g_free (list (fixture, &(ApRecordingFilter){ .limit = 1 }, &total));
  g_assert_cmpuint (total, ==, MANY_LOCKED + 1);
  g_assert_true (ap_recording_index_sum_ended (fixture->index, "user", &bytes, NULL));
  g_assert_cmpuint (bytes, ==, 1000 * 2 * 2);
  sqlite3_close (other);
}

/* What was deleted meanwhile does not come back; what was not is there at the next start. */
static void
test_locked_to_the_end (Fixture *fixture, gconstpointer data)
{
  g_autofree char *path = g_build_filename (fixture->folder, "index.sqlite", NULL);
  const ApRecordingInfo one = make_info (1, "user"), two = make_info (2, "user");
  g_auto (ApRecordingInfo) found = { 0 };
  sqlite3 *other;

  g_assert_true (ap_recording_index_declare_complete (fixture->index, NULL));
  g_assert_cmpint (sqlite3_open (path, &other), ==, SQLITE_OK);
  g_assert_cmpint (sqlite3_exec (other, "BEGIN IMMEDIATE", NULL, NULL, NULL), ==, SQLITE_OK);
  g_assert_false (ap_recording_index_put (fixture->index, &one, NULL));
  g_assert_true (ap_recording_index_put (fixture->index, &two, NULL));
  g_assert_false (ap_recording_index_remove (fixture->index, one.id, NULL));
  g_assert_cmpint (sqlite3_exec (other, "ROLLBACK", NULL, NULL, NULL), ==, SQLITE_OK);
  sqlite3_close (other);
  reopen (fixture, FALSE);
  g_assert_false (ap_recording_index_get (fixture->index, one.id, &found, NULL));
  g_assert_true (ap_recording_index_get (fixture->index, two.id, &found, NULL));
  assert_equal (&found, &two);
}

#define ADD(name, test) g_test_add ("/recording-index/" name, Fixture, NULL, set_up, test, tear_down)

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  sqlite3_auto_extension ((void (*) (void))watch);
  ADD ("put", test_put);
  ADD ("remove", test_remove);
  ADD ("life", test_life);
  ADD ("list", test_list);
  ADD ("sums", test_sums);
  ADD ("older", test_older);
  ADD ("many", test_many);
  ADD ("threads", test_threads);
  ADD ("locked", test_locked);
  ADD ("locked-to-the-end", test_locked_to_the_end);
  return g_test_run ();
}
