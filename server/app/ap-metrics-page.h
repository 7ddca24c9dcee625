/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "base/ap-line-writer.h"
#include "net/ap-http.h"

/* What GET /metrics tells beside what is counted. It must outlive the last request. */
typedef struct {
  gint64 started_at; /* real time, microseconds */
  guint workers;
  guint max_connections;
  ApLineWriter *frame_log; /* NULL: none */
} ApMetricsFacts;

/* Returns: (transfer full): the page, in Prometheus' text format */
char *ap_metrics_page (const ApMetricsFacts *facts);

/* GET /metrics; its data is an ApMetricsFacts. The page is made on the main thread, which carries no audio. */
extern const ApHttpRoute ap_metrics_route;
