#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
# `meson install` puts the server, the plugin, the man page and the systemd unit where a package expects them, and GStreamer
# finds the element in what was installed. usage: test-install.sh BUILD-FOLDER PLUGIN-FOLDER UNIT-FOLDER PREFIX
set -eu

build=$1 plugins=$2 units=$3 prefix=$4
out=$(mktemp -d)
trap 'rm -rf "$out"' EXIT

meson install -C "$build" --no-rebuild --quiet --destdir "$out"

fail () {
  echo "$*" >&2
  exit 1
}

for file in "$prefix/bin/audio-pipeline-server" "$plugins/libgstmulawdemo.so" \
  "$prefix/share/man/man1/audio-pipeline-server.1" "$units/audio-pipeline-server.service"; do
  [ -s "$out$file" ] || fail "not installed: $file"
done

grep -q "^ExecStart=$prefix/bin/audio-pipeline-server" "$out$units/audio-pipeline-server.service" ||
  fail 'the unit does not start the installed server'
if grep -n '@[A-Z]*@' "$out$units/audio-pipeline-server.service" "$out$prefix/share/man/man1/audio-pipeline-server.1"; then
  fail 'a place holder was left'
fi

# A server that is installed speaks of the options that its man page names, and of no other.
options () {
  grep -o -- '--[a-z][a-z-]*' | sort -u
}
"$out$prefix/bin/audio-pipeline-server" --help | options >"$out/help"
grep '^\.\(BI\|TP\|B\|BR\) *\\-\\-' "$out$prefix/share/man/man1/audio-pipeline-server.1" | sed 's/\\-/-/g' | options >"$out/man"
diff "$out/help" "$out/man" >&2 || fail 'the man page (>) and --help (<) name different options'

GST_REGISTRY="$out/registry.bin" GST_PLUGIN_PATH="$out$plugins" gst-inspect-1.0 mulawenc_demo | grep -qF "$out$plugins" ||
  fail 'GStreamer does not find mulawenc_demo in what was installed'
