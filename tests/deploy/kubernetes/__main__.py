"""Would deploy/kubernetes be a cluster? Every overlay is rendered, held against Kubernetes' own schemas, and asked
what no schema knows: whether the parts still fit each other, balancer.toml and the program.

    python3 tests/deploy/kubernetes                                       the manifests alone
    python3 tests/deploy/kubernetes --binary target/release/tilebrot      starts every container's command, too

Needs kubectl, kubernetes-validate and PyYAML. Every mistake is said; the exit code is 1 if there is one.
"""

import argparse
import itertools
import os
import re
import sys
from pathlib import Path

import kubernetes_validate
from objects import Cluster, container, environment, labels, picks, pod, port_of, ports, seconds
from program import program, run

ROOT = Path(__file__).resolve().parents[3]
KUBERNETES = ROOT / "deploy" / "kubernetes"
OVERLAYS = ("local", "production")
# The oldest that has preStop.sleep without being asked for it, and the newest known.
VERSIONS = ("1.30", "1.37")

COMPONENT = "app.kubernetes.io/component"
NAMESPACE = "kubernetes.io/metadata.name"
# The longest of each, in seconds.
PICTURE, TILE = 600, 300
# For how long the cluster's DNS may go on giving an old answer, with the balancer's question and probe behind it.
DNS_MEMORY = 30 + 5

# Who calls whom inside; and who is called from outside, by overlay.
INSIDE = {("frontend", "balancer", 8081), ("balancer", "frontend", 8080), ("balancer", "worker", 8080)}
PAGE = {("balancer", 8080)}
METRICS = {("balancer", 8082), ("frontend", 8080), ("worker", 8080)}
OUTSIDE = {"local": PAGE, "production": PAGE | METRICS}

# Fields of objects that have no schema here, as their CRDs have them.
HEAD = {"apiVersion", "kind", "metadata.name", "metadata.namespace", "metadata.labels.*"}
BEHAVIOR = "spec.advanced.horizontalPodAutoscalerConfig.behavior"
FIELDS = {
    "ScaledObject": {
        "spec.scaleTargetRef.apiVersion", "spec.scaleTargetRef.kind", "spec.scaleTargetRef.name",
        "spec.minReplicaCount", "spec.maxReplicaCount",
        "spec.triggers.type", "spec.triggers.metricType", "spec.triggers.metadata.*", f"{BEHAVIOR}.*",
    },
    "PodMonitor": {
        "spec.selector.matchLabels.*", "spec.podMetricsEndpoints.port", "spec.podMetricsEndpoints.interval",
    },
    "HTTPRoute": {
        "spec.parentRefs.name", "spec.parentRefs.namespace", "spec.hostnames",
        "spec.rules.backendRefs.name", "spec.rules.backendRefs.port", "spec.rules.timeouts.request",
    },
}  # fmt: skip


# --- What each of these yields is a mistake. ---


def schemas(cluster):
    for thing in cluster.objects:
        name = f"{thing['kind']} {thing['metadata']['name']}"
        if thing["kind"] in FIELDS:
            known = HEAD | FIELDS[thing["kind"]]
            for path in paths(thing):
                if not any(path == k or k.endswith("*") and path.startswith(k[:-1]) for k in known):
                    yield f"{name}: {path} is not a field that is known here"
        else:
            yield from against_schema(name, thing)
    for scaled in cluster.all("ScaledObject"):
        yield from against_schema("the autoscaler that KEDA makes", as_autoscaler(scaled))


def against_schema(name, thing):
    for version in VERSIONS:
        try:
            kubernetes_validate.validate(thing, version, strict=True)
        except kubernetes_validate.ValidationError as e:
            yield f"{name}, Kubernetes {version}: {'.'.join(map(str, e.path))}: {e.message}"


def paths(value, prefix=""):
    """Every field by its path; the elements of lists share theirs."""
    if isinstance(value, dict):
        return {path for key, inner in value.items() for path in paths(inner, f"{prefix}.{key}" if prefix else key)}
    if isinstance(value, list):
        return {path for inner in value for path in paths(inner, prefix)}
    return {prefix}


def as_autoscaler(scaled):
    spec = scaled["spec"]
    return {
        "apiVersion": "autoscaling/v2",
        "kind": "HorizontalPodAutoscaler",
        "metadata": {"name": scaled["metadata"]["name"]},
        "spec": {
            "scaleTargetRef": spec["scaleTargetRef"],
            "minReplicas": spec.get("minReplicaCount"),
            "maxReplicas": spec.get("maxReplicaCount"),
            "behavior": spec["advanced"]["horizontalPodAutoscalerConfig"]["behavior"],
        },
    }


