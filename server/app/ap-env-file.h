/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

/**
 * ap_env_file_parse:
 * @text: `KEY=value` lines; blank lines, `#` comments, a leading `export` and single or double quotes around a value
 * are understood
 *
 * Returns: (transfer full): a table from key to value, both strings; NULL with AP_ERROR_CONFIG naming the line
 */
GHashTable *ap_env_file_parse (const char *text, GError **error);
