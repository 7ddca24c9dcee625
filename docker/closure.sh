#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
# Copies the programs of the image, the GStreamer plugins that --pipeline may name and those that recordings are decoded
# with, and every library that all these need,
# into a folder that holds the tree of the image. usage: closure.sh FOLDER, after `DESTDIR=FOLDER meson install`.
set -eu

out=$1
programs='gst-inspect-1.0 gst-launch-1.0'
plugins='coreelements app
  audioconvert audioresample audiorate audiomixer audiotestsrc volume level audiofx equalizer
  alaw mulaw wavenc wavparse
  audioparsers mpg123 flac isomp4 libav matroska opus vorbis'

plugins_dir=$(pkg-config --variable=pluginsdir gstreamer-1.0)
scanner=$(pkg-config --variable=pluginscannerdir gstreamer-1.0)/gst-plugin-scanner

# Into the image, at the path where this system has it: /lib is a link to /usr/lib in the image, as it is here.
take () {
  target=$out$(realpath "$(dirname "$1")")/$(basename "$1")
  [ -e "$target" ] || install -D -m "$2" "$1" "$target"
}

# The licence of the package that a file is from.
take_copyright () {
  package=$(dpkg-query --search "$1" "$(realpath "$1")" "/lib${1#/usr/lib}" 2>/dev/null | head -n 1 | cut -d: -f1)
  licence=/usr/share/doc/$package/copyright
  if [ -n "$package" ] && [ -f "$licence" ]; then
    install -D -m 644 "$licence" "$out$licence"
  fi
}

take "$scanner" 755
for program in $programs; do
  take "$(command -v "$program")" 755
done
for plugin in $plugins; do
  take "$plugins_dir/libgst$plugin.so" 644
  take_copyright "$plugins_dir/libgst$plugin.so"
done

# ldd names the libraries of libraries, too, and the loader itself.
find "$out" -type f \( -perm -u+x -o -name '*.so' \) -exec ldd {} + 2>/dev/null |
  awk '$2 == "=>" && $3 ~ /^\// { print $3 } $1 ~ /^\// && $2 ~ /^\(/ { print $1 }' | sort -u |
  while read -r library; do
    take "$library" 755
    take_copyright "$library"
  done

echo "closure: $(find "$out" -type f | wc -l) files, $(du -sm "$out" | cut -f1) MB"
