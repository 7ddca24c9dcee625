# syntax=docker/dockerfile:1
# SPDX-License-Identifier: LGPL-2.1-or-later

# ---- Swagger UI and ReDoc, which are built into the server; without them its pages say that they are missing ----
FROM debian:bookworm-slim AS pages
WORKDIR /pages
RUN apt-get update && apt-get install -y --no-install-recommends npm
COPY server/endpoints/docs/package.json server/endpoints/docs/package-lock.json server/endpoints/docs/.npmrc ./
RUN npm ci --ignore-scripts --no-audit --no-fund || { echo 'npm failed: going on without the pages' >&2; mkdir -p node_modules; }

# ---- Builds, tests, and gathers what the image needs ----
FROM debian:bookworm-slim AS build
WORKDIR /src

# Packages first: this layer stays until the list in ./dev changes.
COPY dev ./
RUN ./dev packages run test

# What is tested is what is shipped: one release build. The suites lint and e2e are left to ./dev test: they judge the
# text of the tree and need a browser, and neither says anything about this image. Most tests wait more than they compute,
# so more of them run at once than there are cores.
COPY . .
COPY --from=pages /pages/node_modules server/endpoints/docs/node_modules
RUN meson setup build --prefix=/usr --buildtype=release -Dwerror=true \
 && MESON_TESTTHREADS=6 ./dev test unit gst integration \
 && DESTDIR=/image meson install -C build --no-rebuild --strip \
 && rm -rf /image/usr/lib/systemd /image/usr/share/man \
 && docker/closure.sh /image

# ---- Runs ----
FROM debian:bookworm-slim
COPY --from=build /image /
ENV AUDIO_HOST=0.0.0.0 \
    AUDIO_PORT=8001 \
    AUDIO_STORAGE_PATH=/app/audio_sessions \
    LANG=C.UTF-8 \
    GST_REGISTRY=/var/cache/audio-pipeline/registry.bin
# GStreamer's list of plugins is made once here, so that the server starts at once, also where nothing may be written.
RUN useradd --system --no-create-home --home-dir /nonexistent --uid 10001 pipeline \
 && ldconfig \
 && mkdir -p /var/cache/audio-pipeline \
 && gst-inspect-1.0 mulawenc_demo >/dev/null \
 && chmod a+r /var/cache/audio-pipeline/registry.bin \
 && install -d -o pipeline -g pipeline -m 0700 /app/audio_sessions
USER pipeline
# Recordings. A volume that is new gets the owner and the mode of this folder.
VOLUME /app/audio_sessions
EXPOSE 8001
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=15s --timeout=3s --start-period=5s CMD ["audio-pipeline-server", "--healthcheck"]
CMD ["audio-pipeline-server"]