def namespaces(cluster):
    for thing in cluster.objects:
        if thing["kind"] == "Namespace":
            if thing["metadata"]["labels"].get("pod-security.kubernetes.io/enforce") != "restricted":
                yield "the namespace does not enforce restricted pods"
        elif cluster.namespace is None or thing["metadata"].get("namespace") != cluster.namespace:
            yield f"{thing['kind']} {thing['metadata']['name']} is in another namespace"


def containers(cluster):
    if set(cluster.roles) != {"balancer", "frontend", "worker"}:
        yield f"the Deployments are {sorted(cluster.roles)}"
    for role, thing in cluster.roles.items():
        spec, only = pod(thing), container(thing)
        user = spec.get("securityContext", {})
        if user != {
            "runAsNonRoot": True,
            "runAsUser": 65532,
            "runAsGroup": 65532,
            "seccompProfile": {"type": "RuntimeDefault"},
        }:
            yield f"{role}: its pods' securityContext is {user}"
        rights = only.get("securityContext", {})
        if rights != {
            "allowPrivilegeEscalation": False,
            "readOnlyRootFilesystem": True,
            "capabilities": {"drop": ["ALL"]},
        }:
            yield f"{role}: its container's securityContext is {rights}"
        for setting in ("automountServiceAccountToken", "enableServiceLinks"):
            if spec.get(setting) is not False:
                yield f"{role}: {setting} is not false"
        if only["image"].partition(":")[0].rpartition("/")[2] != "tilebrot" or ":" not in only["image"]:
            yield f"{role}: its image is {only['image']}, not tilebrot with a tag"
        if only["imagePullPolicy"] != {"local": "Never", "production": "IfNotPresent"}[cluster.overlay]:
            yield f"{role}: its image is pulled {only['imagePullPolicy']}"
        if only["args"] != [role]:
            yield f"{role}: runs {only['args']}"
        for part in ("requests", "limits"):
            if "memory" not in only["resources"][part]:
                yield f"{role}: no memory in {part}"
        for probe in ("startupProbe", "livenessProbe", "readinessProbe"):
            if only.get(probe, {}).get("httpGet", {}).get("port") not in ports(thing):
                yield f"{role}: its {probe} asks no port that it has"


def settings(cluster):
    if cluster.settings_text != (ROOT / "deploy" / "balancer.toml").read_text():
        yield "base/balancer.toml differs from deploy/balancer.toml"
    balancer = cluster.roles["balancer"]
    listed = {listener["pool"]: port_of(listener["address"]) for listener in cluster.settings["listener"]}
    listed["admin"] = port_of(cluster.settings["admin"])
    if ports(balancer) != listed:
        yield f"the balancer's ports are {ports(balancer)}, in its settings {listed}"
    (volume,) = pod(balancer)["volumes"]
    if not cluster.get("ConfigMap", volume["configMap"]["name"]):
        yield f"there is no ConfigMap {volume['configMap']['name']}"
    (mount,) = container(balancer)["volumeMounts"]
    if environment(balancer).get("TILEBROT_CONFIG") != f"{mount['mountPath']}/balancer.toml":
        yield "TILEBROT_CONFIG is not where the settings are mounted"
    for pool, server in ((pool, server) for pool in cluster.settings["pool"] for server in pool["servers"]):
        name, port = re.fullmatch(r"dns://([a-z]+):(\d+)", server).groups()
        if not list(cluster.service_port(name, int(port))):
            yield f"pool {pool['name']}: {server} leads to no container"
            continue
        spec = cluster.get("Service", name)["spec"]
        wanted = {"clusterIP": "None", "ipFamilyPolicy": "SingleStack", "publishNotReadyAddresses": True}
        for key, value in wanted.items():
            if spec.get(key) != value:
                yield f"Service {name}: {key} is not {value}, so its name is not every pod once"


