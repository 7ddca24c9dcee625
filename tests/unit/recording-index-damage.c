/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* An index of recordings that is no good: cut off, overwritten, somebody else's, or no file at all. It opens all the
 * same: whole, or empty and asking to be filled; what was there is put aside. */
#include "endpoints/recording/ap-recording-index.h"

#include <errno.h>
#include <fcntl.h>
#include <glib/gstdio.h>
#include <sqlite3.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define ROWS 200
#define PAGE 4096

typedef struct {
  char *folder;
  char *path, *aside;
  char *good; /* bytes of a whole index of ROWS rows */
  gsize length;
} Fixture;

static ApRecordingInfo
make_info (guint n)
{
  ApRecordingInfo info = {
    .user_id = (char *)(n % 3 == 0 ? "ann" : "bob"),
    .sample_rate = 16000,
    .channels = 1,
    .status = n % 2 == 0 ? AP_RECORDING_ACTIVE : AP_RECORDING_COMPLETED,
    .created_us = n,
    .updated_us = n,
    .frames = n,
  };

  g_snprintf (info.id, sizeof info.id, "00000000-0000-4000-8000-%012u", n);
  return info;
}

static ApRecordingIndex *
open_index (Fixture *fixture, gboolean *rebuild)
{
  g_autoptr (GError) error = NULL;
  ApRecordingIndex *index = ap_recording_index_open (fixture->folder, rebuild, &error);

  g_assert_no_error (error);
  return index;
}

static void
set_up (Fixture *fixture, gconstpointer data)
{
  g_autoptr (ApRecordingIndex) index = NULL;
  gboolean rebuild;

  fixture->folder = g_dir_make_tmp ("recording-index-XXXXXX", NULL);
  fixture->path = g_build_filename (fixture->folder, "index.sqlite", NULL);
  fixture->aside = g_strconcat (fixture->path, ".damaged", NULL);
  index = open_index (fixture, &rebuild);
  for (guint i = 0; i < ROWS; i++) {
    const ApRecordingInfo info = make_info (i);

    g_assert_true (ap_recording_index_put (index, &info, NULL));
  }
  g_assert_true (ap_recording_index_declare_complete (index, NULL));
  g_clear_pointer (&index, ap_recording_index_free);
  g_assert_true (g_file_get_contents (fixture->path, &fixture->good, &fixture->length, NULL));
  g_assert_cmpuint (fixture->length % PAGE, ==, 0);
  g_assert_cmpuint (fixture->length / PAGE, >=, 10);
}

static void
tear_down (Fixture *fixture, gconstpointer data)
{
  g_autoptr (GDir) dir = g_dir_open (fixture->folder, 0, NULL);
  const char *name;

  while ((name = g_dir_read_name (dir)) != NULL) {
    g_autofree char *path = g_build_filename (fixture->folder, name, NULL);

    g_assert_cmpint (g_remove (path), ==, 0);
  }
  g_assert_cmpint (g_rmdir (fixture->folder), ==, 0);
  g_free (fixture->folder);
  g_free (fixture->path);
  g_free (fixture->aside);
  g_free (fixture->good);
}

static void
put_file (const char *path, const char *bytes, gsize length)
{
  g_remove (path);
  g_assert_true (g_file_set_contents_full (path, bytes, (gssize)length, G_FILE_SET_CONTENTS_NONE, 0600, NULL));
}

static void
assert_whole (ApRecordingIndex *index)
{
  guint64 total;
  g_autoptr (GPtrArray) rows = ap_recording_index_list (index, &(ApRecordingFilter){ .limit = 2 * ROWS }, &total, NULL);

  g_assert_cmpuint (total, ==, ROWS);
  g_assert_cmpuint (rows->len, ==, ROWS);
  for (guint i = 0; i < ROWS; i++) {
    const ApRecordingInfo *info = g_ptr_array_index (rows, i), expected = make_info (ROWS - 1 - i);

    g_assert_cmpstr (info->id, ==, expected.id);
    g_assert_cmpstr (info->user_id, ==, expected.user_id);
    g_assert_cmpint (info->status, ==, expected.status);
    g_assert_cmpuint (info->frames, ==, expected.frames);
  }
}

static void
assert_usable (ApRecordingIndex *index)
{
  const ApRecordingInfo info = make_info (0);
  g_auto (ApRecordingInfo) found = { 0 };
  guint64 total;
  g_autoptr (GPtrArray) rows = ap_recording_index_list (index, &(ApRecordingFilter){ .limit = 1 }, &total, NULL);

  g_assert_cmpuint (total, ==, 0);
  g_assert_cmpuint (rows->len, ==, 0);
  g_assert_true (ap_recording_index_put (index, &info, NULL));
  g_assert_true (ap_recording_index_get (index, info.id, &found, NULL));
  g_assert_true (ap_recording_index_declare_complete (index, NULL));
}

