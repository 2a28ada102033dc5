#!/usr/bin/env bash
# A histogram with one row for each shard, written by prom-client and read again by two parsers.
#
# Each set of labels is a series of its own, and its buckets, sum and count belong together
# (https://prometheus.io/docs/instrumenting/exposition_formats/#histograms-and-summaries). Status pages and tests of bots
# read such a page by a parser. Here shard 0 has waited three times, 6 s in all, and shard 1 once, 0.05 s.
#
# Seen:
# - parse-prometheus-text-format 1.1.1 drops the label and makes one histogram of both: what remains is the last shard's
#   buckets, as if they were everything, without sum and count. Labels of a counter beside it are kept. (That a labelled
#   histogram's sum is missing is issue 13 of its repository, open since 2020; that series overwrite each other is not in it.)
# - prometheus-client 0.26.0 (Python) reads both shards.
set -euo pipefail
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cd "$dir"
npm install --silent --no-audit --no-fund --ignore-scripts prom-client@15.1.3 parse-prometheus-text-format@1.1.1
python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check --no-compile prometheus-client==0.26.0

cat > ask.cjs <<'JS'
const { readFileSync, writeFileSync } = require("node:fs");
const { Counter, Histogram, Registry } = require("prom-client");
const parse = require("parse-prometheus-text-format");
const version = (name) => JSON.parse(readFileSync(`node_modules/${name}/package.json`)).version;
(async () => {
  const registry = new Registry();
  const wait = new Histogram({ name: "wait_seconds", help: "Waits", labelNames: ["shard"], buckets: [0.1, 1], registers: [registry] });
  for (const seconds of [0.5, 0.5, 5]) wait.observe({ shard: "0" }, seconds);
  wait.observe({ shard: "1" }, 0.05);
  new Counter({ name: "events_total", help: "Events", labelNames: ["shard"], registers: [registry] }).inc({ shard: "0" }, 3);
  const page = await registry.metrics();
  writeFileSync("page", page.endsWith("\n") ? page : `${page}\n`);
  for (const { name, metrics } of (parse.default ?? parse)(page)) {
    console.log(`parse-prometheus-text-format ${version("parse-prometheus-text-format")} ${name}: ${JSON.stringify(metrics)}`);
  }
})();
JS
cat > ask.py <<'PY'
from importlib.metadata import version
from prometheus_client.parser import text_string_to_metric_families

for family in text_string_to_metric_families(open("page").read()):
    if family.name == "wait_seconds":
        read = {sample.labels["shard"]: sample.value for sample in family.samples if sample.name == "wait_seconds_count"}
        print(f"prometheus-client {version('prometheus-client')} wait_seconds: counts by shard {read}")
PY
{ node ask.cjs; venv/bin/python ask.py; } | tee seen.txt

diff - seen.txt <<'SEEN'
parse-prometheus-text-format 1.1.1 wait_seconds: [{"buckets":{"1":"1","0.1":"1","+Inf":"1"}}]
parse-prometheus-text-format 1.1.1 events_total: [{"value":"3","labels":{"shard":"0"}}]
prometheus-client 0.26.0 wait_seconds: counts by shard {'0': 3, '1': 1}
SEEN
echo "as it was seen on 2026-11-30"
