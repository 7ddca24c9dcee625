/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* An answer of HTTP, taken apart. */
#pragma once

#include <glib.h>

/* An answer of HTTP: status code, the head as text, the body. */
typedef struct {
  guint status;
  char *head;
  char *body;
  gsize body_len;
} HttpAnswer;

void http_answer_free (HttpAnswer *answer);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (HttpAnswer, http_answer_free)

/* Returns: (transfer full) (nullable): the value of a header of that name, in any case */
char *http_answer_header (const HttpAnswer *answer, const char *name);

/* Takes the head apart, which ends with an empty line. Returns: (transfer full): an answer without a body yet */
HttpAnswer *http_answer_parse_head (const char *head, gsize len);
