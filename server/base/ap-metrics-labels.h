/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

/* The labels of what is counted by kind. Each set is bounded: nothing that a peer says becomes a label. */

typedef enum {
  AP_FAILURE_ACCEPT,          /* the system refused a connection */
  AP_FAILURE_SOCKET,          /* the system refused to watch or to duplicate a socket */
  AP_FAILURE_PIPELINE_BUILD,  /* a session's pipeline cannot be built */
  AP_FAILURE_PIPELINE,        /* a pipeline failed */
  AP_FAILURE_PIPELINE_STALL,  /* a pipeline gave nothing while its session waited */
  AP_FAILURE_OUTPUT_STALL,    /* a peer has stopped reading */
  AP_FAILURE_OUTPUT_OVERFLOW, /* a pipeline makes more than its peer reads */
  AP_FAILURE_NO_PONG,         /* a peer is silent, and has not answered a ping */
  AP_FAILURES,
} ApFailure;

/* Why a handshake was answered with an error, by its HTTP status. */
typedef enum {
  AP_REFUSAL_MALFORMED,    /* 400 */
  AP_REFUSAL_UNAUTHORIZED, /* 401 */
  AP_REFUSAL_FORBIDDEN,    /* 403: the origin */
  AP_REFUSAL_NO_UPGRADE,   /* 426: no WebSocket, or another version of it */
  AP_REFUSAL_UNAVAILABLE,  /* 503: full, or draining */
  AP_REFUSAL_OTHER,
  AP_REFUSALS,
} ApRefusal;

/* The codes of RFC 6455, section 7.4.1, that occur, 1013 of its registry, and one place for all others. */
#define AP_CLOSE_CODES 12

ApRefusal ap_refusal_of_status (guint status);
guint ap_close_code_index (guint16 code);

const char *ap_failure_name (ApFailure failure);
const char *ap_refusal_name (ApRefusal refusal);
const char *ap_close_code_name (guint index);
