/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What embed.py has made of the documents and pages. */
#pragma once

#include <glib.h>

typedef struct {
  const char *path; /* of HTTP */
  const char *type;
  const char *tag;   /* of its text: changes with it */
  const char *plain; /* NULL: there is @packed only */
  gsize plain_length;
  const char *packed; /* by gzip */
  gsize packed_length;
} ApDocsFile;

extern const ApDocsFile ap_docs_files[]; /* up to one without a path */
