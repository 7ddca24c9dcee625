/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Where recordings lie: opened, and locked against a second server. */
#include "endpoints/recording/ap-recording-folder.h"

#include "base/ap-uuid.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

static void
set_error (GError **error, const char *what)
{
  g_set_error (error, AP_RECORDING_ERROR, AP_RECORDING_ERROR_STORAGE, "%s: %s", what, g_strerror (errno));
}

int
ap_recording_folder_open (const char *path, gboolean create, GError **error)
{
  int fd;

  if (create && g_mkdir_with_parents (path, 0700) < 0) {
    set_error (error, path);
    return -1;
  }
  fd = open (path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (fd < 0) {
    set_error (error, path);
    return -1;
  }
  if (faccessat (fd, ".", W_OK | X_OK, 0) < 0) {
    set_error (error, path);
    close (fd);
    return -1;
  }
  if (flock (fd, LOCK_EX | LOCK_NB) < 0) {
    g_set_error (error, AP_RECORDING_ERROR, AP_RECORDING_ERROR_STORAGE, "%s: %s", path,
                 errno == EWOULDBLOCK ? "another server keeps its recordings there" : g_strerror (errno));
    close (fd);
    return -1;
  }
  return fd;
}

gboolean
ap_recording_folder_is_at (int folder_fd, const char *path, const char **reason)
{
  struct statx there, here;

  if (statx (AT_FDCWD, path, 0, STATX_INO | STATX_MNT_ID, &there) < 0 ||
      statx (folder_fd, "", AT_EMPTY_PATH, STATX_INO | STATX_MNT_ID, &here) < 0)
    *reason = g_strerror (errno);
  else if (there.stx_ino != here.stx_ino || there.stx_dev_major != here.stx_dev_major ||
           there.stx_dev_minor != here.stx_dev_minor || there.stx_mnt_id != here.stx_mnt_id)
    *reason = "another folder is in its place";
  else
    return TRUE;
  return FALSE;
}

gboolean
ap_recording_folder_is_mount (int folder_fd)
{
  struct statx about;

  return statx (folder_fd, "", AT_EMPTY_PATH, 0, &about) == 0 &&
         (about.stx_attributes & about.stx_attributes_mask & STATX_ATTR_MOUNT_ROOT) != 0;
}

static char *
id_of (const char *name, const char *suffix)
{
  char id[AP_RECORDING_ID_LENGTH + 1];

  if (strlen (name) != AP_RECORDING_ID_LENGTH + strlen (suffix) || !g_str_has_suffix (name, suffix))
    return NULL;
  g_strlcpy (id, name, sizeof id);
  return ap_uuid_is_valid (id) ? g_strdup (id) : NULL;
}

GPtrArray *
ap_recording_folder_list (int folder_fd, const char *suffix, GError **error)
{
  int fd = openat (folder_fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC); /* fdopendir() takes it over */
  DIR *folder = fd >= 0 ? fdopendir (fd) : NULL;
  GPtrArray *ids;
  struct dirent *entry;

  if (folder == NULL) {
    set_error (error, "the folder of recordings cannot be read");
    if (fd >= 0)
      close (fd);
    return NULL;
  }
  ids = g_ptr_array_new_with_free_func (g_free);
  while (errno = 0, (entry = readdir (folder)) != NULL) {
    char *id = id_of (entry->d_name, suffix);

    if (id != NULL)
      g_ptr_array_add (ids, id);
  }
  if (errno != 0) { /* not the end */
    set_error (error, "the folder of recordings cannot be read");
    g_clear_pointer (&ids, g_ptr_array_unref);
  }
  closedir (folder);
  return ids;
}

gboolean
ap_recording_folder_check_space (int folder_fd, guint64 min_free_bytes, GError **error)
{
  struct statvfs figures;

  if (fstatvfs (folder_fd, &figures) < 0) {
    set_error (error, "the folder of recordings");
    return FALSE;
  }
  if ((guint64)figures.f_bavail * figures.f_frsize >= min_free_bytes)
    return TRUE;
  g_set_error (error, AP_RECORDING_ERROR, AP_RECORDING_ERROR_NO_SPACE,
               "less than %" G_GUINT64_FORMAT " MiB are free where recordings are kept", min_free_bytes >> 20);
  return FALSE;
}
