/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* JSON token by token: what RFC 8259 takes, what it refuses, and strings to and from UTF-8. */
#include "base/ap-json-scanner.h"

#include <string.h>

/* The tokens in one line: brackets, strings in quotes with keys before a colon, and the rest as it stands. */
static char *
tokens_of (const char *text, gsize length)
{
  static const char *const marks[] = {
    [AP_JSON_OBJECT] = "{", [AP_JSON_OBJECT_END] = "}", [AP_JSON_ARRAY] = "[", [AP_JSON_ARRAY_END] = "]"
  };
  GString *line = g_string_new (NULL);
  g_autofree char *copy = g_memdup2 (text, length); /* its exact size */
  ApJsonScanner scanner;
  ApJsonToken token;

  ap_json_scanner_init (&scanner, length > 0 ? copy : "", length);
  while (ap_json_scanner_next (&scanner, &token) > AP_JSON_ERROR) {
    if (token.type <= AP_JSON_ARRAY_END)
      g_string_append (line, marks[token.type]);
    else if (token.type == AP_JSON_KEY || token.type == AP_JSON_STRING)
      g_string_append_printf (line, "'%.*s'%s", (gint)token.length, token.text, token.type == AP_JSON_KEY ? ":" : "");
    else
      g_string_append_printf (line, " %.*s", (gint)token.length, token.text);
  }
  g_assert_cmpint (ap_json_scanner_next (&scanner, &token), ==, token.type);
  g_assert_cmpuint (ap_json_scanner_offset (&scanner), <=, length);
  if (token.type == AP_JSON_END)
    return g_string_free (line, FALSE);
  g_string_free (line, TRUE);
  return g_strdup_printf ("error %d", scanner.fault);
}

static const struct {
  const char *text, *tokens;
} good[] = {
  { "{}", "{}" },
  { " \t\r\n{ } ", "{}" },
  { "[]", "[]" },
  { "[ ]", "[]" },
  { "\"\"", "''" },
  { "null", " null" },
  { "[true,false,null]", "[ true false null]" },
  { "{\"a\":1}", "{'a': 1}" },
  { "{ \"a\" : 1 , \"b\" : [ 2 , { } ] }", "{'a': 1'b':[ 2{}]}" },
  { "{\"a\":1,\"a\":2}", "{'a': 1'a': 2}" },
  { "[[[[[[[[[[[[[[[[]]]]]]]]]]]]]]]]", "[[[[[[[[[[[[[[[[]]]]]]]]]]]]]]]]" },
  { "{\"a\":[{\"b\":[{}]}],\"c\":{}}", "{'a':[{'b':[{}]}]'c':{}}" },
  { "[0,-0,1,-1,10,0.5,-0.5,1e1,1E+1,1e-1,1.5e10,123456789012345678901234567890]",
    "[ 0 -0 1 -1 10 0.5 -0.5 1e1 1E+1 1e-1 1.5e10 123456789012345678901234567890]" },
  { "\"\\\"\\\\\\/\\b\\f\\n\\r\\t\\u00e9\\ud83c\\udfa7\\u0000\\ud83c\"",
    "'\\\"\\\\\\/\\b\\f\\n\\r\\t\\u00e9\\ud83c\\udfa7\\u0000\\ud83c'" },
  { "\"caf\xc3\xa9 \xf0\x9f\x8e\xa7 in a longer string, \x7f\"",
    "'caf\xc3\xa9 \xf0\x9f\x8e\xa7 in a longer string, \x7f'" },
  { "\"//\"", "'//'" },
};