def addresses(cluster):
    for role in ("frontend", "worker"):
        thing = cluster.roles[role]
        if environment(thing).get("TILEBROT_LISTEN") != f"0.0.0.0:{ports(thing)['http']}":
            yield f"{role}: listens elsewhere than on its port"
    asked_at = environment(cluster.roles["frontend"]).get("TILEBROT_TILES", "http://nowhere:0")
    name, port = re.fullmatch(r"http://([a-z]+):(\d+)", asked_at).groups()
    tiles = ports(cluster.roles["balancer"])["tiles"]
    if list(cluster.service_port(name, int(port))) != [("balancer", tiles)]:
        yield f"{asked_at} does not lead to the balancer's tiles"
    for service in cluster.all("Service"):
        for port in service["spec"]["ports"]:
            if not list(cluster.service_port(service["metadata"]["name"], port["port"])):
                yield f"Service {service['metadata']['name']}: port {port['port']} leads to no container"
    for route in cluster.all("HTTPRoute"):
        for rule in route["spec"]["rules"]:
            for backend in rule["backendRefs"]:
                site = ports(cluster.roles["balancer"])["site"]
                if list(cluster.service_port(backend["name"], backend["port"])) != [("balancer", site)]:
                    yield f"the route to {backend['name']}:{backend['port']} does not lead to the page"
            if rule.get("timeouts", {}).get("request") != "0s":
                yield "the route has a time limit, which a long picture passes"


def selectors(cluster):
    for role, thing in cluster.roles.items():
        if cluster.pods(thing["spec"]["selector"]) != {role}:
            yield f"Deployment {role} selects others' pods, or none"
        for spread in pod(thing).get("topologySpreadConstraints", []):
            if cluster.pods(spread["labelSelector"]) != {role}:
                yield f"{role}: spreads over others' pods, or none"
    if not pod(cluster.roles["worker"]).get("topologySpreadConstraints"):
        yield "workers are not spread"
    for budget in cluster.all("PodDisruptionBudget"):
        if cluster.pods(budget["spec"]["selector"]) != {"worker"}:
            yield f"PodDisruptionBudget {budget['metadata']['name']} is not for workers alone"
    for monitor in cluster.all("PodMonitor"):
        roles = cluster.pods(monitor["spec"]["selector"])
        asked = {endpoint["port"] for endpoint in monitor["spec"]["podMetricsEndpoints"]}
        silent = [role for role in cluster.roles if role not in roles or not asked & set(ports(cluster.roles[role]))]
        if silent:
            yield f"PodMonitor {monitor['metadata']['name']} does not ask {silent}"


def scaling(cluster):
    horizontal, scaled = cluster.all("HorizontalPodAutoscaler"), cluster.all("ScaledObject")
    targets = [thing["spec"]["scaleTargetRef"] for thing in horizontal + scaled]
    if [(target["kind"], target["name"]) for target in targets] != [("Deployment", "worker")]:
        yield f"not exactly one autoscaler, for workers: {targets}"
    for role, thing in cluster.roles.items():
        wanted = None if role == "worker" else 1
        if thing["spec"].get("replicas") != wanted:
            yield f"{role}: replicas is {thing['spec'].get('replicas')}, not {wanted}"
        update = thing["spec"].get("strategy", {})
        if update.get("type") != "RollingUpdate" or update.get("rollingUpdate", {}).get("maxUnavailable") != 0:
            yield f"{role}: an update stops a pod before the next one is there"
    resources = container(cluster.roles["worker"])["resources"]
    if not re.fullmatch(r"[1-9]\d*", resources["limits"].get("cpu", "")) or "cpu" not in resources["requests"]:
        yield f"a worker's CPU limit is no whole number of threads, or it requests none: {resources}"
    pools = {pool["name"] for pool in cluster.settings["pool"]}
    for trigger in (trigger for thing in scaled for trigger in thing["spec"]["triggers"]):
        query = trigger["metadata"].get("query")
        pool = re.search(r'balancer_queue_length\{namespace="([a-z]+)",pool="([a-z]+)"\}', query or "")
        if query and (not pool or pool[1] != cluster.namespace or pool[2] not in pools):
            yield f"the autoscaler's query does not ask for a pool's queue: {query}"


def endings(cluster):
    limits = cluster.settings["limits"]
    work = {
        # Its listeners stop one after the other.
        "balancer": seconds(limits.get("shutdown_delay", "0s")) + seconds(limits["grace"]) + TILE,
        "frontend": seconds(environment(cluster.roles["frontend"]).get("TILEBROT_GRACE", "0s")),
        "worker": seconds(environment(cluster.roles["worker"]).get("TILEBROT_GRACE", "0s")),
    }
    for role, least in (("balancer", PICTURE + TILE), ("frontend", PICTURE), ("worker", TILE)):
        thing = cluster.roles[role]
        pause = container(thing).get("lifecycle", {}).get("preStop", {}).get("sleep", {}).get("seconds", 0)
        if work[role] < least:
            yield f"{role}: has {work[role]} s for its last work, which may take {least} s"
        if pause < DNS_MEMORY:
            yield f"{role}: pauses for {pause} s, and its successor may be unknown for {DNS_MEMORY} s"
        if pod(thing)["terminationGracePeriodSeconds"] < pause + work[role]:
            yield f"{role}: is killed before its {pause} s and {work[role]} s are over"


