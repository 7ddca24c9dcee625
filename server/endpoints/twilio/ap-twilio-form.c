/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The fields of a webhook. */
#include "endpoints/twilio/ap-twilio-form.h"

#include <string.h>

/* Returns NULL for what cannot be text. */
static char *
decode (const char *text, gsize length)
{
  g_autofree char *spaced = g_strndup (text, length);
  g_autofree char *plain = NULL;

  if (strlen (spaced) != length)
    return NULL;
  plain = g_uri_unescape_string (g_strdelimit (spaced, "+", ' '), NULL);
  if (plain == NULL || !g_utf8_validate (plain, -1, NULL))
    return NULL;
  return g_steal_pointer (&plain);
}

/* Appends one field, `name` or `name=value`; nothing for an empty one. */
static gboolean
parse_field (GArray *fields, const char *text, gsize length)
{
  const char *equals = memchr (text, '=', length);
  gsize name_length = equals != NULL ? (gsize)(equals - text) : length;
  ApTwilioField field = { NULL, NULL };

  if (length == 0)
    return TRUE;
  field.name = decode (text, name_length);
  field.value = equals != NULL ? decode (equals + 1, length - name_length - 1) : g_strdup ("");
  g_array_append_val (fields, field);
  return field.name != NULL && field.value != NULL && fields->len <= AP_TWILIO_FORM_FIELDS;
}

ApTwilioForm *
ap_twilio_form_parse (const char *body, gsize length)
{
  g_autoptr (ApTwilioForm) form = g_new0 (ApTwilioForm, 1);
  GArray *fields = g_array_new (FALSE, FALSE, sizeof (ApTwilioField));
  gboolean good = TRUE;

  for (gsize from = 0; good && from < length;) {
    const char *end = memchr (body + from, '&', length - from);
    gsize to = end != NULL ? (gsize)(end - body) : length;

    good = parse_field (fields, body + from, to - from);
    from = to + 1;
  }
  form->length = fields->len;
  form->fields = (ApTwilioField *)(gpointer)g_array_free (fields, FALSE);
  return good ? g_steal_pointer (&form) : NULL;
}

void
ap_twilio_form_free (ApTwilioForm *form)
{
  for (gsize i = 0; i < form->length; i++) {
    g_free (form->fields[i].name);
    g_free (form->fields[i].value);
  }
  g_free (form->fields);
  g_free (form);
}

const char *
ap_twilio_form_get (const ApTwilioForm *form, const char *name)
{
  for (gsize i = 0; i < form->length; i++)
    if (g_str_equal (form->fields[i].name, name))
      return form->fields[i].value;
  return NULL;
}