/* @damaged: what is in the place of the index; it is found aside. */
static void
assert_made_anew (Fixture *fixture, const char *damaged, gsize length)
{
  gboolean rebuild;
  g_autoptr (ApRecordingIndex) index = open_index (fixture, &rebuild);
  g_autofree char *kept = NULL;
  gsize kept_length;

  g_assert_true (rebuild);
  assert_usable (index);
  g_assert_true (g_file_get_contents (fixture->aside, &kept, &kept_length, NULL));
  g_assert_cmpmem (kept, kept_length, damaged, length);
  g_clear_pointer (&index, ap_recording_index_free);
  index = open_index (fixture, &rebuild);
  g_assert_false (rebuild);
}

/* Returns: whether it was made anew; else it must have been whole */
static gboolean
opens_anew (Fixture *fixture, const char *bytes, gsize length)
{
  gboolean rebuild;
  g_autoptr (ApRecordingIndex) index = NULL;

  put_file (fixture->path, bytes, length);
  index = open_index (fixture, &rebuild);
  if (rebuild)
    assert_usable (index);
  else
    assert_whole (index);
  return rebuild;
}

static void
test_cut_off (Fixture *fixture, gconstpointer data)
{
  for (gsize length = PAGE; length < fixture->length; length += PAGE) {
    g_assert_true (opens_anew (fixture, fixture->good, length));
    g_assert_true (opens_anew (fixture, fixture->good, length - 1));
    g_assert_true (opens_anew (fixture, fixture->good, length + PAGE / 2));
  }
  put_file (fixture->path, fixture->good, 50);
  assert_made_anew (fixture, fixture->good, 50);
  g_assert_true (opens_anew (fixture, "", 0));
  g_assert_false (opens_anew (fixture, fixture->good, fixture->length));
}

/* From @from on, @length bytes of each page. */
static void
overwrite (Fixture *fixture, gsize from, gsize length, int byte, gboolean always)
{
  guint anew = 0;

  for (gsize page = 0; page < fixture->length; page += PAGE) {
    g_autofree char *bytes = g_memdup2 (fixture->good, fixture->length);

    memset (bytes + page + from, byte, length);
    if (memcmp (bytes, fixture->good, fixture->length) == 0)
      continue;
    anew += opens_anew (fixture, bytes, fixture->length);
    if (always)
      g_assert_cmpuint (anew, ==, page / PAGE + 1);
  }
  g_assert_cmpuint (anew, >, 0);
}

static void
test_overwritten (Fixture *fixture, gconstpointer data)
{
  overwrite (fixture, 0, PAGE, 0, TRUE);
  overwrite (fixture, 0, PAGE, 0xff, TRUE);
  overwrite (fixture, 0, 64, 0xa5, TRUE);
  overwrite (fixture, 8, 4, 0x5a, TRUE);  /* where its cells begin, or its children */
  overwrite (fixture, 0, 1, 0x0d, FALSE); /* another kind of page, or the same */
}

static void
test_garbage (Fixture *fixture, gconstpointer data)
{
  static const char text[] = "this is no database";
  g_autofree char *bytes = g_malloc (10 * PAGE);
  g_autoptr (GRand) random = g_rand_new_with_seed (5);

  for (guint i = 0; i < 10 * PAGE; i++)
    bytes[i] = (char)g_rand_int (random);
  put_file (fixture->path, bytes, 10 * PAGE);
  assert_made_anew (fixture, bytes, 10 * PAGE);
  put_file (fixture->path, text, sizeof text);
  assert_made_anew (fixture, text, sizeof text); /* in place of the older one */
}

/* Databases that another program, or another version of this one, has made. */
static void
test_others (Fixture *fixture, gconstpointer data)
{
  static const char *const others[] = {
    "CREATE TABLE recordings (id TEXT)",
    "PRAGMA application_id = 1",
    "PRAGMA user_version = 7",
    "PRAGMA application_id = 0x41507269; PRAGMA user_version = 1; CREATE TABLE recordings (id TEXT)",
    "PRAGMA application_id = 0x41507269; PRAGMA user_version = 2; CREATE TABLE recordings (id TEXT)",
    "PRAGMA application_id = 0x41507269; CREATE TABLE sessions (id TEXT)",
  };

  for (guint i = 0; i < G_N_ELEMENTS (others); i++) {
    g_autofree char *bytes = NULL;
    gsize length;
    sqlite3 *db;

    g_remove (fixture->path);
    g_assert_cmpint (sqlite3_open (fixture->path, &db), ==, SQLITE_OK);
    g_assert_cmpint (sqlite3_exec (db, others[i], NULL, NULL, NULL), ==, SQLITE_OK);
    sqlite3_close (db);
    g_assert_true (g_file_get_contents (fixture->path, &bytes, &length, NULL));
    g_test_message ("%s", others[i]);
    assert_made_anew (fixture, bytes, length);
  }
}

