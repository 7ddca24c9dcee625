/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <gst/gst.h>

/**
 * ap_pipeline_fold_caps:
 * @bin: elements that are linked and do not run yet
 *
 * Takes the capsfilters out that stand between two elements and leave no choice in what they name. The pads on both
 * sides answer in their place from then on: the elements agree on the same format, and no buffer has to go through one
 * element more.
 */
void ap_pipeline_fold_caps (GstElement *bin);
