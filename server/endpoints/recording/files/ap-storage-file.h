/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <gio/gio.h>
#include <sys/uio.h>

/* The files of a recording, below one directory: {id}.wav, {id}.jnl. All of these block, and may be called from any
 * thread. Errors are AP_RECORDING_ERROR: NO_SPACE (also a quota's, or a limit's on the size of files), NOT_FOUND (no
 * such file, or no id), STORAGE. */

#define AP_STORAGE_WAV             ".wav"
#define AP_STORAGE_JOURNAL         ".jnl"
#define AP_STORAGE_JOURNAL_NEW     ".jnl.new" /* a compaction under way, or what a crash left of one */
#define AP_STORAGE_JOURNAL_DAMAGED ".jnl.damaged"

/* The error for @errnum, after the name of what could not be done. */
void ap_storage_set_error (GError **error, int errnum, const char *what);

/* A descriptor of the file of @id: never through a symbolic link, closed on exec. With O_CREAT it is made anew, 0600,
 * and EEXIST is an error. -1 with @error. */
int ap_storage_open (int dir_fd, const char *id, const char *suffix, int flags, GError **error);

/* A file that is not there is as good as removed. The caller syncs the directory. */
gboolean ap_storage_remove (int dir_fd, const char *id, const char *suffix, GError **error);

/* All of the @n pieces, at @offset. After an error some of it may be there. The pieces are used up. */
gboolean ap_storage_write (int fd, struct iovec *pieces, int n, goffset offset, GError **error);

/* Up to @length bytes, less only at the file's end; -1 with @error. */
gssize ap_storage_read (int fd, guint8 *data, gsize length, goffset offset, GError **error);

/* As ap_storage_read(), but what the disk refuses (EIO) is zeros. @refused: (inout): where the last such bytes end, if
 * that is further than it was */
gssize ap_storage_read_around (int fd, guint8 *data, gsize length, goffset offset, goffset *refused, GError **error);

/* Bytes of the longer of the WAV and the journal; 0: there are none. */
guint64 ap_storage_measure (int dir_fd, const char *id);

gboolean ap_storage_cut (int fd, goffset length, GError **error);

/* fdatasync(2). For a directory: what was made, renamed and removed in it. */
gboolean ap_storage_sync (int fd, GError **error);

/* The same, and what is read next comes from the disk, where the filesystem can do that: after a sync that failed the
 * system has pages that it takes for written. */
gboolean ap_storage_settle (int fd, GError **error);

/**
 * ap_storage_reserve:
 * @allocated: (inout): up to where the file has blocks, as far as is known
 * @needed: up to where it is to have them
 * @step: how much to take at a time
 *
 * Takes blocks before there is something to put into them, without changing the file's length, so that what is written
 * there later finds room on a full disk. Where the filesystem cannot, nothing is done.
 *
 * Returns: FALSE with NO_SPACE (or STORAGE): there are none left
 */
gboolean ap_storage_reserve (int fd, goffset *allocated, goffset needed, goffset step, GError **error);