static const struct {
  const char *text;
  gint fault;
} bad[] = {
  { "", AP_JSON_FAULT_SYNTAX },
  { "  ", AP_JSON_FAULT_SYNTAX },
  { "{", AP_JSON_FAULT_SYNTAX },
  { "}", AP_JSON_FAULT_SYNTAX },
  { "[", AP_JSON_FAULT_SYNTAX },
  { "]", AP_JSON_FAULT_SYNTAX },
  { "[}", AP_JSON_FAULT_SYNTAX },
  { "{]", AP_JSON_FAULT_SYNTAX },
  { "[1", AP_JSON_FAULT_SYNTAX },
  { "[1,", AP_JSON_FAULT_SYNTAX },
  { "[1,]", AP_JSON_FAULT_SYNTAX },
  { "[,1]", AP_JSON_FAULT_SYNTAX },
  { "[1,,2]", AP_JSON_FAULT_SYNTAX },
  { "[1 2]", AP_JSON_FAULT_SYNTAX },
  { "[1}", AP_JSON_FAULT_SYNTAX },
  { "{\"a\"}", AP_JSON_FAULT_SYNTAX },
  { "{\"a\":}", AP_JSON_FAULT_SYNTAX },
  { "{\"a\":1,}", AP_JSON_FAULT_SYNTAX },
  { "{,\"a\":1}", AP_JSON_FAULT_SYNTAX },
  { "{\"a\":1 \"b\":2}", AP_JSON_FAULT_SYNTAX },
  { "{\"a\" 1}", AP_JSON_FAULT_SYNTAX },
  { "{a:1}", AP_JSON_FAULT_SYNTAX },
  { "{'a':1}", AP_JSON_FAULT_SYNTAX },
  { "{1:1}", AP_JSON_FAULT_SYNTAX },
  { "{null:1}", AP_JSON_FAULT_SYNTAX },
  { "{\"a\":1]", AP_JSON_FAULT_SYNTAX },
  { "{\"a", AP_JSON_FAULT_SYNTAX },
  { "{\"a\"", AP_JSON_FAULT_SYNTAX },
  { "{\"a\":", AP_JSON_FAULT_SYNTAX },
  { "{} {}", AP_JSON_FAULT_SYNTAX },
  { "{}x", AP_JSON_FAULT_SYNTAX },
  { "1 2", AP_JSON_FAULT_SYNTAX },
  { "nul", AP_JSON_FAULT_SYNTAX },
  { "nullx", AP_JSON_FAULT_SYNTAX },
  { "True", AP_JSON_FAULT_SYNTAX },
  { "NaN", AP_JSON_FAULT_SYNTAX },
  { "Infinity", AP_JSON_FAULT_SYNTAX },
  { "01", AP_JSON_FAULT_SYNTAX },
  { "-", AP_JSON_FAULT_SYNTAX },
  { "-a", AP_JSON_FAULT_SYNTAX },
  { "+1", AP_JSON_FAULT_SYNTAX },
  { ".5", AP_JSON_FAULT_SYNTAX },
  { "1.", AP_JSON_FAULT_SYNTAX },
  { "1.e1", AP_JSON_FAULT_SYNTAX },
  { "1e", AP_JSON_FAULT_SYNTAX },
  { "1e+", AP_JSON_FAULT_SYNTAX },
  { "0x10", AP_JSON_FAULT_SYNTAX },
  { "/* c */ {}", AP_JSON_FAULT_SYNTAX },
  { "{} // c", AP_JSON_FAULT_SYNTAX },
  { "# c\n{}", AP_JSON_FAULT_SYNTAX },
  { "\xef\xbb\xbf{}", AP_JSON_FAULT_SYNTAX },
  { "\"", AP_JSON_FAULT_SYNTAX },
  { "\"abcdefghijkl", AP_JSON_FAULT_SYNTAX },
  { "\"\\", AP_JSON_FAULT_SYNTAX },
  { "\"\\\"", AP_JSON_FAULT_SYNTAX },
  { "\"\\x\"", AP_JSON_FAULT_SYNTAX },
  { "\"\\'\"", AP_JSON_FAULT_SYNTAX },
  { "\"\\u12\"", AP_JSON_FAULT_SYNTAX },
  { "\"\\u123g\"", AP_JSON_FAULT_SYNTAX },
  { "\"\\U0041\"", AP_JSON_FAULT_SYNTAX },
  { "\"a\nb\"", AP_JSON_FAULT_SYNTAX },
  { "\"a\tb\"", AP_JSON_FAULT_SYNTAX },
  { "\"abcdefg\x1fhijklmnop\"", AP_JSON_FAULT_SYNTAX },
  { "\"\xff\"", AP_JSON_FAULT_UTF8 },
  { "\"\xc3\"", AP_JSON_FAULT_UTF8 },
  { "\"\xc0\x80\"", AP_JSON_FAULT_UTF8 },
  { "\"\xed\xa0\x80\"", AP_JSON_FAULT_UTF8 },
  { "{\"\xff\":1}", AP_JSON_FAULT_UTF8 },
  { "[[[[[[[[[[[[[[[[[]]]]]]]]]]]]]]]]]", AP_JSON_FAULT_DEPTH },
  { "{\"a\":[[[[[[[[[[[[[[[[", AP_JSON_FAULT_DEPTH },
};

static void
test_good (void)
{
  for (guint i = 0; i < G_N_ELEMENTS (good); i++) {
    g_autofree char *tokens = tokens_of (good[i].text, strlen (good[i].text));

    g_assert_cmpstr (tokens, ==, good[i].tokens);
  }
}

