/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* System calls on the files of recordings, whole and with errors of the room. */
#include "endpoints/recording/files/ap-storage-file.h"

#include "base/ap-uuid.h"
#include "endpoints/recording/ap-recording-types.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum {
  BLOCK = 4096, /* is refused at a time */
};

void
ap_storage_set_error (GError **error, int errnum, const char *what)
{
  ApRecordingErrorCode code = AP_RECORDING_ERROR_STORAGE;

  if (errnum == ENOSPC || errnum == EDQUOT || errnum == EFBIG)
    code = AP_RECORDING_ERROR_NO_SPACE;
  else if (errnum == ENOENT)
    code = AP_RECORDING_ERROR_NOT_FOUND;
  g_set_error (error, AP_RECORDING_ERROR, (gint)code, "%s: %s", what, g_strerror (errnum));
}

/* (transfer full): NULL with @error: what would be a path, if it were taken */
static char *
name_of (const char *id, const char *suffix, GError **error)
{
  if (ap_uuid_is_valid (id))
    return g_strconcat (id, suffix, NULL);
  g_set_error_literal (error, AP_RECORDING_ERROR, AP_RECORDING_ERROR_NOT_FOUND, "not the id of a recording");
  return NULL;
}

/* Takes over @fd. To read something else than a file may wait for ever, or have an effect. */
static int
check_is_file (int fd, const char *name, GError **error)
{
  struct stat about;

  if (fstat (fd, &about) == 0 && S_ISREG (about.st_mode))
    return fd;
  g_set_error (error, AP_RECORDING_ERROR, AP_RECORDING_ERROR_STORAGE, "%s: not a regular file", name);
  close (fd);
  return -1;
}

int
ap_storage_open (int dir_fd, const char *id, const char *suffix, int flags, GError **error)
{
  g_autofree char *name = name_of (id, suffix, error);
  int made = (flags & O_CREAT) != 0 ? O_EXCL : 0;
  int fd;

  if (name == NULL)
    return -1;
  do
    fd = openat (dir_fd, name, flags | made | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC, 0600);
  while (fd < 0 && errno == EINTR);
  if (fd >= 0)
    return check_is_file (fd, name, error);
  /* Where it was to be made it is the folder that is gone. */
  ap_storage_set_error (error, made != 0 && errno == ENOENT ? ESTALE : errno, name);
  return -1;
}

gboolean
ap_storage_remove (int dir_fd, const char *id, const char *suffix, GError **error)
{
  g_autofree char *name = name_of (id, suffix, error);

  if (name == NULL)
    return FALSE;
  if (unlinkat (dir_fd, name, 0) == 0 || errno == ENOENT)
    return TRUE;
  ap_storage_set_error (error, errno, name);
  return FALSE;
}

/* Leaves out the first @length bytes. */
static void
skip (struct iovec **pieces, int *n, gsize length)
{
  while (*n > 0 && length >= (*pieces)->iov_len) {
    length -= (*pieces)->iov_len;
    (*pieces)++;
    (*n)--;
  }
  if (*n > 0) {
    (*pieces)->iov_base = (guint8 *)(*pieces)->iov_base + length;
    (*pieces)->iov_len -= length;
  }
}

gboolean
ap_storage_write (int fd, struct iovec *pieces, int n, goffset offset, GError **error)
{
  skip (&pieces, &n, 0);
  while (n > 0) {
    gssize written = pwritev (fd, pieces, n, offset);

    if (written < 0 && errno == EINTR)
      continue;
    if (written <= 0) {
      ap_storage_set_error (error, written < 0 ? errno : EIO, "write");
      return FALSE;
    }
    offset += written;
    skip (&pieces, &n, (gsize)written);
  }
  return TRUE;
}

/* The zeros in place of what cannot be read at @offset, to the end of its block: caches read whole ones. */
static gsize
fill_block (guint8 *data, gsize length, goffset offset)
{
  gsize rest = MIN (length, (gsize)(BLOCK - offset % BLOCK));

  memset (data, 0, rest);
  return rest;
}

gssize
ap_storage_read_around (int fd, guint8 *data, gsize length, goffset offset, goffset *refused, GError **error)
{
  gsize filled = 0;

  while (filled < length) {
    goffset at = offset + (goffset)filled;
    gssize n = pread (fd, data + filled, length - filled, at);

    if (n < 0 && errno == EINTR)
      continue;
    if (n < 0 && errno == EIO && refused != NULL) {
      n = (gssize)fill_block (data + filled, length - filled, at);
      *refused = MAX (*refused, at + n);
    }
    if (n < 0) {
      ap_storage_set_error (error, errno, "read");
      return -1;
    }
    if (n == 0)
      break;
    filled += (gsize)n;
  }
  return (gssize)filled;
}

gssize
ap_storage_read (int fd, guint8 *data, gsize length, goffset offset, GError **error)
{
  return ap_storage_read_around (fd, data, length, offset, NULL, error);
}

static guint64
length_of (int dir_fd, const char *id, const char *suffix)
{
  g_autofree char *name = g_strconcat (id, suffix, NULL);
  struct stat about;

  return fstatat (dir_fd, name, &about, AT_SYMLINK_NOFOLLOW) == 0 ? (guint64)about.st_size : 0;
}

guint64
ap_storage_measure (int dir_fd, const char *id)
{
  return MAX (length_of (dir_fd, id, AP_STORAGE_WAV), length_of (dir_fd, id, AP_STORAGE_JOURNAL));
}

gboolean
ap_storage_cut (int fd, goffset length, GError **error)
{
  int result;

  do
    result = ftruncate (fd, length);
  while (result < 0 && errno == EINTR);
  if (result < 0)
    ap_storage_set_error (error, errno, "ftruncate");
  return result == 0;
}

/* Not again after EINTR, nor after anything else: the second call may not know any more what the first could not write.
 */
gboolean
ap_storage_sync (int fd, GError **error)
{
  if (fdatasync (fd) == 0)
    return TRUE;
  ap_storage_set_error (error, errno, "fdatasync");
  return FALSE;
}

gboolean
ap_storage_settle (int fd, GError **error)
{
  if (!ap_storage_sync (fd, error))
    return FALSE;
  posix_fadvise (fd, 0, 0, POSIX_FADV_DONTNEED);
  return TRUE;
}

gboolean
ap_storage_reserve (int fd, goffset *allocated, goffset needed, goffset step, GError **error)
{
  goffset target = (needed + step - 1) / step * step;
  int result;

  if (needed <= *allocated)
    return TRUE;
  do
    result = fallocate (fd, FALLOC_FL_KEEP_SIZE, *allocated, target - *allocated);
  while (result < 0 && errno == EINTR);
  if (result < 0 && (errno == ENOSPC || errno == EDQUOT || errno == EFBIG || errno == EIO)) {
    ap_storage_set_error (error, errno, "fallocate");
    return FALSE;
  }
  *allocated = result == 0 ? target : G_MAXOFFSET; /* what the filesystem cannot do is not asked for again */
  return TRUE;
}
