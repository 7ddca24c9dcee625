/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "base/ap-error.h"

G_DEFINE_QUARK (ap - error - quark, ap_error)
