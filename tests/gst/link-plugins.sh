#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
# Makes a folder with links to the few system plugins that the tests use: link-plugins.sh FOLDER SYSTEM-FOLDER NAME...
# With this folder as the only system folder, a test loads nothing else, so that it starts fast also under a sanitizer.
set -eu

folder=$1
system=$2
shift 2
rm -rf "$folder"
mkdir -p "$folder"
for name; do
  if [ -e "$system/libgst$name.so" ]; then
    ln -s "$system/libgst$name.so" "$folder/"
  fi
done
