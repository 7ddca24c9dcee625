/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

/* Reads JSON (RFC 8259) token by token, in place: no allocation, no tree. For messages that come many times a second:
 * json-glib's parser takes about ten times as long over one of them.
 *
 * Strict: no comments, no trailing commas, no leading zeros, nothing behind the value; strings are UTF-8. Left to the
 * caller: members of the same name come one after the other, numbers are not converted, and strings stay as they are
 * written until ap_json_token_unescape().
 */
typedef enum {
  AP_JSON_END,   /* the text was one whole value */
  AP_JSON_ERROR, /* it is not: see @problem and @code */
  AP_JSON_OBJECT,
  AP_JSON_OBJECT_END,
  AP_JSON_ARRAY,
  AP_JSON_ARRAY_END,
  AP_JSON_KEY, /* of the member whose value comes next */
  AP_JSON_STRING,
  AP_JSON_NUMBER,
  AP_JSON_BOOLEAN,
  AP_JSON_NULL,
} ApJsonTokenType;

typedef struct {
  ApJsonTokenType type;
  const char *text; /* of a key or a string without the quotes, of the rest as it stands; not terminated */
  gsize length;     /* bytes */
  gboolean escaped; /* a key or a string that has a backslash in it */
} ApJsonToken;

/* What an AP_JSON_ERROR is about. */
typedef enum {
  AP_JSON_FAULT_SYNTAX,
  AP_JSON_FAULT_UTF8,
  AP_JSON_FAULT_DEPTH,
} ApJsonFault;

/* Objects and arrays within each other. */
#define AP_JSON_MAX_DEPTH 16

typedef struct {
  const char *problem; /* after AP_JSON_ERROR: what is wrong, a constant */
  ApJsonFault fault;
  /*< private >*/
  const char *at;
  const char *start;
  const char *end;
  guint expected;
  guint depth;
  guint32 objects; /* a bit for each level, the innermost lowest: it is an object */
} ApJsonScanner;

/* @text must stay until the last token has been used. */
void ap_json_scanner_init (ApJsonScanner *scanner, const char *text, gsize length);

/* The next token, and its type. After AP_JSON_END and AP_JSON_ERROR: the same again. */
ApJsonTokenType ap_json_scanner_next (ApJsonScanner *scanner, ApJsonToken *token);

/* Where the scanner stands, in bytes from the start. */
gsize ap_json_scanner_offset (const ApJsonScanner *scanner);

/**
 * ap_json_token_unescape:
 * @token: a key or a string
 * @out: (out caller-allocates): takes token->length bytes at most, and is not terminated
 *
 * Returns: the number of bytes written; -1 when the string has no UTF-8 form (half a surrogate pair) or holds a NUL,
 * which no name of ours may
 */
gssize ap_json_token_unescape (const ApJsonToken *token, char *out);

/* Appends @text, which is UTF-8, to @out as the inside of a JSON string. */
void ap_json_append_escaped (GString *out, const char *text);
