/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "endpoints/recording/ap-recording-index.h"

#include <sqlite3.h>

/* The index's fields, for the files that it is made of. */

typedef enum {
  PUT,
  REMOVE,
  GET,
  LIST, /* and three more, by what is filtered */
  COUNT = LIST + 4,
  SUM_ENDED = COUNT + 4,
  OLDER_THAN,
  N_STATEMENTS,
} ApRecordingIndexStatement;

enum { BY_STATUS = 1, BY_USER = 2 };

struct _ApRecordingIndex {
  char *path;
  gboolean replaces; /* one that could not be used */
  GMutex lock;       /* for all that follows */
  sqlite3 *db;
  sqlite3_stmt *prepared[N_STATEMENTS];
  GHashTable *owed; /* rows that could not be written yet: ApRecordingInfo by its id */
};

/* Somebody may look at the file with another program. */
#define AP_RECORDING_INDEX_BUSY_MS 2000

/* Marks it as complete. */
gboolean ap_recording_index_set_version (ApRecordingIndex *index, GError **error);
void ap_recording_index_close (ApRecordingIndex *index);
/* What SQLite has just said. FALSE */
gboolean ap_recording_index_fail (ApRecordingIndex *index, GError **error);
