/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The WAV file of a recording, as it grows. */
#include "endpoints/recording/files/ap-wav-file.h"

#include "endpoints/recording/ap-recording-types.h"
#include "endpoints/recording/files/ap-storage-file.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

enum {
  RESERVE = 1024 * 1024, /* kept for the tail */
  STEP = 256 * 1024,     /* in which space is taken */
  UNKNOWN = -1,
};

struct _ApWavFile {
  int fd;
  guint sample_rate, channels, block;
  gint64 committed; /* bytes of samples; atomic, written by the owner's thread */
  gint64 position;  /* behind what was written */
  goffset allocated;
  goffset found; /* the file's length when it was opened: its header may tell of all of that */
  gboolean uses_reserve;
  GMutex lock;     /* of the header in the file, and of what follows */
  gint64 told;     /* bytes that the header tells of; UNKNOWN */
  gint sync_error; /* 0, or that of the first sync that failed: the kernel tells of it once */
};

static ApWavFile *
file_new (int fd, guint sample_rate, guint channels, guint64 frames)
{
  ApWavFile *file = g_new0 (ApWavFile, 1);

  file->fd = fd;
  file->sample_rate = sample_rate;
  file->channels = channels;
  file->block = channels * 2;
  file->committed = file->position = (gint64)(frames * file->block);
  file->allocated = AP_WAV_HEADER_LENGTH + file->position;
  file->told = UNKNOWN;
  g_mutex_init (&file->lock);
  return file;
}

void
ap_wav_file_free (ApWavFile *file)
{
  close (file->fd);
  g_mutex_clear (&file->lock);
  g_free (file);
}

static gboolean
write_header (ApWavFile *file, gint64 bytes, GError **error)
{
  guint8 header[AP_WAV_HEADER_LENGTH];
  struct iovec piece = { header, sizeof header };

  ap_wav_header_write (header, file->sample_rate, file->channels, (guint64)bytes);
  if (!ap_storage_write (file->fd, &piece, 1, 0, error))
    return FALSE;
  file->told = bytes;
  return TRUE;
}

static gboolean
refuse_unsynced (ApWavFile *file, GError **error)
{
  if (file->sync_error != 0)
    ap_storage_set_error (error, file->sync_error, "fdatasync");
  return file->sync_error != 0;
}

static gboolean
sync_file (ApWavFile *file, GError **error)
{
  if (file->sync_error == 0 && fdatasync (file->fd) < 0)
    file->sync_error = errno;
  return !refuse_unsynced (file, error);
}

static gboolean
refuse (GError **error, const char *why)
{
  g_set_error_literal (error, AP_RECORDING_ERROR, AP_RECORDING_ERROR_STORAGE, why);
  return FALSE;
}

ApWavFile *
ap_wav_file_create (int dir_fd, const char *id, guint sample_rate, guint channels, GError **error)
{
  int fd = ap_storage_open (dir_fd, id, AP_STORAGE_WAV, O_RDWR | O_CREAT, error);
  g_autoptr (ApWavFile) file = NULL;

  if (fd < 0)
    return NULL;
  file = file_new (fd, sample_rate, channels, 0);
  if (!write_header (file, 0, error) || !sync_file (file, error) ||
      !ap_storage_reserve (fd, &file->allocated, AP_WAV_HEADER_LENGTH + RESERVE, STEP, error)) {
    ap_storage_remove (dir_fd, id, AP_STORAGE_WAV, NULL);
    return NULL;
  }
  return g_steal_pointer (&file);
}

/* The file's length is enough for what it is said to have; a file without a whole header gets one. */
static gboolean
check_length (ApWavFile *file, GError **error)
{
  struct stat status;

  if (fstat (file->fd, &status) < 0) {
    ap_storage_set_error (error, errno, "fstat");
    return FALSE;
  }
  file->found = status.st_size;
  if (file->position > 0 && status.st_size < AP_WAV_HEADER_LENGTH + file->position)
    return refuse (error, "the WAV file is shorter than its journal says");
  return status.st_size >= AP_WAV_HEADER_LENGTH || write_header (file, 0, error);
}