def walls(cluster):
    """Works out what the policies let through, and compares it with who must call whom."""
    namespace = cluster.namespace
    rules = {"Ingress": [], "Egress": []}
    closed = {"Ingress": set(), "Egress": set()}
    for policy in cluster.all("NetworkPolicy"):
        spec, name = policy["spec"], policy["metadata"]["name"]
        roles = cluster.pods(spec["podSelector"])
        if not roles:
            yield f"NetworkPolicy {name} is for no pod"
        for way in spec["policyTypes"]:
            closed[way] |= roles
            for rule in spec.get(way.lower(), []):
                rules[way].append((roles, rule))
                for peer in rule.get("from", []) + rule.get("to", []):
                    if set(peer) == {"podSelector"} and not cluster.pods(peer["podSelector"]):
                        yield f"NetworkPolicy {name}: a peer is no pod"
    for way, roles in closed.items():
        if roles != set(cluster.roles):
            yield f"{way} is open for {sorted(set(cluster.roles) - roles)}"

    def lets(way, role, peer, port):
        key = {"Ingress": "from", "Egress": "to"}[way]
        for roles, rule in rules[way]:
            at = any(port in (p.get("port"), p.get("port", port)) for p in rule.get("ports", [{}]))
            if role in roles and at and (key not in rule or any(is_peer(p, peer) for p in rule[key])):
                return True
        return False

    def is_peer(allowed, peer):
        where, who = peer
        if "ipBlock" in allowed:
            return False
        spaces = allowed.get("namespaceSelector")
        at_home = spaces is None and where == namespace
        return (at_home or spaces is not None and picks(spaces, {NAMESPACE: where})) and picks(
            allowed.get("podSelector", {}), who
        )

    every_port = {port for thing in cluster.roles.values() for port in ports(thing).values()}
    inside = {
        (caller, called, port)
        for caller, called, port in itertools.product(cluster.roles, cluster.roles, every_port)
        if lets("Egress", caller, (namespace, labels(cluster.roles[called])), port)
        and lets("Ingress", called, (namespace, labels(cluster.roles[caller])), port)
    }
    if inside != INSIDE:
        yield f"inside, too much is open: {sorted(inside - INSIDE)}, too little: {sorted(INSIDE - inside)}"
    strangers = [("default", {}), ("gateway", {}), ("monitoring", {"app.kubernetes.io/name": "prometheus"})]
    outside = {
        (role, port)
        for role, port, stranger in itertools.product(cluster.roles, every_port, strangers)
        if lets("Ingress", role, stranger, port)
    }
    if outside != OUTSIDE[cluster.overlay]:
        yield f"from outside, {sorted(outside)} is open"
    dns = ("kube-system", {"k8s-app": "kube-dns"})
    asking = {role for role in cluster.roles if lets("Egress", role, dns, 53)}
    if asking != {"balancer", "frontend"}:
        yield f"names are asked for by {sorted(asking)}"
    spoken = {p["protocol"] for _, rule in rules["Egress"] for p in rule["ports"] if p["port"] == 53}
    if spoken != {"UDP", "TCP"}:
        yield f"names are asked for by {sorted(spoken)} alone"


def main():
    arguments = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    arguments.add_argument("--binary", metavar="FILE", help="the program, to start what the containers start")
    arguments.add_argument("--kubernetes", metavar="FOLDER", default=KUBERNETES, type=Path, help="other manifests")
    arguments = arguments.parse_args()

    checks = [schemas, namespaces, containers, settings, addresses, selectors, scaling, endings, walls]
    mistakes = []
    for overlay in OVERLAYS:
        cluster = Cluster(overlay, run("kubectl", "kustomize", str(arguments.kubernetes / "overlays" / overlay)))
        found = [mistake for check in checks for mistake in check(cluster)]
        if arguments.binary:
            found += program(cluster, os.path.abspath(arguments.binary))
        mistakes += [f"{overlay}: {mistake}" for mistake in found]
        print(f"{overlay}: {len(cluster.objects)} objects looked at")
    for mistake in mistakes:
        print(mistake, file=sys.stderr)
    return 1 if mistakes else 0


if __name__ == "__main__":
    sys.exit(main())
