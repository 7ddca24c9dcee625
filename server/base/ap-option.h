/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

/* A setting of the server or of a room, as a row of a table: its option, its variable in the environment and in `.env`,
 * and its line in --help all come from here. */

typedef enum {
  AP_OPTION_COMMAND, /* gboolean: what to do instead of serving; on the command line only */
  AP_OPTION_FLAG,    /* gboolean */
  AP_OPTION_NUMBER,  /* gint64 */
  AP_OPTION_TEXT,    /* char *, valid UTF-8; NULL when it is not set */
  AP_OPTION_SECRET,  /* a text that no message repeats */
  AP_OPTION_CHOICE,  /* char *, one of @choices */
} ApOptionKind;

typedef struct {
  const char *group; /* heading in --help; NULL: as above */
  const char *name;
  ApOptionKind kind;
  gsize offset; /* in the struct of settings */
  const char *value_name;
  const char *default_value; /* NULL: none */
  const char *help;
  gint64 least, most;      /* of a number */
  const char *choices[20]; /* of a choice; one without a default may be left empty */
  const char *variable;    /* NULL: `AUDIO_` and the name in capitals */
} ApOption;
