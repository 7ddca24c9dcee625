/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A folder of recordings that is taken away from a running server, and put back: what is asked meanwhile is told so,
 * what was acknowledged is there afterwards, and nobody has to restart anything. */
#include "recording-http.h"

#include "test-wait.h"

#include <glib/gstdio.h>
#include <sched.h>
#include <string.h>
#include <sys/mount.h>

#define CHUNK 4000

static RecordingServer *server;
static guint8 *samples;

/* ---- What is asked ---- */

static gboolean
is_ready (guint status)
{
  g_autoptr (HttpAnswer) answer = api_ask (server, "GET", "/ready", "");

  return answer != NULL && answer->status == status;
}

static void
assert_list (guint status)
{
  g_autoptr (HttpAnswer) answer = api_ask (server, "GET", SESSIONS_PATH, "");

  g_assert_cmpuint (answer->status, ==, status);
}

/* A connection that is told why, and closed: not as one whose session is over. */
static void
assert_refused (const char *path)
{
  g_autoptr (WsClient) client = ws_client_connect (recording_server_port (server), path);
  g_autoptr (JsonParser) parser = json_parser_new ();
  JsonObject *object = recorder_read (client, parser);

  g_assert_nonnull (object);
  g_assert_cmpstr (api_text (object, "error"), ==, "Storage failed");
  g_assert_true (ws_client_expect_close (client, 1011));
}

static void
assert_away (Recorder *recorder)
{
  g_autofree char *path = g_strconcat (RECORDING_PATH "/", recorder->id, NULL);

  g_assert_true (test_wait_until (is_ready (503)));
  g_assert_true (ws_client_expect_close (recorder->ws, 1011));
  assert_refused (path);
  assert_refused (RECORDING_PATH);
  assert_list (503);
  g_assert_cmpuint (api_status (server, "GET", recorder->id, ""), ==, 503);
  g_assert_cmpuint (api_status (server, "POST", recorder->id, "/close"), ==, 503);
}

/* What was acknowledged is there, more can be sent, and it ends as ever. */
static void
assert_goes_on (const Recorder *before)
{
  g_autoptr (Recorder) recorder = NULL;

  g_assert_true (test_wait_until (is_ready (200)));
  recorder = recorder_join (server, before);
  g_assert_true (recorder_check_status (recorder, (Figures){ 1, CHUNK, CHUNK / 2 }));
  recorder_send (recorder, samples + CHUNK, CHUNK);
  g_assert_true (recorder_expect_ack (recorder, CHUNK, (Figures){ 2, 2 * CHUNK, CHUNK }));
  recorder_finish (recorder, (Figures){ 2, 2 * CHUNK, CHUNK });
  recorder_assert_samples (server, recorder, samples, 2 * CHUNK);
  assert_list (200);
}

static guint
count_lines (const char *text)
{
  g_autofree char *log = server_process_stderr (recording_server_process (server));
  guint n = 0;

  for (const char *at = log; (at = strstr (at, text)) != NULL; at++)
    n++;
  return n;
}

static char *
folder_of (const char *name)
{
  return g_build_filename (recording_server_folder (server), name, NULL);
}

/* ---- What is done to it ---- */

static void
test_renamed (void)
{
  g_autoptr (Recorder) recorder = recorder_record (server, 8000, 1, samples, CHUNK);
  g_autofree char *here = folder_of ("recordings"), *there = folder_of ("elsewhere");
  guint gone = count_lines ("nothing can be recorded until"), back = count_lines ("are kept in");

  for (guint i = 0; i < 2; i++) { /* what can be done once can be done again */
    g_assert_cmpint (g_rename (here, there), ==, 0);
    assert_away (recorder);
    g_assert_cmpint (g_rename (there, here), ==, 0);
    if (i == 0) {
      Recorder *again;

      g_assert_true (test_wait_until (is_ready (200)));
      again = recorder_join (server, recorder);
      recorder_free (recorder);
      recorder = again;
    }
  }
  assert_goes_on (recorder);
  g_assert_cmpuint (count_lines ("nothing can be recorded until"), ==, gone + 2);
  g_assert_true (test_wait_until (count_lines ("are kept in") == back + 2));
}

