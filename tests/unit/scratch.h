/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A folder of a test's own, for files that are to be found, damaged, and gone afterwards. */
#pragma once

#include <gio/gio.h>
#include <fcntl.h>
#include <unistd.h>

typedef struct {
  char *path; /* NULL: of a filesystem without a name */
  int fd;
} Scratch;

void scratch_set_up (Scratch *scratch, gconstpointer data);

/* In memory, where there is such a place: for tests that sync thousands of times. */
void scratch_set_up_quick (Scratch *scratch, gconstpointer data);

/* A filesystem of @size, e.g. `1m`, that is gone with the last descriptor in it. FALSE: this process may not mount. */
gboolean scratch_set_up_small (Scratch *scratch, const char *size);

/* Removes the files too. */
void scratch_tear_down (Scratch *scratch, gconstpointer data);

void scratch_put (Scratch *scratch, const char *name, gconstpointer data, gsize length);

void scratch_cut (Scratch *scratch, const char *name, goffset length);

/* All of it; NULL: there is no such file. */
GByteArray *scratch_get (Scratch *scratch, const char *name);

/* Leaves not a block free, with a file `filler`. */
void scratch_fill (Scratch *scratch);
