/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "media/ap-pipeline.h"

/* The graphs of live pipelines as DOT files: drawn on the pipelines' workers, written by the main thread when the last
 * reference goes. From any thread. */
typedef struct _ApGraphs ApGraphs;

/* @folder: where the files go */
ApGraphs *ap_graphs_new (const char *folder);
ApGraphs *ap_graphs_ref (ApGraphs *graphs);
void ap_graphs_unref (ApGraphs *graphs);

/* On the pipeline's worker. Beyond AP_GRAPHS graphs it is only counted. */
void ap_graphs_add (ApGraphs *graphs, const char *name, ApPipeline *pipeline);
