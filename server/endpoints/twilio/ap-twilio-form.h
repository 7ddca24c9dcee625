/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

/* The fields of a webhook: `application/x-www-form-urlencoded` as the WHATWG's URL standard has it, with repeated names
 * and in their order. Pure; no more than AP_TWILIO_FORM_FIELDS fields. */
typedef struct {
  char *name, *value;
} ApTwilioField;

typedef struct {
  ApTwilioField *fields;
  gsize length;
} ApTwilioForm;

#define AP_TWILIO_FORM_FIELDS 256

/**
 * ap_twilio_form_parse:
 * @body: (array length=length): need not end with NUL
 *
 * Returns: (transfer full) (nullable): NULL if it is not UTF-8, holds NUL, has a broken escape, or too many fields
 */
ApTwilioForm *ap_twilio_form_parse (const char *body, gsize length);
void ap_twilio_form_free (ApTwilioForm *form);

/* Returns: (nullable): the value of the first field of that name. */
const char *ap_twilio_form_get (const ApTwilioForm *form, const char *name);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (ApTwilioForm, ap_twilio_form_free)
