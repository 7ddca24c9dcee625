/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "net/ap-http-request.h"

/* Answers with the bytes of a file: all of them, or the range that the client asks for (RFC 9110, section 14). */

typedef enum {
  AP_HTTP_RANGE_WHOLE,         /* 200: no range, one that is malformed, or several */
  AP_HTTP_RANGE_PART,          /* 206 */
  AP_HTTP_RANGE_UNSATISFIABLE, /* 416: it begins behind the end */
} ApHttpRange;

/**
 * ap_http_range_parse:
 * @range: (nullable): the header's value: `bytes=0-99`, `bytes=100-`, `bytes=-100`
 * @length: of the whole
 * @begin: (out): of a part, or of the whole: its first byte
 * @end: (out): the byte behind its last
 *
 * What a server may ignore (section 14.2) is the whole: other units, several ranges at once, nonsense.
 */
ApHttpRange ap_http_range_parse (const char *range, goffset length, goffset *begin, goffset *end);

/* A whole, of which a file holds all but perhaps the beginning. */
typedef struct {
  int fd;           /* taken: closed when it is no longer needed */
  GBytes *head;     /* (nullable): in place of the file's first bytes; at most AP_HTTP_PIECE_BYTES */
  goffset length;   /* head included; what the file has beyond is left out */
  const char *etag; /* (nullable): a strong one, with its quotes, for If-Range and If-None-Match */
} ApHttpFile;

/**
 * ap_http_request_respond_file:
 * @content_type: of the whole
 *
 * Answers with 200, 206, 304 or 416, from any thread. The file is read elsewhere than on the worker, a piece of
 * AP_HTTP_PIECE_BYTES when the one before has gone out, so that a client that reads slowly costs no more memory, and
 * one that leaves ends it. The client has the time of any long answer. If the file cannot be read as far as @length the
 * connection ends before the answer does.
 */
void ap_http_request_respond_file (ApHttpRequest *request, const char *content_type, const ApHttpFile *file);
