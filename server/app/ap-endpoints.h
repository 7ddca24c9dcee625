/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "session/ap-endpoint.h"

/* Every protocol that the server speaks; NULL-terminated. */
extern const ApEndpoint *const ap_endpoints[];
