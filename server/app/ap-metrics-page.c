/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* GET /metrics: what the server counts, as Prometheus reads it. docs/operations.md tells what each metric means. */
#include "app/ap-metrics-page.h"

#include "app/ap-process.h"
#include "base/ap-invoke.h"
#include "base/ap-log.h"
#include "base/ap-metrics-text.h"
#include "base/ap-metrics.h"
#include "config.h"

#include <gst/gst.h>
#include <string.h>

/* A family with one value. */
static void
single (GString *text, const char *name, const char *type, const char *help, double value)
{
  ap_metrics_text_family (text, name, type, help);
  ap_metrics_text_value (text, name, value, NULL);
}

static void
histogram (GString *text, const char *name, const char *help, const ApHistogram *values)
{
  ap_metrics_text_family (text, name, "histogram", help);
  ap_metrics_text_histogram (text, name, values);
}

/* What came less what went: two numbers that were not read in one moment. */
static double
difference (guint64 came, guint64 went)
{
  return came > went ? (double)(came - went) : 0;
}

static void
connections (GString *text, const ApMetrics *metrics, const ApMetricsFacts *facts)
{
  const ApCounts *counts = &metrics->counts;
  double sessions = 0;

  for (guint i = 0; i < metrics->n_endpoints; i++)
    sessions += difference (metrics->endpoints[i].opened, metrics->endpoints[i].closed);
  ap_metrics_text_family (text, "connections", "gauge", "TCP connections now.");
  ap_metrics_text_value (text, "connections", difference (counts->accepted, counts->http_done), "state", "http", NULL);
  ap_metrics_text_value (text, "connections", sessions, "state", "websocket", NULL);
  single (text, "connections_total", "counter", "TCP connections accepted.", (double)counts->accepted);
  single (text, "sessions_limit", "gauge", "Most WebSockets at once.", facts->max_connections);
  ap_metrics_text_family (text, "handshakes_refused_total", "counter", "WebSocket handshakes answered with an error.");
  for (ApRefusal i = 0; i < AP_REFUSALS; i++)
    ap_metrics_text_value (text, "handshakes_refused_total", (double)counts->refusals[i], "reason", ap_refusal_name (i),
                           NULL);
}

static const struct {
  const char *name;
  gsize offset; /* in ApEndpointCounts */
  const char *help;
} endpoint_counters[] = {
  { "sessions_total", G_STRUCT_OFFSET (ApEndpointCounts, opened), "WebSocket sessions begun." },
  { "frames_received_total", G_STRUCT_OFFSET (ApEndpointCounts, frames_in), "Messages from clients." },
  { "frames_sent_total", G_STRUCT_OFFSET (ApEndpointCounts, frames_out), "Messages to clients." },
  { "frames_dropped_total", G_STRUCT_OFFSET (ApEndpointCounts, frames_dropped),
    "Frames taken in that never went out." },
  { "received_bytes_total", G_STRUCT_OFFSET (ApEndpointCounts, bytes_in), "Payload of messages from clients." },
  { "sent_bytes_total", G_STRUCT_OFFSET (ApEndpointCounts, bytes_out), "Payload of messages to clients." },
};

static void
sessions_closed (GString *text, const ApMetrics *metrics)
{
  ap_metrics_text_family (text, "sessions_closed_total", "counter", "WebSocket sessions ended, by close code.");
  for (guint i = 0; i < metrics->n_endpoints; i++)
    for (guint code = 0; code < AP_CLOSE_CODES; code++)
      ap_metrics_text_value (text, "sessions_closed_total", (double)metrics->endpoints[i].closes[code], "endpoint",
                             metrics->paths[i], "code", ap_close_code_name (code), NULL);
}

static void
endpoints (GString *text, const ApMetrics *metrics)
{
  ap_metrics_text_family (text, "sessions", "gauge", "WebSocket sessions now.");
  for (guint i = 0; i < metrics->n_endpoints; i++)
    ap_metrics_text_value (text, "sessions", difference (metrics->endpoints[i].opened, metrics->endpoints[i].closed),
                           "endpoint", metrics->paths[i], NULL);
  for (guint k = 0; k < G_N_ELEMENTS (endpoint_counters); k++) {
    ap_metrics_text_family (text, endpoint_counters[k].name, "counter", endpoint_counters[k].help);
    for (guint i = 0; i < metrics->n_endpoints; i++)
      ap_metrics_text_value (text, endpoint_counters[k].name,
                             (double)G_STRUCT_MEMBER (guint64, &metrics->endpoints[i], endpoint_counters[k].offset),
                             "endpoint", metrics->paths[i], NULL);
  }
  sessions_closed (text, metrics);
}

static double
seconds_since (gint64 time)
{
  return time != 0 ? (double)MAX (g_get_monotonic_time () - time, 0) / G_USEC_PER_SEC : 0;
}

