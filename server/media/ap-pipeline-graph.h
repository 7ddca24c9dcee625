/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "media/ap-pipeline.h"

/**
 * ap_pipeline_to_dot:
 *
 * On the pipeline's worker.
 *
 * Returns: (transfer full) (nullable): its elements, their properties, states and caps as a graph in Graphviz'
 * language; NULL when it is stopped
 */
char *ap_pipeline_to_dot (ApPipeline *pipeline);
