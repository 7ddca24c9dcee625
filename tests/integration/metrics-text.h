/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Prometheus' text format (0.0.4), read line by line and held to its rules. */
#pragma once

#include <glib.h>

/**
 * metrics_text_parse:
 *
 * Fails the test at each line that is not in order: a family without HELP and TYPE before it or in two places, a name
 * or a label that is none, a series that is there twice, a value that is no number, a counter that is negative or not
 * called _total, buckets that do not grow or whose last is not the count.
 *
 * Returns: (transfer full): a table from series, as in `name{label="value"}`, to value, a double
 */
GHashTable *metrics_text_parse (const char *text);
