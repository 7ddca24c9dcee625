/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The system's calls by which a program changes the files of one folder, on the model of a disk: the power may go, or
 * the process end, within any of them, the disk may be full, and may fail to keep what it is told to. A program that
 * has this has its own openat(), pwritev(), ftruncate(), fallocate(), renameat(), unlinkat(), dup3(), fdatasync() and
 * posix_fadvise(). One folder, and one thread. */
#pragma once

#include "power-cut-disk.h"

typedef enum {
  POWER_STAYS, /* the process ends, and the system goes on */
  POWER_GOES,  /* and what was not synced with it */
  POWER_TEARS, /* but for some */
  POWER_ENDS,
} PowerEnd;

typedef struct {
  gboolean reserves; /* the filesystem can take space ahead */
  gboolean fills;    /* is full now and then */
  gboolean fails;    /* a sync may fail: what it was to keep is taken for kept from then on, and is not */
} PowerDisk;

/* From now on. @path: of the folder @fd, which is empty; stays the caller's, as does @chance */
void power_begin (int fd, const char *path, GRand *chance, const PowerDisk *disk);
void power_end (void);

/* It ends within the @calls-th call from now on, after which all fail; 0: with power_cut() */
void power_arm (guint calls, PowerEnd end);
gboolean power_is_over (void);
/* It ends now, if it has not yet, and the folder holds what is left. */
void power_cut (PowerEnd end);
/* Neither full nor failing from now on, or as before. */
void power_be_kind (gboolean kind);
/* The next sync of a file, or of the folder, fails, and nothing of it is kept. */
void power_fail (gboolean folder);
/* As syncfs(2) does. */
void power_sync_all (void);
