#!/usr/bin/env python3
"""Does every panel of the dashboard show something, and could every alert fire?

    tests/deploy/observe.py                                      looks at the dashboard's file alone
    tests/deploy/observe.py --prometheus http://127.0.0.1:9090   asks a Prometheus that runs with deploy/observe

The second form needs a cluster that draws pictures meanwhile. It waits until every expression returns data,
--wait seconds at most. Every mistake is said; the exit code is 1 if there is one.
"""

import argparse
import json
import math
import re
import sys
import time
import urllib.error
import urllib.parse
import urllib.request
from pathlib import Path

OBSERVE = Path(__file__).resolve().parents[2] / "deploy" / "observe"
DASHBOARD = OBSERVE / "grafana" / "dashboards" / "cluster.json"
DATASOURCE = OBSERVE / "grafana" / "datasources" / "prometheus.yml"

# What Grafana 12.4 and 13.2 write themselves: they need not migrate the file.
SCHEMA_VERSION = 42
KINDS = {"bargauge", "heatmap", "row", "stat", "state-timeline", "table", "timeseries"}
COLUMNS = 24

# What Grafana puts in place of its variables. The window is long enough for data of a picture a while ago.
VARIABLES = {"pool": ".*", "__rate_interval": "5m", "__interval": "15s", "__range": "15m"}

# What may be empty in a cluster in which nothing went wrong.
EMPTY = {
    "ALERTS",  # no alert
    'ALERTS{alertstate="firing"}',
    'increase(balancer_server_ejections_total{pool=~"$pool"}[15s]) > 0',
    'rate(balancer_server_failures_total{pool=~"$pool"}[$__rate_interval]) > 0',
    'rate(balancer_server_ejections_total{pool=~"$pool"}[$__rate_interval]) > 0',
    'rate(balancer_server_probe_failures_total{pool=~"$pool"}[$__rate_interval]) > 0',
}

# Series that Prometheus makes itself.
OWN = {"ALERTS", "up"}

# The jobs of prometheus.yml.
ROLES = {"balancer", "frontend", "worker"}


def main():
    arguments = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    arguments.add_argument("--prometheus", metavar="URL", help="a Prometheus that runs with deploy/observe")
    arguments.add_argument("--wait", metavar="SECONDS", type=float, default=90, help="until there is data (default 90)")
    arguments = arguments.parse_args()

    dashboard = json.loads(DASHBOARD.read_text())
    mistakes = list(shape(dashboard)) + list(layout(dashboard["panels"]))
    said = f"{len(dashboard['panels'])} panels"
    if arguments.prometheus:
        prometheus = Prometheus(arguments.prometheus.rstrip("/"), time.monotonic() + arguments.wait)
        found, asked = answers(dashboard, prometheus)
        mistakes += found
        said += f", {asked} expressions"
    for mistake in mistakes:
        print(f"observe.py: {mistake}", file=sys.stderr)
    print(f"{DASHBOARD.name}: {said}, {len(mistakes)} mistakes")
    return 1 if mistakes else 0


# --- the file


def shape(dashboard):
    """What is wrong with the dashboard's form."""
    for key, value in (("refresh", "5s"), ("schemaVersion", SCHEMA_VERSION), ("uid", "tilebrot-cluster")):
        if dashboard.get(key) != value:
            yield f"{key} is {dashboard.get(key)!r}, not {value!r}"

    uid = re.search(r"^ *uid: *(\S+)$", DATASOURCE.read_text(), re.MULTILINE)[1]
    known = set(VARIABLES)
    for variable in dashboard["templating"]["list"]:
        known.add(variable["name"])
        if variable["name"] not in VARIABLES:
            yield f"VARIABLES has no value for ${variable['name']}"
        if variable["datasource"].get("uid") != uid:
            yield f"${variable['name']} does not ask the data source {uid}"

    ids = [panel["id"] for panel in dashboard["panels"]]
    for twice in sorted({i for i in ids if ids.count(i) > 1}):
        yield f"the panel id {twice} is there twice"

    for panel in dashboard["panels"]:
        name = f"panel {panel['id']} ({panel.get('title')})"
        if panel["type"] not in KINDS:
            yield f"{name} is a {panel['type']}, which is not among {', '.join(sorted(KINDS))}"
        if not panel.get("title"):
            yield f"{name} has no title"
        if panel["type"] == "row":
            continue
        if not panel.get("description"):
            yield f"{name} has no description"
        if not panel.get("fieldConfig", {}).get("defaults", {}).get("unit"):
            yield f"{name} has no unit"
        if not panel.get("targets"):
            yield f"{name} asks nothing"
        refs = [target["refId"] for target in panel["targets"]]
        if len(set(refs)) != len(refs):
            yield f"{name} uses a refId twice"
        for asks in [panel, *panel["targets"]]:
            if asks.get("datasource", {}).get("uid") != uid:
                yield f"{name} does not ask the data source {uid}"
        for target in panel["targets"]:
            for variable in re.findall(r"\$\{?(\w+)", target["expr"]):
                if variable not in known:
                    yield f"{name} uses ${variable}, which is not there"


def layout(panels):
    """Panels that reach over the edge or over each other."""
    taken = {}
    for panel in panels:
        at = panel["gridPos"]
        if at["x"] + at["w"] > COLUMNS:
            yield f"panel {panel['id']} reaches over the right edge"
        for cell in ((x, y) for x in range(at["x"], at["x"] + at["w"]) for y in range(at["y"], at["y"] + at["h"])):
            other = taken.setdefault(cell, panel["id"])
            if other != panel["id"]:
                yield f"panels {other} and {panel['id']} overlap"
                break


