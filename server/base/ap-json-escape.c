/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The inside of JSON strings, to and from UTF-8. */
#include "base/ap-json-scanner.h"

#include <string.h>

static guint
hex4 (const char *digits)
{
  guint value = 0;

  for (guint i = 0; i < 4; i++)
    value = value << 4 | (guint)g_ascii_xdigit_value (digits[i]);
  return value;
}

/* The character of the \u escape at *@at, which may be two of them; 0 when there is none. Moves *@at behind it. */
static gunichar
unicode_escape (const char **at, const char *end)
{
  guint high = hex4 (*at + 2);
  guint low;

  *at += 6;
  if (high < 0xd800 || high > 0xdfff)
    return high;
  if (high > 0xdbff || end - *at < 6 || (*at)[0] != '\\' || (*at)[1] != 'u')
    return 0;
  low = hex4 (*at + 2);
  if (low < 0xdc00 || low > 0xdfff)
    return 0;
  *at += 6;
  return 0x10000 + ((high - 0xd800) << 10) + (low - 0xdc00);
}

static char
short_escape (char letter)
{
  switch (letter) {
  case 'b':
    return '\b';
  case 'f':
    return '\f';
  case 'n':
    return '\n';
  case 'r':
    return '\r';
  case 't':
    return '\t';
  default: /* a quote, a slash, a backslash: themselves */
    return letter;
  }
}

gssize
ap_json_token_unescape (const ApJsonToken *token, char *out)
{
  const char *at = token->text;
  const char *end = token->text + token->length;
  char *to = out;

  if (!token->escaped) {
    memcpy (out, token->text, token->length);
    return (gssize)token->length;
  }
  while (at < end) {
    if (*at != '\\') {
      *to++ = *at++;
    } else if (at[1] != 'u') {
      *to++ = short_escape (at[1]);
      at += 2;
    } else {
      gunichar character = unicode_escape (&at, end);

      if (character == 0)
        return -1;
      to += g_unichar_to_utf8 (character, to);
    }
  }
  return to - out;
}

void
ap_json_append_escaped (GString *out, const char *text)
{
  static const char hex[] = "0123456789abcdef";

  for (const char *at = text; *at != '\0'; at++) {
    gsize plain = 0;

    while ((guint8)at[plain] >= 0x20 && at[plain] != '"' && at[plain] != '\\')
      plain++;
    g_string_append_len (out, at, (gssize)plain);
    at += plain;
    if (*at == '\0')
      break;
    g_string_append_c (out, '\\');
    if (*at == '"' || *at == '\\') {
      g_string_append_c (out, *at);
    } else {
      g_string_append (out, "u00");
      g_string_append_c (out, hex[(guint8)*at >> 4]);
      g_string_append_c (out, hex[*at & 15]);
    }
  }
}
