/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "endpoints/recording/ap-recording-settings.h"
#include "endpoints/recording/ap-recording-writer.h"

#include <sys/resource.h>

/* A folder for the recordings of a test, and writers in it. What fails here ends the test. */
typedef struct {
  char *path; /* (nullable) */
  ApDecoderLauncher *launcher;
  ApRecordingWriterSettings settings;
  guint journaled;
  guint64 allowed, claimed; /* bytes of a recording */
} Folder;

/* (nullable): the limits of the process from the next chunk that is journaled on */
extern const struct rlimit *folder_on_refusal;

Folder *folder_new (void);
/* @fd: (transfer full): of a folder that has no path, and goes with its last descriptor */
Folder *folder_new_at (int fd);
/* Of a store that is in the folder at @path, which is kept. */
ApRecordingSettings folder_store_settings (char *path);
void folder_free (Folder *folder);
void folder_on_journaled (gpointer owner);
ApRecordingWriter *folder_create (Folder *folder, char *id, ApRecordingFormat format, guint rate, guint channels);
/* From now on. */
void folder_allow (Folder *folder, ApRecordingWriter *writer, guint64 bytes);
ApRecordingWriter *folder_recover (Folder *folder, const char *id);
void folder_append (Folder *folder, ApRecordingWriter *writer, const guint8 *data, gsize length);
void folder_refuse (Folder *folder, ApRecordingWriter *writer, const guint8 *data, gsize length, int code);
char *folder_path (Folder *folder, const char *id, const char *suffix);
GBytes *folder_finish (Folder *folder, ApRecordingWriter *writer, const char *id);
