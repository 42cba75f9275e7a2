"""What an overlay renders: its objects, and what is read of them again and again."""

import re
import tomllib

import yaml


class Cluster:
    """The objects of an overlay, by kind and name."""

    def __init__(self, overlay, text):
        self.overlay = overlay
        self.objects = [thing for thing in yaml.safe_load_all(text) if thing]
        self.roles = {thing["metadata"]["name"]: thing for thing in self.all("Deployment")}
        self.namespace = next((thing["metadata"]["name"] for thing in self.all("Namespace")), None)
        (config,) = self.all("ConfigMap")
        self.settings_text = config["data"]["balancer.toml"]
        self.settings = tomllib.loads(self.settings_text)

    def all(self, kind):
        return [thing for thing in self.objects if thing["kind"] == kind]

    def get(self, kind, name):
        return next((thing for thing in self.all(kind) if thing["metadata"]["name"] == name), None)

    def pods(self, selector):
        """The roles whose pods a selector picks."""
        return {role for role, thing in self.roles.items() if picks(selector, labels(thing))}

    def service_port(self, name, port):
        """What a Service's port leads to: roles and ports of their containers."""
        service = self.get("Service", name)
        for listed in service["spec"]["ports"] if service else []:
            if listed["port"] == port:
                for role in self.pods({"matchLabels": service["spec"]["selector"]}):
                    target = ports(self.roles[role]).get(listed["targetPort"])
                    if target:
                        yield role, target


def pod(thing):
    return thing["spec"]["template"]["spec"]


def labels(thing):
    return thing["spec"]["template"]["metadata"]["labels"]


def container(thing):
    (only,) = pod(thing)["containers"]
    return only


def ports(thing):
    return {port["name"]: port["containerPort"] for port in container(thing)["ports"]}


def environment(thing):
    return {variable["name"]: variable["value"] for variable in container(thing).get("env", [])}


def picks(selector, of):
    """Whether a label selector picks what has these labels."""
    for expression in selector.get("matchExpressions", []):
        if expression["operator"] != "In":
            raise ValueError(f"a selector's operator {expression['operator']} is not known here")
        if of.get(expression["key"]) not in expression["values"]:
            return False
    return all(of.get(key) == value for key, value in selector.get("matchLabels", {}).items())


def port_of(address):
    return int(address.rsplit(":", 1)[1])


def seconds(text):
    number, unit = re.fullmatch(r"(\d+)(ms|s|m|h)", text).groups()
    return int(number) * {"ms": 0.001, "s": 1, "m": 60, "h": 3600}[unit]
