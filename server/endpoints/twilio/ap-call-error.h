/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

/* What can be wrong with a message of a call. None of it ends a call: the owner counts it and goes on. */
typedef enum {
  AP_CALL_ERROR_SYNTAX,        /* no JSON */
  AP_CALL_ERROR_UTF8,          /* a string that is not UTF-8 */
  AP_CALL_ERROR_TOO_DEEP,      /* nested deeper than AP_JSON_MAX_DEPTH */
  AP_CALL_ERROR_TOO_LARGE,     /* over AP_CALL_MESSAGE_, _PAYLOAD_ or _ID_BYTES, or what the peer takes */
  AP_CALL_ERROR_NOT_OBJECT,    /* JSON, but no object */
  AP_CALL_ERROR_MISSING_FIELD, /* without what the event, or the command, is about */
  AP_CALL_ERROR_WRONG_TYPE,    /* an object where a string belongs, and the like */
  AP_CALL_ERROR_BAD_NUMBER,    /* no number, negative, or over 64 bits */
  AP_CALL_ERROR_BAD_STRING,    /* a NUL or half a surrogate pair; a name that the peer cannot be sent */
  AP_CALL_ERROR_BAD_DIGIT,     /* a key that no telephone has */
  AP_CALL_ERROR_BAD_BASE64,    /* audio that is not base 64 */
  AP_CALL_ERROR_HALF_SAMPLE,   /* 16-bit audio of an odd number of bytes */
  AP_CALL_ERROR_UNSUPPORTED,   /* the peer has no such command, or no such messages */
} ApCallErrorCode;

#define AP_CALL_ERROR (ap_call_error_quark ())
GQuark ap_call_error_quark (void);
