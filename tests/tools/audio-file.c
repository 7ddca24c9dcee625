/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* audio-file KIND RATE CHANNELS SECONDS: writes such a file to stdout, for tests that are not in C. Exits with 77 where
 * an element that makes it is not installed. */
#include <gst/gst.h>
#include <stdio.h>

#include "audio-files.h"

static AudioFileKind
parse_kind (const char *name)
{
  for (int kind = 0; kind < AUDIO_FILE_KINDS; kind++)
    if (g_str_equal (name, audio_file_kind_name (kind)))
      return kind;
  g_error ("there is no kind %s", name);
}

int
main (int argc, char **argv)
{
  g_autoptr (GBytes) file = NULL;
  AudioFileKind kind;

  gst_init (&argc, &argv);
  if (argc != 5)
    g_error ("usage: audio-file KIND RATE CHANNELS SECONDS");
  kind = parse_kind (argv[1]);
  if (!audio_file_can_make (kind))
    return 77;
  file = audio_file_make (kind, (guint)g_ascii_strtoull (argv[2], NULL, 10),
                          (guint)g_ascii_strtoull (argv[3], NULL, 10), g_ascii_strtod (argv[4], NULL));
  return fwrite (g_bytes_get_data (file, NULL), g_bytes_get_size (file), 1, stdout) == 1 ? 0 : 1;
}
