/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "endpoints/twilio/ap-call-dialect.h"

/* The rows of ap_call_dialects, one file for each service. */
extern const ApCallDialect ap_dialect_twilio;
extern const ApCallDialect ap_dialect_signalwire;
extern const ApCallDialect ap_dialect_telnyx;
extern const ApCallDialect ap_dialect_vonage;
extern const ApCallDialect ap_dialect_asterisk;
extern const ApCallDialect ap_dialect_asterisk_json;
extern const ApCallDialect ap_dialect_plivo;
extern const ApCallDialect ap_dialect_exotel;
extern const ApCallDialect ap_dialect_jambonz;
