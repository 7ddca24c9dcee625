/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "base/ap-metrics-labels.h"

/* The last of each stands for all others. */
static const struct {
  guint16 code;
  const char *name;
} close_codes[AP_CLOSE_CODES] = {
  { 1000, "1000" }, { 1001, "1001" }, { 1002, "1002" }, { 1003, "1003" }, { 1005, "1005" }, { 1006, "1006" },
  { 1007, "1007" }, { 1008, "1008" }, { 1009, "1009" }, { 1011, "1011" }, { 1013, "1013" }, { 0, "other" },
};

static const struct {
  guint status;
  const char *name;
} refusals[AP_REFUSALS] = {
  { 400, "malformed" },  { 401, "unauthorized" }, { 403, "forbidden" },
  { 426, "no_upgrade" }, { 503, "unavailable" },  { 0, "other" },
};

static const char *const failures[AP_FAILURES] = {
  "accept", "socket", "pipeline_build", "pipeline", "pipeline_stall", "output_stall", "output_overflow", "no_pong",
};

ApRefusal
ap_refusal_of_status (guint status)
{
  ApRefusal refusal = 0;

  while (refusal < AP_REFUSAL_OTHER && refusals[refusal].status != status)
    refusal++;
  return refusal;
}

guint
ap_close_code_index (guint16 code)
{
  guint i = 0;

  while (i < AP_CLOSE_CODES - 1 && close_codes[i].code != code)
    i++;
  return i;
}

const char *
ap_failure_name (ApFailure failure)
{
  return failures[failure];
}

const char *
ap_refusal_name (ApRefusal refusal)
{
  return refusals[refusal].name;
}

const char *
ap_close_code_name (guint index)
{
  return close_codes[index].name;
}
