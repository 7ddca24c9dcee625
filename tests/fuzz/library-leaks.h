/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* For a target whose inputs go through the parser of a library that loses memory on some wrong ones (GStreamer's of
 * elements, json-glib's, libsoup's of requests), or keeps every name it has seen (GLib's of caps): LeakSanitizer would
 * tell of the library. GLib also keeps a table of names that it has outgrown, which it has with GStreamer. Leaks of
 * ours are looked for by the unit and integration tests of the same code. To be included once. */
#pragma once

const char *__asan_default_options (void);

const char *
__asan_default_options (void)
{
  return "detect_leaks=0";
}
