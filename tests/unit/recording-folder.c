/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* What the tests of the writer share. */
#include "recording-folder.h"

#include "base/ap-uuid.h"

#include <fcntl.h>
#include <glib/gstdio.h>
#include <string.h>
#include <unistd.h>

Folder *
folder_new_at (int fd)
{
  Folder *folder = g_new0 (Folder, 1);

  folder->launcher = ap_decoder_launcher_new (AP_SANDBOX_OFF);
  folder->settings.folder_fd = fd;
  folder->settings.launcher = folder->launcher;
  folder->settings.max_seconds = 3600;
  folder->settings.max_realtime_factor = 100;
  folder->settings.rotate_bytes = 64 * 1024 * 1024;
  return folder;
}

Folder *
folder_new (void)
{
  g_autoptr (GError) error = NULL;
  g_autofree char *path = g_dir_make_tmp ("ap-test-XXXXXX", &error);
  Folder *folder;
  int fd;

  g_assert_no_error (error);
  fd = open (path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  g_assert_cmpint (fd, >=, 0);
  folder = folder_new_at (fd);
  folder->path = g_steal_pointer (&path);
  return folder;
}

ApRecordingSettings
folder_store_settings (char *path)
{
  return (ApRecordingSettings){
    .storage_path = path,
    .max_sessions = 10,
    .max_connections = 5,
    .max_duration_hours = 24,
    .timeout_seconds = 300,
    .max_realtime_factor = 100,
    .ack = (char *)"synced",
    .sync = (char *)"pool",
    .sandbox = (char *)"off",
  };
}

static void
remove_folder (Folder *folder)
{
  g_autoptr (GDir) dir = g_dir_open (folder->path, 0, NULL);
  const char *name;

  while ((name = g_dir_read_name (dir)) != NULL)
    g_assert_cmpint (unlinkat (folder->settings.folder_fd, name, 0), ==, 0);
  g_rmdir (folder->path);
}

void
folder_free (Folder *folder)
{
  if (folder->path != NULL)
    remove_folder (folder);
  close (folder->settings.folder_fd);
  ap_decoder_launcher_free (folder->launcher);
  g_free (folder->path);
  g_free (folder);
}

/* The limit on the size of files, from when a chunk is in the journal. */
const struct rlimit *folder_on_refusal;

void
folder_on_journaled (gpointer owner)
{
  ((Folder *)owner)->journaled++;
  if (folder_on_refusal != NULL)
    g_assert_cmpint (setrlimit (RLIMIT_FSIZE, folder_on_refusal), ==, 0);
}

ApRecordingWriter *
folder_create (Folder *folder, char *id, ApRecordingFormat format, guint rate, guint channels)
{
  ApRecordingInfo info = { .format = format, .sample_rate = rate, .channels = channels };
  ApRecordingWriter *writer;
  g_autoptr (GError) error = NULL;

  ap_uuid_new (info.id);
  g_strlcpy (id, info.id, AP_RECORDING_ID_LENGTH + 1);
  info.user_id = (char *)"somebody";
  /* A millisecond old, so that a large max_realtime_factor has a meaning at once. */
  info.created_us = info.updated_us = g_get_real_time () - 1000;
  writer = ap_recording_writer_create (&folder->settings, &info, &error);
  g_assert_no_error (error);
  return writer;
}

static gboolean
claim (gpointer owner, guint64 bytes, GError **error)
{
  Folder *folder = owner;

  if (bytes <= folder->allowed) {
    folder->claimed = bytes;
    return TRUE;
  }
  g_set_error_literal (error, AP_RECORDING_ERROR, AP_RECORDING_ERROR_QUOTA, "more than the test allows");
  return FALSE;
}

void
folder_allow (Folder *folder, ApRecordingWriter *writer, guint64 bytes)
{
  folder->allowed = bytes;
  ap_recording_writer_set_claim (writer, claim, folder);
}

ApRecordingWriter *
folder_recover (Folder *folder, const char *id)
{
  guint unreadable = 1;
  g_autoptr (GError) error = NULL;
  ApRecordingWriter *writer = ap_recording_writer_recover (&folder->settings, id, FALSE, &unreadable, &error);

  g_assert_no_error (error);
  g_assert_cmpuint (unreadable, ==, 0);
  return writer;
}

void
folder_append (Folder *folder, ApRecordingWriter *writer, const guint8 *data, gsize length)
{
  g_autoptr (GError) error = NULL;

  ap_recording_writer_append (writer, data, length, FALSE, folder_on_journaled, folder, &error);
  g_assert_no_error (error);
}

void
folder_refuse (Folder *folder, ApRecordingWriter *writer, const guint8 *data, gsize length, int code)
{
  const ApRecordingInfo before = *ap_recording_writer_get_info (writer);
  const ApRecordingInfo *after;
  g_autoptr (GError) error = NULL;

  g_assert_false (ap_recording_writer_append (writer, data, length, FALSE, folder_on_journaled, folder, &error));
  g_assert_error (error, AP_RECORDING_ERROR, code);
  after = ap_recording_writer_get_info (writer);
  g_assert_cmpuint (after->total_chunks, ==, before.total_chunks);
  g_assert_cmpuint (after->bytes_received, ==, before.bytes_received);
  g_assert_cmpuint (after->frames, ==, before.frames);
}

char *
folder_path (Folder *folder, const char *id, const char *suffix)
{
  g_autofree char *name = g_strconcat (id, suffix, NULL);

  return g_build_filename (folder->path, name, NULL);
}

GBytes *
folder_finish (Folder *folder, ApRecordingWriter *writer, const char *id)
{
  g_autofree char *path = folder_path (folder, id, ".wav");
  char *data;
  gsize length;
  g_autoptr (GError) error = NULL;

  g_assert_true (ap_recording_writer_finish (writer, &error));
  g_assert_no_error (error);
  g_assert_cmpint (ap_recording_writer_get_info (writer)->status, ==, AP_RECORDING_COMPLETED);
  ap_recording_writer_free (writer);
  g_assert_true (g_file_get_contents (path, &data, &length, &error));
  return g_bytes_new_take (data, length);
}
