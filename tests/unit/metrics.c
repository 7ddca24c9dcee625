/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What is counted, how it is summed over threads, and Prometheus' text of it. */
#include "base/ap-metrics-text.h"
#include "base/ap-metrics.h"

#include <locale.h>
#include <string.h>

static void
test_histogram_steps (void)
{
  ApHistogram histogram = { 0 };

  ap_histogram_add (&histogram, -5);
  ap_histogram_add (&histogram, 0);
  ap_histogram_add (&histogram, 10);
  ap_histogram_add (&histogram, 11);
  ap_histogram_add (&histogram, 20000);
  ap_histogram_add (&histogram, 5000000);
  ap_histogram_add (&histogram, 5000001);
  g_assert_cmpuint (histogram.counts[0], ==, 3); /* a bound belongs to its step */
  g_assert_cmpuint (histogram.counts[1], ==, 1);
  g_assert_cmpuint (histogram.counts[AP_HISTOGRAM_BOUNDS - 1], ==, 1);
  g_assert_cmpuint (histogram.counts[AP_HISTOGRAM_BOUNDS], ==, 1);
  g_assert_cmpuint (histogram.sum_us, ==, 10 + 11 + 20000 + 5000000 + 5000001);
  for (guint i = 0; i < AP_HISTOGRAM_BOUNDS; i++) {
    g_assert_cmpuint (histogram.counts[i], ==, i == 0 ? 3 : i == 1 || i == 10 || i == AP_HISTOGRAM_BOUNDS - 1);
    g_assert_true (i == 0 || ap_histogram_bounds_us[i] > ap_histogram_bounds_us[i - 1]);
  }
}

static void
test_text_family (void)
{
  g_autoptr (GString) text = g_string_new (NULL);

  ap_metrics_text_family (text, "things_total", "counter", "Things.");
  ap_metrics_text_value (text, "things_total", 3, NULL);
  g_assert_cmpstr (text->str, ==,
                   "# HELP audio_pipeline_things_total Things.\n"
                   "# TYPE audio_pipeline_things_total counter\n"
                   "audio_pipeline_things_total 3\n");
}

static void
test_text_labels (void)
{
  g_autoptr (GString) text = g_string_new (NULL);

  ap_metrics_text_value (text, "a", 1, "one", "plain", "two", "q\"b\\n\nend", NULL);
  g_assert_cmpstr (text->str, ==, "audio_pipeline_a{one=\"plain\",two=\"q\\\"b\\\\n\\nend\"} 1\n");
}

/* Counts are whole far beyond 32 bits, and a comma is no point in any locale. */
static void
test_text_numbers (void)
{
  static const struct {
    double value;
    const char *text;
  } numbers[] = {
    { 0, "0" },       { 1, "1" },        { 4294967297.0, "4294967297" },     { 123456789012345.0, "123456789012345" },
    { 0.25, "0.25" }, { 1e-5, "1e-05" }, { 1795270196.25, "1795270196.25" },
  };
  const char *locale = setlocale (LC_NUMERIC, "de_DE.UTF-8"); /* where it is installed */

  for (guint i = 0; i < G_N_ELEMENTS (numbers); i++) {
    g_autoptr (GString) text = g_string_new (NULL);
    g_autofree char *expected = g_strdup_printf ("audio_pipeline_a %s\n", numbers[i].text);

    ap_metrics_text_value (text, "a", numbers[i].value, NULL);
    g_assert_cmpstr (text->str, ==, expected);
  }
  if (locale != NULL)
    setlocale (LC_NUMERIC, "C");
}

/* Buckets hold all that is not above them. */
static void
test_text_histogram (void)
{
  g_autoptr (GString) text = g_string_new (NULL);
  g_auto (GStrv) lines = NULL;
  ApHistogram histogram = { 0 };

  ap_histogram_add (&histogram, 15);
  ap_histogram_add (&histogram, 1500);
  ap_histogram_add (&histogram, 9000000);
  ap_metrics_text_histogram (text, "t_seconds", &histogram);
  lines = g_strsplit (text->str, "\n", -1);
  g_assert_cmpuint (g_strv_length (lines), ==, AP_HISTOGRAM_BOUNDS + 4);
  g_assert_cmpstr (lines[0], ==, "audio_pipeline_t_seconds_bucket{le=\"1e-05\"} 0");
  g_assert_cmpstr (lines[1], ==, "audio_pipeline_t_seconds_bucket{le=\"2e-05\"} 1");
  g_assert_cmpstr (lines[6], ==, "audio_pipeline_t_seconds_bucket{le=\"0.001\"} 1");
  g_assert_cmpstr (lines[7], ==, "audio_pipeline_t_seconds_bucket{le=\"0.002\"} 2");
  g_assert_cmpstr (lines[AP_HISTOGRAM_BOUNDS - 1], ==, "audio_pipeline_t_seconds_bucket{le=\"5\"} 2");
  g_assert_cmpstr (lines[AP_HISTOGRAM_BOUNDS], ==, "audio_pipeline_t_seconds_bucket{le=\"+Inf\"} 3");
  g_assert_cmpstr (lines[AP_HISTOGRAM_BOUNDS + 1], ==, "audio_pipeline_t_seconds_sum 9.001515");
  g_assert_cmpstr (lines[AP_HISTOGRAM_BOUNDS + 2], ==, "audio_pipeline_t_seconds_count 3");
}

