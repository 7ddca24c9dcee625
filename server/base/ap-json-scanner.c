/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* JSON token by token, in place. */
#include "base/ap-json-scanner.h"

#include <string.h>

/* What may come next. */
enum {
  EXPECT_VALUE,
  EXPECT_VALUE_OR_END, /* just behind [ */
  EXPECT_KEY,
  EXPECT_KEY_OR_END, /* just behind { */
  EXPECT_SEPARATOR,  /* behind a value: a comma or the end of what it is in */
  EXPECT_NOTHING,    /* behind the outermost value */
  EXPECT_STOP,       /* after an error */
};

void
ap_json_scanner_init (ApJsonScanner *scanner, const char *text, gsize length)
{
  scanner->problem = NULL;
  scanner->fault = AP_JSON_FAULT_SYNTAX;
  scanner->at = scanner->start = text;
  scanner->end = text + length;
  scanner->expected = EXPECT_VALUE;
  scanner->depth = 0;
  scanner->objects = 0;
}

gsize
ap_json_scanner_offset (const ApJsonScanner *scanner)
{
  return (gsize)(scanner->at - scanner->start);
}

static ApJsonTokenType
fail (ApJsonScanner *scanner, ApJsonFault fault, const char *problem)
{
  scanner->problem = problem;
  scanner->fault = fault;
  scanner->expected = EXPECT_STOP;
  return AP_JSON_ERROR;
}

static void
skip_space (ApJsonScanner *scanner)
{
  while (scanner->at < scanner->end &&
         (*scanner->at == ' ' || *scanner->at == '\n' || *scanner->at == '\r' || *scanner->at == '\t'))
    scanner->at++;
}

static void
after_value (ApJsonScanner *scanner)
{
  scanner->expected = scanner->depth > 0 ? EXPECT_SEPARATOR : EXPECT_NOTHING;
}

/* --- strings --- */

/* The high bit of each byte of @word that ends a run of plain ASCII: a quote, a backslash, below 0x20 or above 0x7f.
 * Bytes behind the first such byte may be marked without being one. */
static guint64
special_bytes (guint64 word)
{
  const guint64 ones = G_GUINT64_CONSTANT (0x0101010101010101);
  guint64 quote = word ^ (ones * '"');
  guint64 backslash = word ^ (ones * '\\');
  guint64 marks = (word - ones * 0x20) | (quote - ones) | (backslash - ones) | word;

  return marks & (ones * 0x80);
}

/* The first byte of [@at, @end) that is not plain; @end without one. */
static const char *
skip_plain (const char *at, const char *end)
{
  guint64 word;

  while (end - at >= (gssize)sizeof word) {
    memcpy (&word, at, sizeof word);
    if (special_bytes (word) != 0)
      break;
    at += sizeof word;
  }
  while (at < end && *at != '"' && *at != '\\' && (guint8)*at >= 0x20 && (guint8)*at < 0x80)
    at++;
  return at;
}

/* The length of the escape at @at, which is a backslash; 0 for what is none. */
static gsize
escape_length (const char *at, const char *end)
{
  if (end - at < 2)
    return 0;
  if (at[1] != 'u')
    return strchr ("\"\\/bfnrt", at[1]) != NULL && at[1] != '\0' ? 2 : 0;
  if (end - at < 6)
    return 0;
  for (guint i = 2; i < 6; i++)
    if (!g_ascii_isxdigit (at[i]))
      return 0;
  return 6;
}

/* From behind the opening quote to behind the closing one. */
static gboolean
scan_string (ApJsonScanner *scanner, ApJsonToken *token)
{
  const char *at = scanner->at;
  gboolean ascii = TRUE;

  token->text = at;
  token->escaped = FALSE;
  while ((at = skip_plain (at, scanner->end)) < scanner->end && *at != '"') {
    gsize step = *at == '\\' ? escape_length (at, scanner->end) : (guint8)*at >= 0x80;

    scanner->at = at;
    if (step == 0) {
      fail (scanner, AP_JSON_FAULT_SYNTAX, *at == '\\' ? "no such escape" : "a control character within a string");
      return FALSE;
    }
    token->escaped |= *at == '\\';
    ascii &= *at == '\\';
    at += step;
  }
  token->length = (gsize)(at - token->text);
  if (at == scanner->end) {
    fail (scanner, AP_JSON_FAULT_SYNTAX, "a string without an end");
    return FALSE;
  }
  if (!ascii && !g_utf8_validate_len (token->text, token->length, NULL)) {
    fail (scanner, AP_JSON_FAULT_UTF8, "a string that is not UTF-8");
    return FALSE;
  }
  scanner->at = at + 1;
  return TRUE;
}

/* --- numbers and words --- */

static gboolean
skip_digits (const char **at, const char *end)
{
  const char *from = *at;

  while (*at < end && g_ascii_isdigit (**at))
    (*at)++;
  return *at > from;
}

static gboolean
skip_number (const char **at, const char *end)
{
  if (*at < end && **at == '-')
    (*at)++;
  if (*at < end && **at == '0')
    (*at)++;
  else if (!skip_digits (at, end))
    return FALSE;
  if (*at < end && **at == '.') {
    (*at)++;
    if (!skip_digits (at, end))
      return FALSE;
  }
  if (*at < end && (**at == 'e' || **at == 'E')) {
    (*at)++;
    if (*at < end && (**at == '+' || **at == '-'))
      (*at)++;
    return skip_digits (at, end);
  }
  return TRUE;
}

