"""What must hold once nobody changes anything any more, computed from the users' objects."""
import collections

import world

KINDS = ["gateways", "tcproutes", "udproutes", "services", "endpointslices"]
SERVICE = "kubernetes.io/service-name"
GATEWAY = "gateway.networking.k8s.io/gateway-name"


def read(api):
    """plural -> "namespace/name" -> object"""
    return {plural: {key(o["metadata"]): o for o in api.list(plural)} for plural in KINDS}


def key(metadata):
    return f"{metadata['namespace']}/{metadata['name']}"


def condition(an_object, wanted):
    """Whether a condition of `an_object`, which may be a route's parent, is true."""
    return any(c["type"] == wanted and c["status"] == "True" for c in an_object.get("conditions", []))


def endpoints(slices, port_name=None):
    """(protocol, port, address, ready) of each endpoint, of ports of that name."""
    return {(port["protocol"], port["port"], address, endpoint["conditions"]["ready"])
            for s in slices for port in s["ports"] if port_name in (None, port["name"])
            for endpoint in s["endpoints"] or [] for address in endpoint["addresses"]}


class State:
    def __init__(self, objects):
        self.objects = objects
        self.slices = collections.defaultdict(list)  # by "namespace/service"
        for s in objects["endpointslices"].values():
            metadata = s["metadata"]
            self.slices[f"{metadata['namespace']}/{metadata['labels'][SERVICE]}"].append(s)
        self.routes = collections.defaultdict(list)  # by "namespace/gateway", kind and listener; the oldest first
        for plural in ("tcproutes", "udproutes"):
            for name, route in objects[plural].items():
                parent = route["spec"]["parentRefs"][0]
                to = (f"{route['metadata']['namespace']}/{parent['name']}", plural, parent["sectionName"])
                self.routes[to].append((route["metadata"]["creationTimestamp"], name, route))
        for routes in self.routes.values():
            routes.sort(key=lambda r: r[:2])

    def routes_of(self, gateway, listener):
        return self.routes[(gateway, "udproutes" if listener["protocol"] == "UDP" else "tcproutes", listener["name"])]

    def backends_endpoints(self, route):
        """What the backends of a route have, whether it is ready or not; of a backend that is not there nothing."""
        namespace = route["metadata"]["namespace"]
        port_name = "u" if route["kind"] == "UDPRoute" else "t"
        found = set()
        for reference in route["spec"]["rules"][0]["backendRefs"]:
            name = f"{namespace}/{reference['name']}"
            if name in self.objects["services"]:
                found |= endpoints(self.slices[name], port_name)
        return found

    def problems(self):
        """One line for each thing that is not right; none at the fixed point."""
        owners = collections.defaultdict(set)
        for name, gateway in self.objects["gateways"].items():
            for address in {a["value"] for a in gateway.get("status", {}).get("addresses", [])}:
                owners[address].add(name)
            yield from self.of_gateway(name, gateway)
        for address, names in owners.items():
            if len(names) > 1:
                yield f"address {address} belongs to {' and '.join(sorted(names))}"
        yield from self.left_over()

    def of_gateway(self, name, gateway):
        status = gateway.get("status", {})
        generation = gateway["metadata"]["generation"]
        if not condition(status, "Programmed"):
            yield f"Gateway {name} is not programmed"
        if any(c.get("observedGeneration") != generation for c in status.get("conditions", [])):
            yield f"Gateway {name}: the status is not of generation {generation}"
        service = self.objects["services"].get(f"{name}-{world.CLASS}")
        if service is None:
            yield f"Gateway {name} has no Service"
            return
        addresses = [a["value"] for a in status.get("addresses", [])]
        if addresses != [service["spec"].get("loadBalancerIP")]:
            yield f"Gateway {name} has {addresses}, its Service {service['spec'].get('loadBalancerIP')}"
        ports = {(p["protocol"], p["port"]) for p in service["spec"]["ports"]}
        wanted = {(each["protocol"], each["port"]) for each in gateway["spec"]["listeners"]}
        if ports != wanted:
            yield f"Service of {name} has ports {sorted(ports)} instead of {sorted(wanted)}"
        attached = {each["name"]: each["attachedRoutes"] for each in status.get("listeners", [])}
        for listener in gateway["spec"]["listeners"]:
            routes = self.routes_of(name, listener)
            if attached.get(listener["name"]) != len(routes):
                yield f"{name} {listener['name']}: {attached.get(listener['name'])} of {len(routes)} routes attached"
            yield from self.of_listener(name, listener, [route for _, _, route in routes])

    def of_listener(self, gateway, listener, routes):
        for route in routes:
            if not any(condition(parent, "Accepted") for parent in route.get("status", {}).get("parents", [])):
                yield f"{route['kind']} {key(route['metadata'])} is not accepted"
        port = f"{listener['protocol'].lower()}-{listener['port']}"
        shown = endpoints(self.slices[f"{gateway}-{world.CLASS}"], port)
        wanted = self.backends_endpoints(routes[0]) if routes else set()
        if shown != wanted:
            yield (f"{gateway} {listener['name']}: endpoints too many {sorted(shown - wanted)[:3]}, "
                   f"missing {sorted(wanted - shown)[:3]}")

    def left_over(self):
        for name, service in self.objects["services"].items():
            gateway = service["metadata"].get("labels", {}).get(GATEWAY)
            if gateway and f"{service['metadata']['namespace']}/{gateway}" not in self.objects["gateways"]:
                yield f"Service {name} is left of a Gateway that is gone"
        for name, s in self.objects["endpointslices"].items():
            service = f"{s['metadata']['namespace']}/{s['metadata']['labels'][SERVICE]}"
            if GATEWAY in s["metadata"]["labels"] and service not in self.objects["services"]:
                yield f"EndpointSlice {name} is left of a Service that is gone"


def problems(api):
    return list(State(read(api)).problems())
