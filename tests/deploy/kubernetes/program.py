"""Does the program take what its containers are given? What each would start is started, on ports of this machine, and
asked what each probe would ask."""

import re
import signal
import subprocess
import tempfile
import urllib.request
from pathlib import Path

from objects import container, environment, ports


def program(cluster, binary):
    for role, thing in cluster.roles.items():
        known = set(re.findall(r"TILEBROT_[A-Z_]+", run(binary, role, "--help")))
        for name in environment(thing):
            if name not in known:
                yield f"{role}: {name} is no variable of `tilebrot {role}`"
        with tempfile.TemporaryDirectory() as scratch:
            process = start(binary, thing, cluster.settings_text, Path(scratch))
            try:
                yield from asked(role, thing, heard(process, len(ports(thing))))
            finally:
                process.send_signal(signal.SIGTERM)
                if process.wait(timeout=60) != 0:
                    yield f"{role}: ends with {process.returncode} after SIGTERM"


def run(*command):
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout


def start(binary, thing, text, scratch):
    variables = environment(thing)
    if "TILEBROT_LISTEN" in variables:
        variables["TILEBROT_LISTEN"] = "127.0.0.1:0"
    if "TILEBROT_CONFIG" in variables:
        file = scratch / "balancer.toml"
        file.write_text(re.sub(r'"0\.0\.0\.0:\d+"', '"127.0.0.1:0"', text))
        variables["TILEBROT_CONFIG"] = str(file)
    command = [binary, *container(thing)["args"]]
    with open(scratch / "log", "w") as log:
        return subprocess.Popen(command, env=variables, stdout=subprocess.PIPE, stderr=log, text=True)


def heard(process, count):
    """Where it listens, in the order of its ports."""
    lines = [process.stdout.readline() for _ in range(count)]
    return [line.split()[2] if line.startswith("listening on ") else None for line in lines]


def asked(role, thing, bases):
    by_name = dict(zip(ports(thing), bases, strict=True))
    for probe in ("startupProbe", "livenessProbe", "readinessProbe"):
        get = container(thing)[probe]["httpGet"]
        yield from answered(f"{role}'s {probe}", by_name[get["port"]], get["path"])
    metrics = "admin" if role == "balancer" else "http"
    wanted = 'balancer_queue_length{pool="tiles"}' if role == "balancer" else "tilebrot_"
    yield from answered(f"{role}'s metrics", by_name[metrics], "/metrics", wanted)


def answered(who, base, path, wanted=""):
    try:
        with urllib.request.urlopen(f"{base}{path}", timeout=10) as answer:
            if wanted not in answer.read().decode():
                yield f"{who}: {path} does not say {wanted}"
    except (OSError, ValueError) as e:
        yield f"{who}: {path} at {base}: {e}"
