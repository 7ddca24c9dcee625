/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* An answer of HTTP, taken apart. */
#include "http-answer.h"

#include <string.h>

void
http_answer_free (HttpAnswer *answer)
{
  g_free (answer->head);
  g_free (answer->body);
  g_free (answer);
}

char *
http_answer_header (const HttpAnswer *answer, const char *name)
{
  g_auto (GStrv) lines = g_strsplit (answer->head, "\r\n", -1);
  gsize len = strlen (name);

  for (gsize i = 1; lines[0] != NULL && lines[i] != NULL; i++)
    if (g_ascii_strncasecmp (lines[i], name, len) == 0 && lines[i][len] == ':')
      return g_strstrip (g_strdup (lines[i] + len + 1));
  return NULL;
}

HttpAnswer *
http_answer_parse_head (const char *head, gsize len)
{
  HttpAnswer *answer = g_new0 (HttpAnswer, 1);

  answer->head = g_strndup (head, len);
  if (g_str_has_prefix (answer->head, "HTTP/1.1 ") || g_str_has_prefix (answer->head, "HTTP/1.0 "))
    answer->status = (guint)g_ascii_strtoull (answer->head + strlen ("HTTP/1.1 "), NULL, 10);
  return answer;
}
