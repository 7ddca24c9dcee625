/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

/* The one error domain of the server: what a caller may want to tell apart. */
typedef enum {
  AP_ERROR_USAGE,       /* a wrong command line */
  AP_ERROR_CONFIG,      /* a wrong setting elsewhere, or a pipeline that cannot be built */
  AP_ERROR_UNAVAILABLE, /* the address cannot be listened on; the system gives no process */
  AP_ERROR_PIPELINE,    /* a pipeline that failed while it ran */
} ApErrorCode;

#define AP_ERROR (ap_error_quark ())
GQuark ap_error_quark (void);
