/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "endpoints/twilio/ap-call-error.h"
#include "endpoints/twilio/ap-call-fields.h"

/* Takes a text message apart into its fields, before it is known what it says. Lives for one message. */
typedef struct {
  const ApCallPath *paths;
  const char *parameters;
  ApCallMessage *message;
  ApJsonToken values[AP_CALL_N_FIELDS];
  guint8 ranks[AP_CALL_N_FIELDS]; /* the row of @paths that a value came by */
  ApCallTracks tracks;
  guint n_parameters;
  char *to, *end; /* what is left of the message's room */
  GError *problem;
} ApCallReader;

/**
 * ap_call_reader_init:
 * @paths: where the dialect has its fields
 * @parameters: (nullable): the path of the object whose members are parameters
 * @message: whose room holds what is taken from the text
 * @length: of the whole text, in bytes: there is room for everything that can be taken from that much
 */
void ap_call_reader_init (ApCallReader *reader, const ApCallPath *paths, const char *parameters, ApCallMessage *message,
                          gsize length);

/* A JSON object; `WORD key:value … rest`. FALSE: see @problem, which is the caller's. */
gboolean ap_call_reader_read_json (ApCallReader *reader, const char *text, gsize length);
gboolean ap_call_reader_read_words (ApCallReader *reader, const char *text, gsize length);

/* The readings of a field. The first that fails sets @problem, and then they give what they give for a field that is
 * not there: "", AP_CALL_NO_NUMBER, no bytes. A number may stand in a string, and an empty one is none. */
const char *ap_call_reader_text (ApCallReader *reader, ApCallField field);
guint64 ap_call_reader_number (ApCallReader *reader, ApCallField field);
const guint8 *ap_call_reader_payload (ApCallReader *reader, gsize *length);
/* Sets @problem unless the field is there. */
void ap_call_reader_require (ApCallReader *reader, ApCallField field);
/* Sets @problem, if none is set. */
void ap_call_reader_fail (ApCallReader *reader, ApCallErrorCode code, ApCallField field, const char *problem);

/* `inbound`, `outbound_track`, `both_tracks`, … */
ApCallTracks ap_call_tracks_from_name (const char *name, gsize length);