static gboolean
skip_word (ApJsonScanner *scanner, const char *word)
{
  gsize length = strlen (word);

  if ((gsize)(scanner->end - scanner->at) < length || memcmp (scanner->at, word, length) != 0)
    return FALSE;
  scanner->at += length;
  return TRUE;
}

static ApJsonTokenType
scan_bare (ApJsonScanner *scanner, ApJsonToken *token)
{
  ApJsonTokenType type = AP_JSON_ERROR;

  token->text = scanner->at;
  token->escaped = FALSE;
  if (*scanner->at == '-' || g_ascii_isdigit (*scanner->at))
    type = skip_number (&scanner->at, scanner->end) ? AP_JSON_NUMBER : AP_JSON_ERROR;
  else if (skip_word (scanner, "true") || skip_word (scanner, "false"))
    type = AP_JSON_BOOLEAN;
  else if (skip_word (scanner, "null"))
    type = AP_JSON_NULL;
  if (type == AP_JSON_ERROR)
    return fail (scanner, AP_JSON_FAULT_SYNTAX, "expected a value");
  token->length = (gsize)(scanner->at - token->text);
  after_value (scanner);
  return type;
}

/* --- structure --- */

static ApJsonTokenType
open_container (ApJsonScanner *scanner, gboolean object)
{
  if (scanner->depth == AP_JSON_MAX_DEPTH)
    return fail (scanner, AP_JSON_FAULT_DEPTH, "nested too deep");
  scanner->at++;
  scanner->depth++;
  scanner->objects = scanner->objects << 1 | (guint32)object;
  scanner->expected = object ? EXPECT_KEY_OR_END : EXPECT_VALUE_OR_END;
  return object ? AP_JSON_OBJECT : AP_JSON_ARRAY;
}

static ApJsonTokenType
close_container (ApJsonScanner *scanner)
{
  gboolean object = scanner->objects & 1;

  scanner->at++;
  scanner->depth--;
  scanner->objects >>= 1;
  after_value (scanner);
  return object ? AP_JSON_OBJECT_END : AP_JSON_ARRAY_END;
}

static ApJsonTokenType
scan_value (ApJsonScanner *scanner, ApJsonToken *token)
{
  switch (*scanner->at) {
  case '{':
    return open_container (scanner, TRUE);
  case '[':
    return open_container (scanner, FALSE);
  case '"':
    scanner->at++;
    if (!scan_string (scanner, token))
      return AP_JSON_ERROR;
    after_value (scanner);
    return AP_JSON_STRING;
  default:
    return scan_bare (scanner, token);
  }
}

static ApJsonTokenType
scan_key (ApJsonScanner *scanner, ApJsonToken *token)
{
  if (*scanner->at != '"')
    return fail (scanner, AP_JSON_FAULT_SYNTAX, "expected the name of a member");
  scanner->at++;
  if (!scan_string (scanner, token))
    return AP_JSON_ERROR;
  skip_space (scanner);
  if (scanner->at == scanner->end || *scanner->at != ':')
    return fail (scanner, AP_JSON_FAULT_SYNTAX, "expected a colon");
  scanner->at++;
  scanner->expected = EXPECT_VALUE;
  return AP_JSON_KEY;
}

static gboolean
is_end_of_container (const ApJsonScanner *scanner)
{
  return *scanner->at == (scanner->objects & 1 ? '}' : ']');
}

static ApJsonTokenType
scan_token (ApJsonScanner *scanner, ApJsonToken *token)
{
  skip_space (scanner);
  if (scanner->expected == EXPECT_NOTHING)
    return scanner->at == scanner->end ? AP_JSON_END
                                       : fail (scanner, AP_JSON_FAULT_SYNTAX, "there is more behind the value");
  if (scanner->at == scanner->end)
    return fail (scanner, AP_JSON_FAULT_SYNTAX, "the text ends too early");
  if (scanner->expected == EXPECT_SEPARATOR && *scanner->at == ',') {
    scanner->at++;
    skip_space (scanner);
    if (scanner->at == scanner->end)
      return fail (scanner, AP_JSON_FAULT_SYNTAX, "the text ends too early");
    return scanner->objects & 1 ? scan_key (scanner, token) : scan_value (scanner, token);
  }
  if (scanner->expected != EXPECT_VALUE && scanner->expected != EXPECT_KEY && is_end_of_container (scanner))
    return close_container (scanner);
  if (scanner->expected == EXPECT_SEPARATOR)
    return fail (scanner, AP_JSON_FAULT_SYNTAX, "expected a comma");
  if (scanner->expected == EXPECT_KEY || scanner->expected == EXPECT_KEY_OR_END)
    return scan_key (scanner, token);
  return scan_value (scanner, token);
}

ApJsonTokenType
ap_json_scanner_next (ApJsonScanner *scanner, ApJsonToken *token)
{
  if (scanner->expected == EXPECT_STOP)
    return token->type = AP_JSON_ERROR;
  return token->type = scan_token (scanner, token);
}