static void
test_bad (void)
{
  for (guint i = 0; i < G_N_ELEMENTS (bad); i++) {
    g_autofree char *tokens = tokens_of (bad[i].text, strlen (bad[i].text));
    g_autofree char *expected = g_strdup_printf ("error %d", bad[i].fault);

    g_test_message ("row %u", i);
    g_assert_cmpstr (tokens, ==, expected);
  }
}

/* A text cut anywhere is an error, never a value. */
static void
test_cut (void)
{
  static const char text[] = "{\"a\":[1.5e3,\"b\\u00e9\",{\"c\":true}],\"d\":null}";

  for (gsize length = 0; length < strlen (text); length++) {
    g_autofree char *tokens = tokens_of (text, length);

    g_assert_cmpstr (tokens, ==, "error 0");
  }
}

/* What ends a run of plain bytes is found wherever it stands, in a string of every length. */
static void
test_positions (void)
{
  static const char specials[] = { '"', '\\', '\0', '\n', 0x1f, (char)0x80, (char)0xff };

  for (gsize length = 1; length < 40; length++) {
    for (gsize at = 0; at < length; at++) {
      for (guint i = 0; i < sizeof specials; i++) {
        g_autofree char *text = g_strnfill (length + 2, 'x');
        g_autofree char *tokens = NULL;

        text[0] = text[length + 1] = '"';
        text[1 + at] = specials[i];
        tokens = tokens_of (text, length + 2);
        g_assert_true (g_str_has_prefix (tokens, "error "));
      }
    }
  }
}

static const struct {
  const char *string; /* with its quotes */
  const char *text;   /* NULL: it is no text of ours */
} strings[] = {
  { "\"\"", "" },
  { "\"plain\"", "plain" },
  { "\"\\\"\\\\\\/\"", "\"\\/" },
  { "\"\\b\\f\\n\\r\\t\"", "\b\f\n\r\t" },
  { "\"\\u0041\\u00e9\\u20ac\"", "A\xc3\xa9\xe2\x82\xac" },
  { "\"\\uD83C\\udfa7!\"", "\xf0\x9f\x8e\xa7!" },
  { "\"\\u0000\"", NULL },
  { "\"a\\u0000b\"", NULL },
  { "\"\\ud83c\"", NULL },
  { "\"\\ud83cx\"", NULL },
  { "\"\\ud83c\\n\"", NULL },
  { "\"\\ud83c\\u0041\"", NULL },
  { "\"\\udfa7\"", NULL },
  { "\"\\udfa7\\ud83c\"", NULL },
};

static void
test_unescape (void)
{
  for (guint i = 0; i < G_N_ELEMENTS (strings); i++) {
    ApJsonScanner scanner;
    ApJsonToken token;
    char text[64];
    gssize length;

    ap_json_scanner_init (&scanner, strings[i].string, strlen (strings[i].string));
    g_assert_cmpint (ap_json_scanner_next (&scanner, &token), ==, AP_JSON_STRING);
    length = ap_json_token_unescape (&token, text);
    if (strings[i].text != NULL)
      g_assert_cmpmem (text, length, strings[i].text, strlen (strings[i].text));
    else
      g_assert_cmpint (length, ==, -1);
    g_assert_cmpint (length, <=, (gssize)token.length);
  }
}

static void
test_escape (void)
{
  static const char *const texts[] = {
    "", "plain", "\"", "\\", "a\"b\\c", "\x01\x1f\x7f\n", "caf\xc3\xa9 \xf0\x9f\x8e\xa7", "</script>", "%s %n"
  };

  for (guint i = 0; i < G_N_ELEMENTS (texts); i++) {
    g_autoptr (GString) json = g_string_new ("\"");
    ApJsonScanner scanner;
    ApJsonToken token;
    char text[64];

    ap_json_append_escaped (json, texts[i]);
    g_string_append_c (json, '"');
    ap_json_scanner_init (&scanner, json->str, json->len);
    g_assert_cmpint (ap_json_scanner_next (&scanner, &token), ==, AP_JSON_STRING);
    g_assert_cmpmem (text, ap_json_token_unescape (&token, text), texts[i], strlen (texts[i]));
    g_assert_cmpint (ap_json_scanner_next (&scanner, &token), ==, AP_JSON_END);
  }
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/json-scanner/good", test_good);
  g_test_add_func ("/json-scanner/bad", test_bad);
  g_test_add_func ("/json-scanner/cut", test_cut);
  g_test_add_func ("/json-scanner/positions", test_positions);
  g_test_add_func ("/json-scanner/unescape", test_unescape);
  g_test_add_func ("/json-scanner/escape", test_escape);
  return g_test_run ();
}
