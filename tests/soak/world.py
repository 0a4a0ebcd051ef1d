"""The cluster of the soak: 200 Gateways, their routes, backends and slices, and changes of them."""
import random
import threading
import time

CLASS = "soak"
GROUP = "gateway.networking.k8s.io/v1"
NAMESPACES = 10
BACKENDS = 6  # of a namespace; routes name one more, which there never is
# The listeners that a Gateway may have: protocol and port.
LISTENERS = {"l0": ("TCP", 1000), "l1": ("TCP", 1001), "l2": ("UDP", 1000)}


def gateway(namespace, name, listeners):
    return {"apiVersion": GROUP, "kind": "Gateway", "metadata": {"name": name, "namespace": namespace},
            "spec": {"gatewayClassName": CLASS, "listeners": listeners}}


def listeners(names):
    return [{"name": n, "protocol": LISTENERS[n][0], "port": LISTENERS[n][1]} for n in names]


def route_spec(parent, listener, backends):
    return {"parentRefs": [{"name": parent, "sectionName": listener}],
            "rules": [{"backendRefs": [{"name": b, "port": 80} for b in backends]}]}


def backend(namespace, name):
    return {"apiVersion": "v1", "kind": "Service", "metadata": {"name": name, "namespace": namespace},
            "spec": {"ports": [{"name": "t", "port": 80}, {"name": "u", "port": 80, "protocol": "UDP"}]}}


def endpoints(addresses):
    """`addresses`: address -> whether it is ready."""
    return [{"addresses": [a], "conditions": {"ready": ready}} for a, ready in addresses.items()]


def slice_of(namespace, service, number, addresses):
    return {"apiVersion": "discovery.k8s.io/v1", "kind": "EndpointSlice", "addressType": "IPv4",
            "metadata": {"name": f"{service}-{number}", "namespace": namespace,
                         "labels": {"kubernetes.io/service-name": service}},
            "endpoints": endpoints(addresses),
            "ports": [{"name": "t", "port": 8080, "protocol": "TCP"}, {"name": "u", "port": 8081, "protocol": "UDP"}]}


class World:
    def __init__(self, api, seed, gateways=200):
        self.api = api
        self.gateways = gateways
        self.random = random.Random(seed)
        self.changes = 0

    def build(self):
        self.api.create("gatewayclasses", {"apiVersion": GROUP, "kind": "GatewayClass", "metadata": {"name": CLASS},
                                           "spec": {"controllerName": "thebsdbox.co.uk/controller"}})
        self.api.create("configmaps", {"apiVersion": "v1", "kind": "ConfigMap",
                                       "metadata": {"name": "ipam", "namespace": "default"},
                                       "data": {"range-global": "10.0.0.1-10.0.3.250"}})
        for i in range(NAMESPACES):
            self.api.create("namespaces", {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": f"ns{i}"}})
            for b in range(BACKENDS):
                self.add_backend(f"ns{i}", f"b{b}")
        for i in range(self.gateways):
            self.add_gateway(i)
            for listener in LISTENERS:
                self.add_route(i, listener)

    def addresses(self):
        return {f"10.9.{self.random.randrange(256)}.{self.random.randrange(1, 255)}": self.random.random() < 0.8
                for _ in range(self.random.randrange(5))}

    def some_listeners(self):
        return listeners(sorted(self.random.sample(sorted(LISTENERS), self.random.randrange(1, 4))))

    def some_backends(self):
        return self.random.sample([f"b{b}" for b in range(BACKENDS + 1)], self.random.randrange(1, 3))

    def add_gateway(self, i):
        self.api.create("gateways", gateway(f"ns{i % NAMESPACES}", f"g{i}", listeners(LISTENERS)))

    def add_backend(self, namespace, name):
        self.api.create("services", backend(namespace, name))
        for number in range(2):
            self.api.create("endpointslices", slice_of(namespace, name, number, self.addresses()))

    def add_route(self, i, listener):
        plural, kind = self.route_kind(listener)
        self.api.create(plural, {"apiVersion": GROUP, "kind": kind,
                                 "metadata": {"name": f"r{i}-{listener}", "namespace": f"ns{i % NAMESPACES}"},
                                 "spec": route_spec(f"g{i}", listener, self.some_backends())})

    @staticmethod
    def route_kind(listener):
        return ("udproutes", "UDPRoute") if LISTENERS[listener][0] == "UDP" else ("tcproutes", "TCPRoute")

    def change(self):
        """One change, of an object that is there or not. Gateways and backends come back more often than they go."""
        i = self.random.randrange(self.gateways)
        namespace, name = f"ns{i % NAMESPACES}", f"g{i}"
        listener = self.random.choice(list(LISTENERS))
        route = self.route_kind(listener)[0], namespace, f"r{i}-{listener}"
        service = f"b{self.random.randrange(BACKENDS)}"
        slice_name = f"{service}-{self.random.randrange(2)}"
        parent = "l2" if listener == "l2" else self.random.choice(["l0", "l1"])  # another's listener, at times
        self.random.choice([
            lambda: self.add_gateway(i),
            lambda: self.add_gateway(i),
            lambda: self.api.delete("gateways", namespace, name),
            lambda: self.api.change("gateways", namespace, name, {"spec": {"listeners": self.some_listeners()}}),
            lambda: self.add_route(i, listener),
            lambda: self.api.delete(*route),
            lambda: self.api.change(*route, {"spec": route_spec(name, parent, self.some_backends())}),
            lambda: self.add_backend(namespace, service),
            lambda: self.add_backend(namespace, service),
            lambda: self.api.delete("services", namespace, service),
            lambda: self.api.delete("endpointslices", namespace, slice_name),
            lambda: self.api.change("endpointslices", namespace, slice_name, {"endpoints": endpoints(self.addresses())}),
            lambda: self.api.change("endpointslices", namespace, slice_name, {"endpoints": endpoints(self.addresses())}),
            # Somebody else's hand on what is the controller's.
            lambda: self.api.change("services", namespace, f"{name}-{CLASS}", {"spec": {"ports": [{"port": 6666}]}}),
        ])()
        self.changes += 1


class Load:
    """Changes on a thread of their own, from `with` to its end."""

    def __init__(self, world, rate):
        self.world, self.rate = world, rate
        self.stopped = threading.Event()
        self.thread = threading.Thread(target=self.run)
        self.failure = None

    def run(self):
        try:
            due = time.monotonic()
            while not self.stopped.is_set():
                self.world.change()
                due = max(due + 1 / self.rate, time.monotonic() - 1)
                self.stopped.wait(max(0.0, due - time.monotonic()))
        except Exception as failure:  # pylint: disable=broad-except
            self.failure = failure

    def __enter__(self):
        self.thread.start()

    def __exit__(self, *_):
        self.stopped.set()
        self.thread.join()
        if self.failure:
            raise self.failure