static void
test_labels (void)
{
  g_assert_cmpstr (ap_close_code_name (ap_close_code_index (1000)), ==, "1000");
  g_assert_cmpstr (ap_close_code_name (ap_close_code_index (1011)), ==, "1011");
  g_assert_cmpstr (ap_close_code_name (ap_close_code_index (4999)), ==, "other");
  g_assert_cmpstr (ap_close_code_name (ap_close_code_index (0)), ==, "other");
  g_assert_cmpstr (ap_refusal_name (ap_refusal_of_status (403)), ==, "forbidden");
  g_assert_cmpstr (ap_refusal_name (ap_refusal_of_status (405)), ==, "other");
  for (ApFailure failure = 0; failure < AP_FAILURES; failure++)
    g_assert_nonnull (ap_failure_name (failure));
}

static gpointer
count_frames (gpointer path)
{
  ApEndpointCounts *counts = ap_metrics_endpoint (path);

  for (guint i = 0; i < 100000; i++) {
    ap_count (&counts->frames_in, 1);
    ap_count (&counts->bytes_in, 320);
  }
  ap_count (&counts->opened, 2);
  ap_metrics_count_close (counts, 1001);
  ap_metrics_count_failure (AP_FAILURE_PIPELINE);
  return NULL;
}

static const ApEndpointCounts *
find (const ApMetrics *total, const char *path)
{
  static const ApEndpointCounts nothing;

  for (guint i = 0; i < total->n_endpoints; i++)
    if (g_str_equal (total->paths[i], path))
      return &total->endpoints[i];
  return &nothing;
}

/* Two threads on one path, one on another; each count is there, also of threads that have ended, and a sum that is made
 * meanwhile is never beyond it. */
static void
test_sum (void)
{
  GThread *threads[] = { g_thread_new ("one", count_frames, (gpointer) "/sum"),
                         g_thread_new ("two", count_frames, (gpointer) "/sum"),
                         g_thread_new ("three", count_frames, (gpointer) "/sum/other") };
  const ApEndpointCounts *counts;
  guint64 before = 0;
  ApMetrics total;

  for (guint i = 0; i < 1000; i++) {
    ap_metrics_sum (&total);
    counts = find (&total, "/sum");
    g_assert_true (counts->frames_in >= before && counts->frames_in <= 200000);
    before = counts->frames_in;
  }
  for (guint i = 0; i < G_N_ELEMENTS (threads); i++)
    g_thread_join (threads[i]);
  ap_metrics_sum (&total);
  counts = find (&total, "/sum");
  g_assert_cmpuint (counts->frames_in, ==, 200000);
  g_assert_cmpuint (counts->bytes_in, ==, 200000 * 320);
  g_assert_cmpuint (counts->opened, ==, 4);
  g_assert_cmpuint (counts->closed, ==, 2);
  g_assert_cmpuint (counts->closes[ap_close_code_index (1001)], ==, 2);
  g_assert_cmpuint (find (&total, "/sum/other")->frames_in, ==, 100000);
  g_assert_cmpuint (total.counts.failures[AP_FAILURE_PIPELINE], ==, 3);
}

static gpointer
fill_endpoints (gpointer data)
{
  static const char *const paths[] = { "/0", "/1", "/2", "/3", "/4", "/5", "/6", "/7", "/8", "/9",
                                       "/a", "/b", "/c", "/d", "/e", "/f", "/g", "/h", "/i", "/j" };

  for (guint i = 0; i < G_N_ELEMENTS (paths); i++)
    ap_count (&ap_metrics_endpoint (paths[i])->opened, 1);
  g_assert_true (ap_metrics_endpoint ("/h") == ap_metrics_endpoint ("/never seen"));
  g_assert_true (ap_metrics_endpoint ("/0") != ap_metrics_endpoint ("/1"));
  return NULL;
}

/* The labels are bounded: what has no place is counted as "other". */
static void
test_many_endpoints (void)
{
  ApMetrics total;

  g_thread_join (g_thread_new ("endpoints", fill_endpoints, NULL));
  ap_metrics_sum (&total);
  g_assert_cmpuint (total.n_endpoints, ==, AP_METRICS_ENDPOINTS);
  g_assert_cmpuint (find (&total, "other")->opened, >=, 5);
}

static gpointer
go_round (gpointer data)
{
  ApMetrics *mine = ap_metrics_mine ();
  ApMetrics total;

  ap_metrics_poll (NULL, 0, 0);
  g_assert_cmpuint (mine->counts.rounds.sum_us, ==, 0);
  g_assert_cmpint (mine->round_began, !=, 0);
  ap_metrics_sum (&total);
  g_assert_cmpint (total.round_began, <=, mine->round_began);
  g_assert_cmpint (ap_metrics_take_sample (), ==, mine->round_began);
  g_assert_cmpint (ap_metrics_take_sample (), ==, 0); /* one a round */
  mine->round_began -= 1000;                          /* as if it had taken a millisecond more */
  ap_metrics_poll (NULL, 0, 0);
  g_assert_cmpuint (mine->counts.rounds.sum_us, >=, 1000);
  g_assert_cmpint (ap_metrics_take_sample (), !=, 0);
  mine->round_began = 0;
  return NULL;
}

static void
test_rounds (void)
{
  g_thread_join (g_thread_new ("rounds", go_round, NULL));
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/metrics/histogram/steps", test_histogram_steps);
  g_test_add_func ("/metrics/text/family", test_text_family);
  g_test_add_func ("/metrics/text/labels", test_text_labels);
  g_test_add_func ("/metrics/text/numbers", test_text_numbers);
  g_test_add_func ("/metrics/text/histogram", test_text_histogram);
  g_test_add_func ("/metrics/labels", test_labels);
  g_test_add_func ("/metrics/sum", test_sum);
  g_test_add_func ("/metrics/many-endpoints", test_many_endpoints);
  g_test_add_func ("/metrics/rounds", test_rounds);
  return g_test_run ();
}
