/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <gio/gio.h>

/* The recording as audio: {id}.wav, S16LE, written in place and playable at every moment. Its header has 80 bytes, with
 * room for the 64-bit sizes of RF64 (EBU Tech 3306), which it becomes when RIFF's 32 bits are full. All of this blocks.
 * One thread at a time, but ap_wav_file_checkpoint(), _tell() and _get_frames() may run beside anything but the free.
 * Errors are AP_RECORDING_ERROR: NO_SPACE, STORAGE, NOT_FOUND. */
#define AP_WAV_HEADER_LENGTH 80

typedef struct _ApWavFile ApWavFile;

/* Makes the file, empty, and syncs it; the caller syncs the directory. */
ApWavFile *ap_wav_file_create (int dir_fd, const char *id, guint sample_rate, guint channels, GError **error);

/* Goes on after @frames, which must be there (STORAGE otherwise); with 0 the file may be missing: then it is made, and
 * the directory synced. What follows is written anew, but stays until then, so that what could be played still can. */
ApWavFile *ap_wav_file_open (int dir_fd, const char *id, guint sample_rate, guint channels, guint64 frames,
                             GError **error);
void ap_wav_file_free (ApWavFile *file);

/* Whole frames, behind what was written before; they count once they are committed. NO_SPACE, with nothing written,
 * before the disk is quite full, where the filesystem allows that. */
gboolean ap_wav_file_write (ApWavFile *file, const guint8 *data, gsize length, GError **error);

/* For @length bytes that may be written next: NO_SPACE, or there is as much now. */
gboolean ap_wav_file_make_room (ApWavFile *file, guint64 length, GError **error);

/* What is written from now on may use the space (1 MiB) that was kept for it: the tail of a recording that ends. */
void ap_wav_file_use_reserve (ApWavFile *file);

void ap_wav_file_commit (ApWavFile *file);
void ap_wav_file_roll_back (ApWavFile *file);
guint64 ap_wav_file_get_frames (ApWavFile *file); /* committed */

/* Syncs the samples, then writes a header that tells of those that were committed when it was called. */
gboolean ap_wav_file_checkpoint (ApWavFile *file, GError **error);

/* For who has synced the samples in another way, since @frames of them were committed: the header alone. */
gboolean ap_wav_file_tell (ApWavFile *file, guint64 frames, GError **error);

/* The same once more and for good: the file is cut to what is committed, and all of it is synced. */
gboolean ap_wav_file_finish (ApWavFile *file, GError **error);

/* Pure. @data_bytes: of samples */
void ap_wav_header_write (guint8 header[AP_WAV_HEADER_LENGTH], guint sample_rate, guint channels, guint64 data_bytes);

/* Pure; of our own files only. FALSE: it is none. */
gboolean ap_wav_header_read (const guint8 *header, gsize length, guint *sample_rate, guint *channels,
                             guint64 *data_bytes);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (ApWavFile, ap_wav_file_free)
