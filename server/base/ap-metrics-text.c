/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "base/ap-metrics-text.h"

#include <stdarg.h>

void
ap_metrics_text_family (GString *text, const char *name, const char *type, const char *help)
{
  g_string_append_printf (text, "# HELP " AP_METRICS_PREFIX "%s %s\n", name, help);
  g_string_append_printf (text, "# TYPE " AP_METRICS_PREFIX "%s %s\n", name, type);
}

/* With a point in every locale; counts are whole up to 15 digits. */
static void
append_number (GString *text, double value)
{
  char digits[G_ASCII_DTOSTR_BUF_SIZE];

  g_string_append (text, g_ascii_formatd (digits, sizeof digits, "%.15g", value));
}

static void
append_label (GString *text, const char *name, const char *value)
{
  g_string_append_printf (text, "%s=\"", name);
  for (; *value != '\0'; value++)
    if (*value == '\n')
      g_string_append (text, "\\n");
    else if (*value == '"' || *value == '\\')
      g_string_append_printf (text, "\\%c", *value);
    else
      g_string_append_c (text, *value);
  g_string_append_c (text, '"');
}

void
ap_metrics_text_value (GString *text, const char *name, double value, ...)
{
  char before = '{';
  const char *label;
  va_list labels;

  g_string_append_printf (text, AP_METRICS_PREFIX "%s", name);
  va_start (labels, value);
  while ((label = va_arg (labels, const char *)) != NULL) {
    g_string_append_c (text, before);
    append_label (text, label, va_arg (labels, const char *));
    before = ',';
  }
  va_end (labels);
  g_string_append (text, before == '{' ? " " : "} ");
  append_number (text, value);
  g_string_append_c (text, '\n');
}

void
ap_metrics_text_histogram (GString *text, const char *name, const ApHistogram *histogram)
{
  g_autofree char *bucket = g_strconcat (name, "_bucket", NULL);
  g_autofree char *sum = g_strconcat (name, "_sum", NULL);
  g_autofree char *count = g_strconcat (name, "_count", NULL);
  guint64 total = 0;

  for (guint i = 0; i < AP_HISTOGRAM_BOUNDS; i++) {
    char bound[G_ASCII_DTOSTR_BUF_SIZE];

    total += histogram->counts[i];
    g_ascii_formatd (bound, sizeof bound, "%.15g", (double)ap_histogram_bounds_us[i] / G_USEC_PER_SEC);
    ap_metrics_text_value (text, bucket, (double)total, "le", bound, NULL);
  }
  total += histogram->counts[AP_HISTOGRAM_BOUNDS];
  ap_metrics_text_value (text, bucket, (double)total, "le", "+Inf", NULL);
  ap_metrics_text_value (text, sum, (double)histogram->sum_us / G_USEC_PER_SEC, NULL);
  ap_metrics_text_value (text, count, (double)total, NULL);
}
