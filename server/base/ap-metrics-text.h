/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "base/ap-histogram.h"

/* Prometheus' text format, version 0.0.4: each family of metrics once, its help and type before its values. */
#define AP_METRICS_TEXT_TYPE "text/plain; version=0.0.4; charset=utf-8"
/* Before the name of every family. */
#define AP_METRICS_PREFIX "audio_pipeline_"

/**
 * ap_metrics_text_family:
 * @name: without the prefix
 * @type: counter, gauge or histogram
 */
void ap_metrics_text_family (GString *text, const char *name, const char *type, const char *help);

/* A value of the family @name. Behind @value the labels: names and their values in turn, all strings, and NULL. */
void ap_metrics_text_value (GString *text, const char *name, double value, ...) G_GNUC_NULL_TERMINATED;

/* All values of a histogram, in seconds. */
void ap_metrics_text_histogram (GString *text, const char *name, const ApHistogram *histogram);
