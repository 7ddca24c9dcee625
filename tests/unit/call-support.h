/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What the tests of calls share: messages as one line of text, and the examples of the pages in docs/protocols. */
#pragma once

#include "endpoints/twilio/ap-call-dialect.h"

/* (transfer full): what @text says, e.g. `MARK stream=MZ1 name=a`; `error BAD_BASE64` when it is refused. Members that
 * the message does not have are left out. */
char *call_describe (const ApCallDialect *dialect, const char *text, gssize length);
char *call_describe_message (const ApCallMessage *message);

/* (transfer full): the message for a command; `error UNSUPPORTED` when it cannot be said. */
char *call_say (const ApCallDialect *dialect, const ApCallCommand *command);

/* A block of code on a page. */
typedef struct {
  char *chapter, *section; /* the headings of the second and the third level above it */
  char *language;          /* behind the three marks */
  char *body;              /* without the last line end */
} CallExample;

/* (transfer full) (element-type CallExample): those of docs/protocols/@page. */
GPtrArray *call_examples (const char *page);
