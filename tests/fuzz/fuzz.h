/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What every fuzz target defines, and libFuzzer or driver.c calls. */
#pragma once

#include <stddef.h>
#include <stdint.h>

/* Aborts when @data breaks a promise of the code under test. Returns 0. */
int LLVMFuzzerTestOneInput (const uint8_t *data, size_t size);
