/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "base/ap-option.h"

/* Tables of options, and the structs that their values are put into. What is loaded later goes before what was loaded
 * earlier. Errors name the setting, the value and what is valid. */
typedef struct _ApOptionSet ApOptionSet;

ApOptionSet *ap_option_set_new (void);
/* Frees the texts in the structs as well. */
void ap_option_set_free (ApOptionSet *set);

/**
 * ap_option_set_add:
 * @options: a table, up to a row without a name; must outlive @set
 * @values: the struct that its offsets are in; all zero, and must outlive @set
 */
void ap_option_set_add (ApOptionSet *set, const ApOption *options, gpointer values);

gboolean ap_option_set_load_defaults (ApOptionSet *set, GError **error);
/* @folder: where a `.env` file is looked for. AP_ERROR_CONFIG */
gboolean ap_option_set_load_file (ApOptionSet *set, const char *folder, GError **error);
/* AP_ERROR_CONFIG */
gboolean ap_option_set_load_environment (ApOptionSet *set, GError **error);
/* @arguments: the command line without the program's name. AP_ERROR_USAGE */
gboolean ap_option_set_load_arguments (ApOptionSet *set, char **arguments, GError **error);

/* The lines of --help, with a heading for each group. */
void ap_option_set_append_help (const ApOptionSet *set, GString *help);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (ApOptionSet, ap_option_set_free)