ApWavFile *
ap_wav_file_open (int dir_fd, const char *id, guint sample_rate, guint channels, guint64 frames, GError **error)
{
  g_autoptr (GError) problem = NULL;
  g_autoptr (ApWavFile) file = NULL;
  int fd = ap_storage_open (dir_fd, id, AP_STORAGE_WAV, O_RDWR, &problem);

  if (fd < 0 && frames == 0 && g_error_matches (problem, AP_RECORDING_ERROR, AP_RECORDING_ERROR_NOT_FOUND)) {
    file = ap_wav_file_create (dir_fd, id, sample_rate, channels, error);
    return file != NULL && ap_storage_sync (dir_fd, error) ? g_steal_pointer (&file) : NULL;
  }
  if (fd < 0) {
    g_propagate_error (error, g_steal_pointer (&problem));
    return NULL;
  }
  file = file_new (fd, sample_rate, channels, frames);
  return check_length (file, error) ? g_steal_pointer (&file) : NULL;
}

gboolean
ap_wav_file_make_room (ApWavFile *file, guint64 length, GError **error)
{
  goffset needed = AP_WAV_HEADER_LENGTH + file->position + (goffset)length + RESERVE;

  return file->uses_reserve || ap_storage_reserve (file->fd, &file->allocated, needed, STEP, error);
}

gboolean
ap_wav_file_write (ApWavFile *file, const guint8 *data, gsize length, GError **error)
{
  struct iovec piece = { (gpointer)data, length };

  if (length % file->block != 0)
    return refuse (error, "part of a frame");
  if (!ap_wav_file_make_room (file, length, error) ||
      !ap_storage_write (file->fd, &piece, 1, AP_WAV_HEADER_LENGTH + file->position, error))
    return FALSE;
  file->position += (gint64)length;
  return TRUE;
}

void
ap_wav_file_use_reserve (ApWavFile *file)
{
  file->uses_reserve = TRUE;
}

void
ap_wav_file_commit (ApWavFile *file)
{
  __atomic_store_n (&file->committed, file->position, __ATOMIC_RELEASE);
}

/* What is written next goes over it. Only much of it is given back at once: a small file can make a lot of samples.
 * What cannot be given back is none the worse. */
void
ap_wav_file_roll_back (ApWavFile *file)
{
  goffset kept = MAX (AP_WAV_HEADER_LENGTH + file->committed + RESERVE, file->found);

  if (AP_WAV_HEADER_LENGTH + file->position > kept && ap_storage_cut (file->fd, kept, NULL))
    file->allocated = MIN (file->allocated, kept);
  file->position = file->committed;
}

static gint64
get_committed (ApWavFile *file)
{
  return __atomic_load_n (&file->committed, __ATOMIC_ACQUIRE);
}

guint64
ap_wav_file_get_frames (ApWavFile *file)
{
  return (guint64)get_committed (file) / file->block;
}

gboolean
ap_wav_file_checkpoint (ApWavFile *file, GError **error)
{
  gint64 committed = get_committed (file);
  gboolean done;

  g_mutex_lock (&file->lock);
  done = file->told >= committed || (sync_file (file, error) && write_header (file, committed, error));
  g_mutex_unlock (&file->lock);
  return done;
}

gboolean
ap_wav_file_tell (ApWavFile *file, guint64 frames, GError **error)
{
  gint64 bytes = (gint64)(frames * file->block);
  gboolean done;

  g_mutex_lock (&file->lock);
  done = file->told >= bytes || (!refuse_unsynced (file, error) && write_header (file, bytes, error));
  g_mutex_unlock (&file->lock);
  return done;
}

gboolean
ap_wav_file_finish (ApWavFile *file, GError **error)
{
  gint64 committed = get_committed (file);
  gboolean done;

  g_mutex_lock (&file->lock);
  /* Twice, since the disk may take the header before the samples. */
  done = ap_storage_cut (file->fd, AP_WAV_HEADER_LENGTH + committed, error) && sync_file (file, error) &&
         write_header (file, committed, error) && sync_file (file, error);
  g_mutex_unlock (&file->lock);
  return done;
}
