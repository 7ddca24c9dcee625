/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A folder of files as POSIX promises it, and no more: what was written is there for whoever asks, but only fsync() of
 * the file keeps its bytes, and only fsync() of the folder keeps its names. When the power is cut, the rest is gone, or
 * what a disk may have written of it by then is left. All in memory. One thread at a time. */
#pragma once

#include <glib.h>

typedef struct _PowerCutDisk PowerCutDisk;
typedef struct _PowerCutFile PowerCutFile; /* belongs to its disk, also without a name */

typedef enum {
  POWER_CUT_NOTHING_MORE, /* what was not synced is gone */
  POWER_CUT_HALF,         /* every other page of it is there, some of them torn; of the names, as many as came first */
} PowerCutLeaves;

#define POWER_CUT_PAGE   4096
#define POWER_CUT_SECTOR 512

/* The files of @folder, kept safe. */
PowerCutDisk *power_cut_disk_load (const char *folder, GError **error);
/* Makes @folder hold what has been kept. */
gboolean power_cut_disk_store (PowerCutDisk *self, const char *folder, GError **error);
void power_cut_disk_free (PowerCutDisk *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (PowerCutDisk, power_cut_disk_free)

/* Returns: (nullable) */
PowerCutFile *power_cut_disk_find (PowerCutDisk *self, const char *name);
/* From 0 on; numbers are never used again. */
PowerCutFile *power_cut_disk_get (PowerCutDisk *self, guint number);
/* Returns: (transfer container): names, in no order */
GList *power_cut_disk_names (PowerCutDisk *self);

/* There must be no such name. */
PowerCutFile *power_cut_disk_create (PowerCutDisk *self, const char *name);
/* These return whether there is such a name. */
gboolean power_cut_disk_remove (PowerCutDisk *self, const char *name);
gboolean power_cut_disk_rename (PowerCutDisk *self, const char *from, const char *to);

guint power_cut_file_number (const PowerCutFile *self);
gsize power_cut_file_size (const PowerCutFile *self);
/* @data is good until the file changes. Returns: how many bytes there are at @offset, @length at most */
gsize power_cut_file_read (const PowerCutFile *self, gsize offset, gsize length, const guint8 **data);
void power_cut_file_write (PowerCutFile *self, gsize offset, const guint8 *data, gsize length);
void power_cut_file_resize (PowerCutFile *self, gsize size);

/* The bytes of a file, the names of the folder. */
void power_cut_file_sync (PowerCutFile *self);
void power_cut_disk_sync_names (PowerCutDisk *self);
/* A sync that the disk refused: of what is not kept the system forgets that it is not. */
void power_cut_file_fail (PowerCutFile *self, PowerCutLeaves leaves, guint32 seed);
/* The system forgets all that it takes for kept: it is read from the disk again. */
void power_cut_file_reread (PowerCutFile *self);
/* Everything. */
void power_cut_disk_sync (PowerCutDisk *self);

/* Afterwards the disk is what it will be when the power comes back. The same @seed and history leave the same. */
void power_cut_disk_cut (PowerCutDisk *self, PowerCutLeaves leaves, guint32 seed);
