/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What this server makes of webhooks, for the judge in twilio-judge.js. Each line of the input: auth token, URL, fields
 * as a form, signature; with tabs between. Each of the output: our signature, whether theirs is valid, our TwiML for
 * that URL with the fields as parameters. */
#include "endpoints/twilio/ap-twilio-signature.h"
#include "endpoints/twilio/ap-twiml.h"

#include <stdio.h>
#include <string.h>

static char *
twiml_of (const char *url, const ApTwilioForm *form)
{
  g_autofree ApTwimlParameter *parameters = g_new0 (ApTwimlParameter, form->length + 1);
  char *xml;

  for (gsize i = 0; i < form->length; i++)
    parameters[i] = (ApTwimlParameter){ form->fields[i].name, form->fields[i].value };
  xml = ap_twiml_connect_stream (url, parameters, form->length, NULL);
  return xml != NULL ? g_strdelimit (xml, "\n", ' ') : g_strdup ("refused");
}

static gboolean
answer (char *line)
{
  g_auto (GStrv) words = g_strsplit (g_strchomp (line), "\t", 4);
  g_autoptr (ApTwilioForm) form = NULL;
  g_autofree char *signature = NULL;
  g_autofree char *xml = NULL;

  if (g_strv_length (words) != 4)
    return FALSE;
  form = ap_twilio_form_parse (words[2], strlen (words[2]));
  if (form == NULL)
    return FALSE;
  signature = ap_twilio_signature_make (words[0], words[1], form);
  xml = twiml_of (words[1], form);
  return printf ("%s\t%d\t%s\n", signature, ap_twilio_signature_is_valid (words[0], words[1], form, words[3]), xml) > 0;
}

int
main (void)
{
  char line[65536];

  while (fgets (line, sizeof line, stdin) != NULL)
    if (!answer (line))
      return 1;
  return 0;
}
