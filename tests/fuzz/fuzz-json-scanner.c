/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The scanner beside json-glib. Whatever the scanner takes, json-glib takes for the same values; and what json-glib
 * makes of anything that it takes, written down by our own escapes, the scanner takes for the same values.
 *
 * Not compared, since the two differ there: numbers beyond 64 bits, strings with a NUL or half a surrogate pair (of
 * which json-glib makes what is not UTF-8), and what is nested too deep for the scanner. json-glib takes comments and
 * much else that is no JSON. */
#include "base/ap-json-scanner.h"

#include <json-glib/json-glib.h>
#include <string.h>

#include "fuzz.h"
#include "library-leaks.h"

typedef struct {
  JsonBuilder *builder;
  gboolean comparable;
} Copy;

/* FALSE: no text of GLib's. */
static char *
text_of (const ApJsonToken *token)
{
  char *text = g_malloc (token->length + 1);
  gssize length = ap_json_token_unescape (token, text);

  g_assert_cmpint (length, <=, (gssize)token->length);
  if (length < 0) {
    g_free (text);
    return NULL;
  }
  g_assert_true (g_utf8_validate_len (text, (gsize)length, NULL));
  text[length] = '\0';
  return text;
}

static void
copy_string (Copy *copy, const ApJsonToken *token)
{
  g_autofree char *text = text_of (token);

  copy->comparable &= text != NULL;
  if (token->type == AP_JSON_KEY)
    json_builder_set_member_name (copy->builder, text != NULL ? text : "");
  else
    json_builder_add_string_value (copy->builder, text != NULL ? text : "");
}

static void
copy_number (Copy *copy, const ApJsonToken *token)
{
  g_autofree char *text = g_strndup (token->text, token->length);
  gdouble real = g_ascii_strtod (text, NULL);

  if (strpbrk (text, ".eE") != NULL)
    json_builder_add_double_value (copy->builder, real);
  else
    json_builder_add_int_value (copy->builder, g_ascii_strtoll (text, NULL, 10));
  copy->comparable &= real > -9e18 && real < 9e18;
}

static void
copy_token (Copy *copy, const ApJsonToken *token)
{
  switch (token->type) {
  case AP_JSON_OBJECT:
    json_builder_begin_object (copy->builder);
    break;
  case AP_JSON_ARRAY:
    json_builder_begin_array (copy->builder);
    break;
  case AP_JSON_OBJECT_END:
    json_builder_end_object (copy->builder);
    break;
  case AP_JSON_ARRAY_END:
    json_builder_end_array (copy->builder);
    break;
  case AP_JSON_KEY:
  case AP_JSON_STRING:
    copy_string (copy, token);
    break;
  case AP_JSON_NUMBER:
    copy_number (copy, token);
    break;
  case AP_JSON_BOOLEAN:
    json_builder_add_boolean_value (copy->builder, *token->text == 't');
    break;
  case AP_JSON_NULL:
    json_builder_add_null_value (copy->builder);
    break;
  case AP_JSON_END:
  case AP_JSON_ERROR:
  default:
    g_assert_not_reached ();
  }
}

/* (transfer full): the scanner's tokens as a tree; NULL: refused, and @fault says why. */
static JsonNode *
scan (const char *text, gsize length, gboolean *comparable, ApJsonFault *fault)
{
  /* The builder has no values but in something. */
  g_autoptr (JsonBuilder) builder = json_builder_new ();
  Copy copy = { builder, TRUE };
  ApJsonScanner scanner;
  ApJsonToken token;
  g_autoptr (JsonNode) root = NULL;

  json_builder_begin_array (builder);
  ap_json_scanner_init (&scanner, text, length);
  while (ap_json_scanner_next (&scanner, &token) > AP_JSON_ERROR) {
    g_assert_true (token.type <= AP_JSON_ARRAY_END ||
                   (token.text >= text && token.text + token.length <= text + length));
    copy_token (&copy, &token);
  }
  *comparable = copy.comparable;
  *fault = scanner.fault;
  if (token.type == AP_JSON_ERROR) {
    g_assert_nonnull (scanner.problem);
    return NULL;
  }
  json_builder_end_array (builder);
  root = json_builder_get_root (builder);
  return json_node_copy (json_array_get_element (json_node_get_array (root), 0));
}

static void write_node (GString *out, JsonNode *node);

static void
write_object (GString *out, JsonObject *object)
{
  JsonObjectIter iter;
  const char *name;
  JsonNode *member;

  g_string_append_c (out, '{');
  json_object_iter_init_ordered (&iter, object);
  while (json_object_iter_next_ordered (&iter, &name, &member)) {
    g_string_append (out, out->str[out->len - 1] == '{' ? "\"" : ",\"");
    ap_json_append_escaped (out, name);
    g_string_append (out, "\":");
    write_node (out, member);
  }
  g_string_append_c (out, '}');
}

static void
write_value (GString *out, JsonNode *node)
{
  GType type = json_node_get_value_type (node);
  char number[G_ASCII_DTOSTR_BUF_SIZE];

  if (type == G_TYPE_STRING) {
    g_string_append_c (out, '"');
    ap_json_append_escaped (out, json_node_get_string (node));
    g_string_append_c (out, '"');
  } else if (type == G_TYPE_BOOLEAN) {
    g_string_append (out, json_node_get_boolean (node) ? "true" : "false");
  } else if (type == G_TYPE_INT64) {
    g_string_append_printf (out, "%" G_GINT64_FORMAT, json_node_get_int (node));
  } else {
    g_string_append (out, g_ascii_formatd (number, sizeof number, "%.17e", json_node_get_double (node)));
  }
}

/* json-glib's own writing leaves some control characters as they are. */
static void
write_node (GString *out, JsonNode *node)
{
  if (JSON_NODE_HOLDS_OBJECT (node)) {
    write_object (out, json_node_get_object (node));
  } else if (JSON_NODE_HOLDS_ARRAY (node)) {
    JsonArray *array = json_node_get_array (node);

    g_string_append_c (out, '[');
    for (guint i = 0; i < json_array_get_length (array); i++) {
      g_string_append (out, i > 0 ? "," : "");
      write_node (out, json_array_get_element (array, i));
    }
    g_string_append_c (out, ']');
  } else if (JSON_NODE_HOLDS_NULL (node)) {
    g_string_append (out, "null");
  } else {
    write_value (out, node);
  }
}

int
LLVMFuzzerTestOneInput (const uint8_t *data, size_t size)
{
  const char *text = size > 0 ? (const char *)data : "";
  gboolean comparable;
  ApJsonFault fault;
  g_autoptr (JsonNode) ours = scan (text, size, &comparable, &fault);
  g_autofree char *terminated = g_strndup (text, size);
  g_autoptr (JsonNode) theirs = strlen (terminated) == size ? json_from_string (terminated, NULL) : NULL;
  g_autoptr (GString) written = g_string_new (NULL);
  g_autoptr (JsonNode) again = NULL;

  if (ours != NULL && comparable) {
    g_assert_nonnull (theirs);
    g_assert_true (json_node_equal (ours, theirs));
  }
  if (theirs == NULL)
    return 0;
  write_node (written, theirs);
  again = scan (written->str, written->len, &comparable, &fault);
  if (again != NULL && comparable)
    g_assert_true (json_node_equal (again, theirs));
  /* 1e400 is inf to json-glib. */
  g_assert_true (again != NULL || fault == AP_JSON_FAULT_DEPTH || !g_utf8_validate (written->str, -1, NULL) ||
                 strstr (written->str, "inf") != NULL);
  return 0;
}