# --- with a Prometheus


class Prometheus:
    """Its HTTP API, until a deadline that all questions share."""

    def __init__(self, url, deadline):
        self.url = url
        self.deadline = deadline

    def get(self, path, **query):
        """The answer's data; RuntimeError with its words when there is none."""
        url = f"{self.url}/api/v1/{path}?{urllib.parse.urlencode(query, doseq=True)}"
        try:
            with urllib.request.urlopen(url, timeout=10) as answer:
                return json.load(answer)["data"]
        except urllib.error.HTTPError as error:
            raise RuntimeError(json.load(error).get("error", error.reason)) from None
        except OSError as error:
            raise SystemExit(f"observe.py: {self.url} does not answer: {error}") from None

    def series(self, expression):
        """How many series `expression` has whose value is a number."""
        result = self.get("query", query=expression)["result"]
        return sum(1 for series in result if not math.isnan(float(series["value"][1])))

    def eventually(self, question):
        """Whether `question` comes true before the deadline."""
        while not question():
            if time.monotonic() > self.deadline:
                return False
            time.sleep(1)
        return True


def answers(dashboard, prometheus):
    """Mistakes that only data show, and how many expressions were asked."""
    groups = []

    def evaluated():
        groups[:] = prometheus.get("rules")["groups"]
        return groups and all(rule["health"] != "unknown" for group in groups for rule in group["rules"])

    prometheus.eventually(evaluated)
    rules = [rule for group in groups for rule in group["rules"]]
    mistakes = [
        f"rule {rule['name']} is {rule['health']}: {rule.get('lastError', '')}"
        for rule in rules
        if rule["health"] != "ok"
    ]
    if {rule["type"] for rule in rules} != {"alerting", "recording"}:
        mistakes.append("recording.yml and alerts.yml are not both loaded")

    # An alert's expression is empty while all is well; what it looks at must be there.
    asked = [
        (f"alert {rule['name']}", selector)
        for rule in rules
        if rule["type"] == "alerting"
        for selector in selectors(rule["query"])
    ]
    asked += [(f"recording {rule['name']}", rule["query"]) for rule in rules if rule["type"] == "recording"]
    asked += [
        (f"panel {panel['id']} ({panel['title']}), {target['refId']}", target["expr"])
        for panel in dashboard["panels"]
        for target in panel.get("targets", [])
    ]
    asked += [
        (f"annotation {annotation['name']}", annotation["expr"])
        for annotation in dashboard["annotations"]["list"]
        if "expr" in annotation
    ]

    recorded = {rule["name"] for rule in rules if rule["type"] == "recording"}
    exposed = {}

    def scraped():
        found = prometheus.get("query", query='count by (__name__, job) ({job=~".+", __name__!~".*:.*"})')["result"]
        exposed.update((series["metric"]["__name__"], series["metric"]["job"]) for series in found)
        return ROLES <= set(exposed.values())

    def unknown(expression):
        return names(expression) - exposed.keys() - recorded - OWN

    prometheus.eventually(lambda: scraped() and not any(unknown(expression) for _, expression in asked))
    mistakes += [f"no {role} is scraped" for role in sorted(ROLES - set(exposed.values()))]
    for where, expression in asked:
        mistakes += [f"{where}: no role exposes {name}" for name in sorted(unknown(expression))]

    for where, expression in asked:
        concrete = re.sub(r"\$\{?(\w+)\}?", lambda match: VARIABLES.get(match[1], match[0]), expression)
        try:
            if expression in EMPTY:
                prometheus.series(concrete)
            elif not prometheus.eventually(lambda: prometheus.series(concrete)):
                mistakes.append(f"{where} returns nothing: {expression}")
        except RuntimeError as error:
            mistakes.append(f"{where}: {error}")

    for variable in dashboard["templating"]["list"]:
        metric, label = re.fullmatch(r"label_values\((\w+), *(\w+)\)", variable["definition"]).groups()
        if not prometheus.get(f"label/{label}/values", **{"match[]": metric}):
            mistakes.append(f"${variable['name']} has no values")
    return mistakes, len(asked)


# --- PromQL, as far as it is used here

STRING = r'"(?:\\.|[^"\\])*"'
NAME = r"(?<![\w:.])[A-Za-z_:][\w:]*"
# Lists of labels, and windows: names in them are no metrics.
ASIDE = r"\b(?:by|without|on|ignoring|group_left|group_right)\b\s*\([^)]*\)|\[[^\]]*\]"
WORDS = {"and", "or", "unless", "bool", "offset"}


def selectors(expression):
    """The vector selectors in `expression`, each with its matchers."""
    bare = re.sub(rf"({STRING})|{ASIDE}", r"\1", expression)
    # What stands before a parenthesis is a function.
    found = re.finditer(rf"{STRING}|{NAME}\s*\(|({NAME})(\s*\{{(?:{STRING}|[^}}\"])*\}})?", bare)
    return [match[1] + (match[2] or "") for match in found if match[1] and match[1] not in WORDS]


def names(expression):
    """The metrics that `expression` reads."""
    return {re.match(NAME, selector)[0] for selector in selectors(expression)}


if __name__ == "__main__":
    sys.exit(main())
