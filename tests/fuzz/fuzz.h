/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What every fuzz target defines, and libFuzzer or driver.c calls. */
#pragma once

#include <stddef.h>
#include <stdint.h>

/* Where there is one, it is called before the first input, whose time is limited: for what takes long when it is done
 * first, as GStreamer's look at its plugins. Returns 0. */
__attribute__ ((weak)) int LLVMFuzzerInitialize (int *argc, char ***argv);

/* Aborts when @data breaks a promise of the code under test. Returns 0. */
int LLVMFuzzerTestOneInput (const uint8_t *data, size_t size);
