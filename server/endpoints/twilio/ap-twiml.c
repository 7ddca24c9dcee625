/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The XML with which a call is answered. */
#include "endpoints/twilio/ap-twiml.h"

#include "base/ap-error.h"

/* XML 1.0, section 2.2: some characters cannot even be escaped. */
static gboolean
is_xml_text (const char *text)
{
  if (!g_utf8_validate (text, -1, NULL))
    return FALSE;
  for (; *text != '\0'; text = g_utf8_next_char (text)) {
    gunichar character = g_utf8_get_char (text);

    if ((character < 0x20 && character != '\t' && character != '\n' && character != '\r') || character == 0xFFFE ||
        character == 0xFFFF)
      return FALSE;
  }
  return TRUE;
}

/* A reader turns the line ends and tabs of an attribute into spaces, unless they are escaped (XML 1.0, section 3.3.3).
 */
static void
append_attribute (GString *xml, const char *name, const char *value)
{
  g_autofree char *escaped = g_markup_escape_text (value, -1);
  GString *text = g_string_new (escaped);

  g_string_replace (text, "\t", "&#x9;", 0);
  g_string_replace (text, "\n", "&#xA;", 0);
  g_string_replace (text, "\r", "&#xD;", 0);
  g_string_append_printf (xml, " %s=\"%s\"", name, text->str);
  g_string_free (text, TRUE);
}

static gboolean
check_parameter (const ApTwimlParameter *parameter, GError **error)
{
  if (!is_xml_text (parameter->name) || !is_xml_text (parameter->value)) {
    g_set_error_literal (error, AP_ERROR, AP_ERROR_CONFIG, "a parameter of the call cannot stand in XML");
    return FALSE;
  }
  if (g_utf8_strlen (parameter->name, -1) + g_utf8_strlen (parameter->value, -1) >= AP_TWIML_PARAMETER_MAX) {
    g_set_error (error, AP_ERROR, AP_ERROR_CONFIG, "a parameter of the call has %d characters or more",
                 AP_TWIML_PARAMETER_MAX);
    return FALSE;
  }
  return TRUE;
}

gboolean
ap_twiml_can_pass (const ApTwimlParameter *parameter)
{
  return check_parameter (parameter, NULL);
}

static gboolean
append_parameter (GString *xml, const ApTwimlParameter *parameter, GError **error)
{
  if (!check_parameter (parameter, error))
    return FALSE;
  g_string_append (xml, "<Parameter");
  append_attribute (xml, "name", parameter->name);
  append_attribute (xml, "value", parameter->value);
  g_string_append (xml, "/>");
  return TRUE;
}

char *
ap_twiml_connect_stream (const char *url, const ApTwimlParameter *parameters, gsize length, GError **error)
{
  g_autoptr (GString) xml = g_string_new ("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<Response><Connect><Stream");

  if (!is_xml_text (url)) {
    g_set_error_literal (error, AP_ERROR, AP_ERROR_CONFIG, "the public URL cannot stand in XML");
    return NULL;
  }
  append_attribute (xml, "url", url);
  g_string_append_c (xml, '>');
  for (gsize i = 0; i < length; i++)
    if (!append_parameter (xml, &parameters[i], error))
      return NULL;
  g_string_append (xml, "</Stream></Connect></Response>\n");
  return g_string_free (g_steal_pointer (&xml), FALSE);
}