/* The log of a database that has gone must not get into the new one; one that is torn costs its rows alone. */
static void
test_logs (Fixture *fixture, gconstpointer data)
{
  static const char *const parts[] = { "-wal", "-shm" };
  static const char text[] = "this is no log";

  for (guint i = 0; i < G_N_ELEMENTS (parts); i++) {
    g_autofree char *path = g_strconcat (fixture->path, parts[i], NULL);

    put_file (path, text, sizeof text);
    g_assert_false (opens_anew (fixture, fixture->good, fixture->length));
    g_remove (path);
    g_assert_cmpint (g_mkdir (path, 0700), ==, 0);
    g_assert_true (opens_anew (fixture, fixture->good, fixture->length));
    put_file (path, text, sizeof text);
    g_assert_true (opens_anew (fixture, text, sizeof text));
    g_remove (path);
  }
}

static void
test_no_file (Fixture *fixture, gconstpointer data)
{
  gboolean rebuild;
  g_autoptr (ApRecordingIndex) index = NULL;

  g_remove (fixture->path);
  g_assert_cmpint (g_mkdir (fixture->path, 0700), ==, 0);
  index = open_index (fixture, &rebuild);
  g_assert_true (rebuild);
  g_assert_true (g_file_test (fixture->aside, G_FILE_TEST_IS_DIR));
  g_clear_pointer (&index, ap_recording_index_free);
  put_file (fixture->path, "garbage", 7);
  assert_made_anew (fixture, "garbage", 7); /* in place of the folder */
  g_remove (fixture->path);
  g_assert_cmpint (symlink ("/etc/passwd", fixture->path), ==, 0);
  index = open_index (fixture, &rebuild);
  g_assert_true (rebuild);
  g_assert_true (g_file_test (fixture->aside, G_FILE_TEST_IS_SYMLINK));
}

/* What is nobody's fault but the system's moves nothing. */
static void
test_no_folder (Fixture *fixture, gconstpointer data)
{
  g_autofree char *nowhere = g_build_filename (fixture->folder, "nowhere", NULL);
  g_autofree char *stuck = g_build_filename (fixture->aside, "stuck", NULL);
  g_autoptr (GError) error = NULL, other = NULL;
  gboolean rebuild;

  g_assert_null (ap_recording_index_open (nowhere, &rebuild, &error));
  g_assert_error (error, AP_RECORDING_ERROR, AP_RECORDING_ERROR_STORAGE);
  g_assert_cmpint (g_mkdir_with_parents (stuck, 0700), ==, 0);
  put_file (fixture->path, "garbage", 7);
  g_assert_null (ap_recording_index_open (fixture->folder, &rebuild, &other));
  g_assert_error (other, AP_RECORDING_ERROR, AP_RECORDING_ERROR_STORAGE);
  g_assert_nonnull (strstr (other->message, ".damaged"));
  g_assert_cmpint (g_rmdir (stuck), ==, 0);
}

/* Another program holds the file: that is no damage. */
static void
test_busy (Fixture *fixture, gconstpointer data)
{
  g_autoptr (GError) error = NULL;
  gboolean rebuild;
  sqlite3 *db;

  g_assert_cmpint (sqlite3_open (fixture->path, &db), ==, SQLITE_OK);
  g_assert_cmpint (sqlite3_exec (db, "PRAGMA locking_mode = EXCLUSIVE; BEGIN EXCLUSIVE", NULL, NULL, NULL), ==,
                   SQLITE_OK);
  g_assert_null (ap_recording_index_open (fixture->folder, &rebuild, &error));
  g_assert_error (error, AP_RECORDING_ERROR, AP_RECORDING_ERROR_STORAGE);
  sqlite3_close (db);
  g_assert_false (g_file_test (fixture->aside, G_FILE_TEST_EXISTS));
  g_assert_false (opens_anew (fixture, fixture->good, fixture->length));
}

#define ADD(name, test) g_test_add ("/recording-index-damage/" name, Fixture, NULL, set_up, test, tear_down)

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  ADD ("cut-off", test_cut_off);
  ADD ("overwritten", test_overwritten);
  ADD ("garbage", test_garbage);
  ADD ("others", test_others);
  ADD ("logs", test_logs);
  ADD ("no-file", test_no_file);
  ADD ("no-folder", test_no_folder);
  ADD ("busy", test_busy);
  return g_test_run ();
}
