#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Holds docs/operations.md and the files of docs/operations/ to what a running server tells at /metrics.

names      every metric and every bound is documented, and every metric that is named anywhere exists
dashboard  grafana-dashboard.json is a dashboard of Grafana 9: fields, ids, places, queries
promtool   Prometheus' own tool finds the page, the alert rules and the dashboard's queries in order
proxies    nginx and haproxy take their configuration
systemd    systemd-analyze takes the unit, and counts little against it
deploy     docker-compose.yml, the Dockerfile and the systemd unit agree with each other and with the server's options

usage: operations-files.py TEST SERVER SOURCE-FOLDER
"""

import itertools
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import urllib.request
from pathlib import Path

SKIP = 77

try:
    import yaml
except ImportError:  # what needs it is skipped
    yaml = None
NAME = re.compile(r"\baudio_pipeline_[a-z0-9_]+")
LISTENING = re.compile(r"listening on (http://127\.0\.0\.1:\d+)")


def page_of(server):
    """The page of a server that is started for it and stopped."""
    with tempfile.TemporaryDirectory() as folder:
        process = subprocess.Popen([Path(server).resolve(), "--host", "127.0.0.1", "--port", "0", "--workers", "1"], cwd=folder,
                                   stderr=subprocess.PIPE, stdout=subprocess.DEVNULL, text=True)
        try:
            address = next(match[1] for line in process.stderr if (match := LISTENING.search(line)))
            opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
            with opener.open(address + "/metrics", timeout=30) as answer:
                return answer.read().decode()
        finally:
            process.terminate()
            process.wait(30)


def families_of(page):
    """name -> type"""
    return dict(re.findall(r"^# TYPE (\S+) (\S+)$", page, re.MULTILINE))


def series_of(families):
    """Every name that a query may use."""
    for name, kind in families.items():
        yield from [name + part for part in ("_bucket", "_sum", "_count")] if kind == "histogram" else [name]


def names(page, docs):
    families = families_of(page)
    text = (docs / "operations.md").read_text("utf-8")
    yield from (f"docs/operations.md does not tell of {name}" for name in families
                if not re.search(rf"`{name}`", text))
    known = set(series_of(families)) | set(families)
    for path in [docs / "operations.md", *sorted((docs / "operations").iterdir())]:
        yield from (f"{path.name} names {name}, which /metrics has not"
                    for name in sorted(set(NAME.findall(path.read_text("utf-8"))) - known) if name != "audio_pipeline_")
    limits = (docs.parent / "server" / "base" / "ap-limits.h").read_text("utf-8")
    bounds, told = set(re.findall(r"^#define (AP_\w+)", limits, re.M)), set(re.findall(r"`(AP_\w+)`", text))
    yield from (f"{name} is told of by ap-limits.h or docs/operations.md alone" for name in sorted(bounds ^ told))
    used = " ".join((docs / "operations" / name).read_text("utf-8") for name in ("grafana-dashboard.json", "alerts.yml"))
    yield from (f"neither dashboard nor alerts use {name}" for name in families if name not in used)


def overlap(one, other):
    return (one["x"] < other["x"] + other["w"] and other["x"] < one["x"] + one["w"]
            and one["y"] < other["y"] + other["h"] and other["y"] < one["y"] + one["h"])


def expressions(docs):
    dashboard = json.loads((docs / "operations" / "grafana-dashboard.json").read_text("utf-8"))
    for panel in dashboard["panels"]:
        for target in panel.get("targets", []):
            yield panel["title"], target["expr"]


def dashboard(page, docs):
    board = json.loads((docs / "operations" / "grafana-dashboard.json").read_text("utf-8"))
    panels = board["panels"]
    if not 36 <= board["schemaVersion"] <= 39 or not board["title"] or not board["uid"]:
        yield "it is not of Grafana 9, or has no name"
    if len({panel["id"] for panel in panels}) != len(panels):
        yield "two panels have one id"
    variables = {"$" + variable["name"] for variable in board["templating"]["list"]} | {"$__rate_interval"}
    for panel in panels:
        place, kind = panel["gridPos"], panel["type"]
        if kind not in ("row", "timeseries", "stat") or not panel["title"] or place["x"] + place["w"] > 24:
            yield f"panel {panel['id']}: its type, title or place"
        if kind != "row" and not panel["targets"]:
            yield f"{panel['title']} asks nothing"
        for target in panel.get("targets", []):
            if target["datasource"]["uid"] != "${datasource}" or not target["refId"]:
                yield f"{panel['title']}: its source"
            if unknown := set(re.findall(r"\$\w+", target["expr"])) - variables:
                yield f"{panel['title']} uses {unknown}"
    for one, other in itertools.combinations(panels, 2):
        if overlap(one["gridPos"], other["gridPos"]):
            yield f"{one['title']} lies on {other['title']}"


def run(*command, **options):
    """What a tool that is not content says."""
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False, **options)
    if done.returncode != 0:
        yield f"{' '.join(map(str, command))}: {done.stdout}{done.stderr}"


def need(*programs):
    path = os.environ["PATH"] + ":/usr/sbin:/sbin"
    found = [shutil.which(program, path=path) for program in programs]
    for program, where in zip(programs, found):
        if where is None:
            print(f"skipped: {program} is not installed")
            sys.exit(SKIP)
    return found


def promtool(page, docs):
    tool, = need("promtool")
    yield from run(tool, "check", "metrics", input=page)
    yield from run(tool, "check", "rules", docs / "operations" / "alerts.yml")
    rules = "groups:\n  - name: dashboard\n    rules:\n"
    for number, (_, expression) in enumerate(expressions(docs)):
        expression = expression.replace("$__rate_interval", "5m").replace("$instance", ".*")
        rules += f"      - record: query_{number}\n        expr: {json.dumps(expression)}\n"
    with tempfile.NamedTemporaryFile("w", suffix=".yml") as file:
        file.write(rules)
        file.flush()
        yield from run(tool, "check", "rules", file.name)


def proxies(page, docs):
    nginx, haproxy, openssl = need("nginx", "haproxy", "openssl")
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        yield from run(openssl, "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "1", "-subj", "/CN=localhost",
                       "-keyout", folder / "key.pem", "-out", folder / "certificate.pem")
        both = (folder / "certificate.pem").read_text() + (folder / "key.pem").read_text()
        (folder / "both.pem").write_text(both)
        config = (docs / "operations" / "nginx.conf").read_text("utf-8")
        for path, here in {"/etc/ssl/private/audio.example.key": "key.pem", "/etc/ssl/audio.example.pem": "certificate.pem",
                           "/run/nginx.pid": "nginx.pid", "/var/log/nginx": "."}.items():
            config = config.replace(path, str(folder / here))
        # `-t` binds, and the port may be taken or not allowed.
        (folder / "nginx.conf").write_text(config.replace("listen 443 ssl", f"listen unix:{folder}/socket ssl"))
        yield from run(nginx, "-t", "-c", folder / "nginx.conf", "-e", folder / "error.log")
        config = (docs / "operations" / "haproxy.cfg").read_text("utf-8")
        (folder / "haproxy.cfg").write_text(config.replace("/etc/haproxy/audio.example.pem", str(folder / "both.pem")))
        yield from run(haproxy, "-c", "-f", folder / "haproxy.cfg")


def compose(root, known):
    """Of docker-compose.yml: that it is one, and fits the image and the files that it mounts."""
    folder = root / "docs" / "deploy"
    document = yaml.safe_load((folder / "docker-compose.yml").read_text("utf-8"))
    image = (root / "Dockerfile").read_text("utf-8")
    audio = document["services"]["audio"]
    stored = audio["environment"]["AUDIO_STORAGE_PATH"]
    mounts = dict(mount.split(":")[:2] for service in document["services"].values() for mount in service["volumes"])
    if f"AUDIO_STORAGE_PATH={stored} " not in image or f"VOLUME {stored}\n" not in image:
        yield f"the image does not keep recordings in {stored}"
    if not any(mounts.get(volume) == stored for volume in document["volumes"]):
        yield f"no volume is mounted at {stored}"
    yield from (f"there is no {path}" for path in mounts if path.startswith("../") and not (folder / path).exists())
    yield from (f"no option has the variable {name}" for name in audio["environment"] if name not in known)
    yield from (f"{name} is not locked in" for name, service in document["services"].items()
                if service["read_only"] is not True or service["cap_drop"] != ["ALL"] or "mem_limit" not in service
                or service["security_opt"] != ["no-new-privileges:true"])
    if audio["healthcheck"]["test"] != ["CMD", "audio-pipeline-server", "--healthcheck"]:
        yield "the health is not asked for"
    if (folder / audio["build"]).resolve() != root.resolve():
        yield f"{audio['build']} is not where the Dockerfile is"
    config = (root / "docs" / "operations" / "nginx.conf").read_text("utf-8")
    here, there = re.search(r"sed s/(\S+?)/(\S+?)/ ", document["services"]["nginx"]["command"][-1]).groups()
    if f"server {here};" not in config or there != audio["networks"]["inside"]["ipv4_address"] + ":8001":
        yield f"nginx does not find the server: {here} is not in nginx.conf, or {there} is not the server's"
    inside = re.findall(r"ssl_certificate(?:_key)?\s+(\S+);", config)
    yield from (f"nginx has no {path}" for path in inside if path not in mounts.values())


def unit(root, known):
    text = (root / "data" / "audio-pipeline-server.service.in").read_text("utf-8")
    settings = dict(re.findall(r"^Environment=(\w+)=(.*)$", text, re.MULTILINE))
    state = re.search(r"^StateDirectory=(\S+)$", text, re.MULTILINE)
    if state is None or not settings.get("AUDIO_STORAGE_PATH", "").startswith(f"%S/{state[1]}/"):
        yield "the unit keeps recordings elsewhere than in its StateDirectory"
    yield from (f"no option has the variable {name}" for name in settings if name not in known and not name.startswith("GST_") and name != "HOME")


def systemd(page, docs):
    analyze, = need("systemd-analyze")
    text = (docs.parent / "data" / "audio-pipeline-server.service.in").read_text("utf-8")
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "audio-pipeline-server.service")
        path.write_text(text.replace("@BINDIR@", str(Path(sys.argv[2]).resolve().parent)), "utf-8")
        yield from run(analyze, "verify", "--man=no", path)
        # It counts from 0, which is best, to 10.
        yield from run(analyze, "security", "--offline=yes", "--no-pager", "--threshold=15", path)


def deploy(page, docs):
    if yaml is None or not (docs / "deploy").exists():
        print("skipped: there is no docs/deploy, or no python3-yaml, here")
        sys.exit(SKIP)
    told = subprocess.run([sys.argv[2], "--help"], capture_output=True, text=True, check=True, timeout=30).stdout
    known = set(re.findall(r"\b[A-Z]+(?:_[A-Z]+)+\b", told))
    yield from compose(docs.parent, known)
    yield from unit(docs.parent, known)


def main(test, server, source):
    tests = {"names": names, "dashboard": dashboard, "promtool": promtool, "proxies": proxies, "systemd": systemd,
             "deploy": deploy}
    page = page_of(server) if test in ("names", "promtool") else ""
    found = list(tests[test](page, Path(source) / "docs"))
    for finding in found:
        print(finding, file=sys.stderr)
    print(f"{test}: {len(found)} finding(s)" if found else f"{test}: in order")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