static void
waiting (GString *text, const ApMetrics *metrics)
{
  const ApCounts *counts = &metrics->counts;

  single (text, "output_queue_bytes", "gauge", "Output that sockets do not take yet.",
          difference (counts->queued, counts->unqueued));
  single (text, "output_queue_highest_bytes", "gauge", "Most output that waited for one socket at once.",
          (double)metrics->queue_highest);
  single (text, "output_queue_age_seconds", "gauge", "Age of the oldest output that waits for its socket.",
          seconds_since (metrics->oldest_output));
  histogram (text, "latency_seconds", "From a frame's way into its pipeline to its way out, sampled.",
             &counts->latency);
  histogram (text, "handover_seconds", "From a streaming thread to its worker, for each batch.", &counts->handover);
  histogram (text, "loop_lag_seconds", "How long a worker's rounds take: what comes meanwhile waits as long.",
             &counts->rounds);
  single (text, "loop_round_age_seconds", "gauge", "Age of the oldest round that a worker has not ended.",
          seconds_since (metrics->round_began));
}

static void
recordings (GString *text, const ApCounts *counts)
{
  single (text, "recordings", "gauge", "Recordings that are active now.",
          difference (counts->recordings_begun, counts->recordings_ended));
  single (text, "recordings_total", "counter", "Recordings that became active.", (double)counts->recordings_begun);
  single (text, "recording_chunks_total", "counter", "Chunks from clients of recordings.",
          (double)counts->chunks_received);
  single (text, "recording_chunks_refused_total", "counter", "Chunks that were answered with a failure.",
          (double)counts->chunks_refused);
  single (text, "recording_chunks_waiting", "gauge", "Chunks that have no answer yet.",
          difference (counts->chunks_received, counts->chunks_answered));
  single (text, "recording_received_bytes_total", "counter", "Bytes of chunks that were taken.",
          (double)counts->chunk_bytes);
  histogram (text, "recording_acknowledgement_seconds", "From a chunk's arrival to its answer.",
             &counts->acknowledgement);
}

static void
failures (GString *text, const ApMetrics *metrics, const ApMetricsFacts *facts)
{
  guint64 frames = facts->frame_log != NULL ? ap_line_writer_get_dropped (facts->frame_log) : 0;

  ap_metrics_text_family (text, "errors_total", "counter", "What went wrong on the server's side, or took its room.");
  for (ApFailure i = 0; i < AP_FAILURES; i++)
    ap_metrics_text_value (text, "errors_total", (double)metrics->counts.failures[i], "kind", ap_failure_name (i),
                           NULL);
  ap_metrics_text_family (text, "log_lines_dropped_total", "counter", "Lines that nobody read in time.");
  ap_metrics_text_value (text, "log_lines_dropped_total", (double)frames, "log", "frames", NULL);
  ap_metrics_text_value (text, "log_lines_dropped_total", (double)ap_log_get_dropped (), "log", "events", NULL);
}

static void
process (GString *text, const ApMetricsFacts *facts)
{
  ApProcess now;

  ap_process_read (&now);
  single (text, "process_cpu_seconds_total", "counter", "CPU time of the process.", now.cpu_seconds);
  single (text, "process_resident_memory_bytes", "gauge", "Resident memory.", (double)now.resident_bytes);
  single (text, "process_open_fds", "gauge", "Open descriptors.", (double)now.open_fds);
  single (text, "process_max_fds", "gauge", "Limit of open descriptors.", (double)now.max_fds);
  single (text, "process_threads", "gauge", "Threads.", (double)now.threads);
  single (text, "process_start_time_seconds", "gauge", "When the server started, since 1970.",
          (double)facts->started_at / G_USEC_PER_SEC);
  single (text, "workers", "gauge", "Threads that serve.", facts->workers);
}

static void
build_info (GString *text)
{
  guint major, minor, micro, nano;
  g_autofree char *gstreamer = NULL;

  gst_version (&major, &minor, &micro, &nano);
  gstreamer = g_strdup_printf ("%u.%u.%u", major, minor, micro);
  ap_metrics_text_family (text, "build_info", "gauge", "Which versions run.");
  ap_metrics_text_value (text, "build_info", 1, "version", AP_VERSION, "gstreamer", gstreamer, NULL);
}

char *
ap_metrics_page (const ApMetricsFacts *facts)
{
  GString *text = g_string_sized_new (16 * 1024);
  ApMetrics metrics;

  ap_metrics_sum (&metrics);
  build_info (text);
  connections (text, &metrics, facts);
  endpoints (text, &metrics);
  waiting (text, &metrics);
  recordings (text, &metrics.counts);
  failures (text, &metrics, facts);
  process (text, facts);
  return g_string_free (text, FALSE);
}

typedef struct {
  ApHttpRequest *request;
  const ApMetricsFacts *facts;
} Scrape;

static void
scrape_free (gpointer data)
{
  ap_http_request_unref (((Scrape *)data)->request);
  g_free (data);
}

static gboolean
answer (gpointer data)
{
  const Scrape *scrape = data;
  char *page = ap_metrics_page (scrape->facts);
  g_autoptr (GBytes) body = g_bytes_new_take (page, strlen (page));

  ap_http_request_respond (scrape->request, SOUP_STATUS_OK, AP_METRICS_TEXT_TYPE, body);
  return G_SOURCE_REMOVE;
}

static void
answer_later (ApHttpRequest *request, gpointer facts)
{
  const Scrape scrape = { ap_http_request_ref (request), facts };

  ap_invoke (g_main_context_default (), answer, g_memdup2 (&scrape, sizeof scrape), scrape_free);
}

const ApHttpRoute ap_metrics_route = { "GET", "/metrics", answer_later };