/* The new one is as empty as it is; nothing of the old one is held. */
static void
test_made_anew (void)
{
  g_autoptr (Recorder) recorder = recorder_record (server, 8000, 1, samples, CHUNK);
  g_autoptr (Recorder) next = NULL;
  g_autofree char *here = folder_of ("recordings"), *there = folder_of ("old");

  g_assert_cmpint (g_rename (here, there), ==, 0);
  assert_away (recorder);
  g_assert_cmpint (g_mkdir (here, 0700), ==, 0);
  g_assert_true (test_wait_until (is_ready (200)));
  g_assert_cmpuint (api_status (server, "GET", "0a1b2c3d-4e5f-4071-8293-a4b5c6d7e8f9", ""), ==, 404);
  next = recorder_record (server, 8000, 1, samples, CHUNK);
  recorder_finish (next, (Figures){ 1, CHUNK, CHUNK / 2 });
  recorder_assert_samples (server, next, samples, CHUNK);
}

/* Of the moment before the volume was there. */
static void
remove_index (const char *folder)
{
  static const char *const names[] = { "index.sqlite", "index.sqlite-wal", "index.sqlite-shm" };

  for (guint i = 0; i < G_N_ELEMENTS (names); i++) {
    g_autofree char *path = g_build_filename (folder, names[i], NULL);

    g_unlink (path);
  }
}

/* Also who comes to a server that was started without it. Nothing can be made where a file is. */
static void
test_started_without (void)
{
  g_autoptr (Recorder) recorder = recorder_record (server, 8000, 1, samples, CHUNK);
  g_autofree char *here = folder_of ("recordings"), *there = folder_of ("elsewhere");
  g_autofree char *path = g_strconcat (RECORDING_PATH "/", recorder->id, NULL);

  g_assert_cmpint (g_rename (here, there), ==, 0);
  g_assert_true (g_file_set_contents (here, "", 0, NULL));
  recording_server_restart (server);
  assert_refused (path);
  g_assert_cmpint (g_unlink (here), ==, 0);
  g_assert_cmpint (g_rename (there, here), ==, 0);
  assert_goes_on (recorder);
}

/* The folder that the volume was mounted on is no place for recordings. */
static void
test_unmounted (void)
{
  g_autoptr (Recorder) recorder = NULL;
  g_autofree char *here = NULL, *parent = NULL;
  RecordingServer *good = server;
  g_autofree char *volume = g_dir_make_tmp ("ap-volume-XXXXXX", NULL);

  if (unshare (CLONE_NEWNS) < 0 || mount ("none", "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0) {
    g_test_skip ("this process may not mount anything");
    g_rmdir (volume);
    return;
  }
  server = recording_server_start ("MIN_FREE_MB=0");
  here = folder_of ("recordings");
  parent = g_path_get_dirname (here);
  g_assert_cmpint (mount (volume, here, NULL, MS_BIND, NULL), ==, 0);
  g_assert_true (test_wait_until (count_lines ("are kept in") == 1));
  recorder = recorder_record (server, 8000, 1, samples, CHUNK);
  g_assert_cmpint (umount2 (here, MNT_DETACH), ==, 0);
  assert_away (recorder);
  g_assert_cmpint (mount (volume, here, NULL, MS_BIND, NULL), ==, 0);
  assert_goes_on (recorder);
  recording_server_stop (server);
  server = good;
  g_assert_cmpint (umount2 (here, 0), ==, 0);
  remove_index (here);
  g_assert_cmpint (g_rmdir (here), ==, 0);
  g_assert_cmpint (g_rmdir (parent), ==, 0);
  g_assert_cmpint (g_rmdir (volume), ==, 0);
}

int
main (int argc, char **argv)
{
  int result;

  g_test_init (&argc, &argv, NULL);
  g_test_set_nonfatal_assertions ();
  g_test_add_func ("/recording-away/renamed", test_renamed);
  g_test_add_func ("/recording-away/made-anew", test_made_anew);
  g_test_add_func ("/recording-away/started-without", test_started_without);
  g_test_add_func ("/recording-away/unmounted", test_unmounted);
  samples = make_pattern (2 * CHUNK, 5);
  server = recording_server_start ();
  result = g_test_run ();
  recording_server_stop (server);
  g_free (samples);
  return result;
}
