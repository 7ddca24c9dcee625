/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "metrics-text.h"

#include <math.h>
#include <string.h>

#define NAME  "[a-zA-Z_:][a-zA-Z0-9_:]*"
#define LABEL "[a-zA-Z_][a-zA-Z0-9_]*=\"(?:[^\"\\\\\\n]|\\\\[\\\\n\"])*\""

typedef struct {
  GHashTable *series;
  GHashTable *families; /* those that have begun */
  char *family;         /* the one under way */
  char *type;           /* NULL: only its HELP has been there */
  double bucket;        /* the last of a histogram under way */
  gboolean last_bucket; /* it was that of +Inf */
} Parser;

static void
check_type (Parser *parser, const char *line, const char *name, double value)
{
  gboolean counter = g_strcmp0 (parser->type, "counter") == 0;

  if (counter && (value < 0 || !g_str_has_suffix (name, "_total")))
    g_test_fail_printf ("no counter: %s", line);
  if (!counter && g_str_has_suffix (name, "_total"))
    g_test_fail_printf ("a counter's name: %s", line);
}

static void
check_histogram (Parser *parser, const char *line, const char *suffix, double value)
{
  if (g_str_equal (suffix, "_bucket")) {
    if (value < parser->bucket)
      g_test_fail_printf ("less than the bucket before: %s", line);
    parser->bucket = value;
    parser->last_bucket = strstr (line, "le=\"+Inf\"") != NULL;
  } else if (g_str_equal (suffix, "_count")) {
    if (!parser->last_bucket || value != parser->bucket)
      g_test_fail_printf ("not the last bucket: %s", line);
    parser->bucket = 0;
  } else if (!g_str_equal (suffix, "_sum") || value < 0) {
    g_test_fail_printf ("no part of a histogram: %s", line);
  }
}

static void
take_value (Parser *parser, const char *line)
{
  g_autoptr (GRegex) regex =
      g_regex_new ("^((" NAME ")(?:\\{" LABEL "(?:," LABEL ")*\\})?) ([^ ]+)$", G_REGEX_DOLLAR_ENDONLY, 0, NULL);
  g_autoptr (GMatchInfo) match = NULL;
  g_autofree char *series = NULL;
  g_autofree char *name = NULL;
  g_autofree char *number = NULL;
  char *end = NULL;
  double value;

  if (!g_regex_match (regex, line, 0, &match)) {
    g_test_fail_printf ("not a line of the format: %s", line);
    return;
  }
  series = g_match_info_fetch (match, 1);
  name = g_match_info_fetch (match, 2);
  number = g_match_info_fetch (match, 3);
  value = g_ascii_strtod (number, &end);
  if (*end != '\0' || !isfinite (value))
    g_test_fail_printf ("no number: %s", line);
  if (parser->type == NULL || !g_str_has_prefix (name, parser->family))
    g_test_fail_printf ("outside its family: %s", line);
  else if (g_str_equal (parser->type, "histogram"))
    check_histogram (parser, line, name + strlen (parser->family), value);
  else if (!g_str_equal (name, parser->family))
    g_test_fail_printf ("outside its family: %s", line);
  check_type (parser, line, name, value);
  if (!g_hash_table_insert (parser->series, g_steal_pointer (&series), g_memdup2 (&value, sizeof value)))
    g_test_fail_printf ("twice: %s", line);
}

static void
take_help (Parser *parser, const char *line)
{
  g_auto (GStrv) words = g_strsplit (line, " ", 4);

  if (g_strv_length (words) < 4 || *words[3] == '\0' || !g_str_has_prefix (words[2], "audio_pipeline_") ||
      !g_regex_match_simple ("^" NAME "$", words[2], 0, 0) || !g_hash_table_add (parser->families, g_strdup (words[2])))
    g_test_fail_printf ("no help, or twice: %s", line);
  g_free (parser->family);
  parser->family = g_strdup (words[2]);
  g_clear_pointer (&parser->type, g_free);
}

static void
take_type (Parser *parser, const char *line)
{
  static const char *const types[] = { "counter", "gauge", "histogram", NULL };
  g_auto (GStrv) words = g_strsplit (line, " ", -1);

  if (g_strv_length (words) != 4 || parser->type != NULL || g_strcmp0 (words[2], parser->family) != 0 ||
      !g_strv_contains (types, words[3]))
    g_test_fail_printf ("no type, or not behind its help: %s", line);
  else
    parser->type = g_strdup (words[3]);
}

GHashTable *
metrics_text_parse (const char *text)
{
  Parser parser = { 0 };
  g_auto (GStrv) lines = g_strsplit (text, "\n", -1);
  guint n = g_strv_length (lines);

  parser.series = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, g_free);
  parser.families = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  if (n < 2 || *lines[n - 1] != '\0')
    g_test_fail_printf ("no text, or its last line does not end: '%s'", text);
  for (guint i = 0; i + 1 < n; i++)
    if (g_str_has_prefix (lines[i], "# HELP "))
      take_help (&parser, lines[i]);
    else if (g_str_has_prefix (lines[i], "# TYPE "))
      take_type (&parser, lines[i]);
    else
      take_value (&parser, lines[i]);
  g_hash_table_unref (parser.families);
  g_free (parser.family);
  g_free (parser.type);
  return parser.series;
}
