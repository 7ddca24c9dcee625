/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "app/ap-endpoints.h"

#include "endpoints/echo/ap-echo.h"

const ApEndpoint *const ap_endpoints[] = {
  &ap_echo_endpoint,
  NULL,
};
