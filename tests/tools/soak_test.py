"""What the soak takes for right and for flat, and its proxy; nothing is built, and no controller runs."""
import http.client
import http.server
import sys
import threading
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "tests/soak"))
import faults  # noqa: E402
import fixed_point  # noqa: E402
import proxy  # noqa: E402
import usage  # noqa: E402
import world  # noqa: E402


def labelled(an_object, **labels):
    an_object["metadata"]["labels"] = {**an_object["metadata"].get("labels", {}),
                                       **{{"service": fixed_point.SERVICE, "gateway": fixed_point.GATEWAY}[k]: v
                                          for k, v in labels.items()}}
    return an_object


def fixed():
    """A Gateway with a listener, its route, a backend with two endpoints, and all that the controller makes of it."""
    gateway = world.gateway("ns0", "g0", world.listeners(["l0"]))
    gateway["metadata"]["generation"] = 2
    gateway["status"] = {"addresses": [{"value": "10.0.0.1"}], "listeners": [{"name": "l0", "attachedRoutes": 1}],
                         "conditions": [{"type": "Programmed", "status": "True", "observedGeneration": 2}]}
    route = {"kind": "TCPRoute", "spec": world.route_spec("g0", "l0", ["b0", "b6"]),
             "metadata": {"name": "r0", "namespace": "ns0", "creationTimestamp": "2026-01-01T00:00:00Z"},
             "status": {"parents": [{"conditions": [{"type": "Accepted", "status": "True"}]}]}}
    service = labelled({"metadata": {"name": "g0-soak", "namespace": "ns0"},
                        "spec": {"loadBalancerIP": "10.0.0.1", "ports": [{"protocol": "TCP", "port": 1000}]}}, gateway="g0")
    shown = {"metadata": {"name": "g0-soak-x", "namespace": "ns0"},
             "endpoints": world.endpoints({"10.9.0.1": True, "10.9.0.2": False}),
             "ports": [{"name": "tcp-1000", "protocol": "TCP", "port": 8080}]}
    return {"gateways": {"ns0/g0": gateway}, "tcproutes": {"ns0/r0": route}, "udproutes": {},
            "services": {"ns0/b0": world.backend("ns0", "b0"), "ns0/g0-soak": service},
            "endpointslices": {"ns0/b0-0": world.slice_of("ns0", "b0", 0, {"10.9.0.1": True, "10.9.0.2": False}),
                               "ns0/g0-soak-x": labelled(shown, service="g0-soak", gateway="g0")}}


class FixedPoint(unittest.TestCase):
    def test_nothing_is_wrong(self):
        self.assertEqual(list(fixed_point.State(fixed()).problems()), [])

    def test_each_thing_that_is_wrong(self):
        def another(o):
            o["gateways"]["ns0/g1"] = {**o["gateways"]["ns0/g0"], "metadata": {"generation": 2}}

        shown = "ns0/g0-soak-x"
        for break_it, said in [
            (lambda o: o["gateways"]["ns0/g0"]["status"]["conditions"].clear(), "Gateway ns0/g0 is not programmed"),
            (lambda o: o["gateways"]["ns0/g0"]["metadata"].update(generation=3), "the status is not of generation 3"),
            (lambda o: o["services"].pop("ns0/g0-soak"), "Gateway ns0/g0 has no Service"),
            (lambda o: o["services"]["ns0/g0-soak"]["spec"].update(loadBalancerIP="10.0.0.2"), "its Service 10.0.0.2"),
            (lambda o: o["services"]["ns0/g0-soak"]["spec"]["ports"].clear(), "has ports [] instead of"),
            (another, "address 10.0.0.1 belongs to ns0/g0 and ns0/g1"),
            (lambda o: o["tcproutes"].clear(), "1 of 0 routes attached"),
            (lambda o: o["tcproutes"]["ns0/r0"].pop("status"), "TCPRoute ns0/r0 is not accepted"),
            (lambda o: o["endpointslices"][shown]["endpoints"].pop(), "missing [('TCP', 8080, '10.9.0.2', False)]"),
            (lambda o: o["endpointslices"]["ns0/b0-0"]["endpoints"].pop(), "too many [('TCP', 8080, '10.9.0.2', False)]"),
            (lambda o: o["services"].pop("ns0/b0"), "endpoints too many"),
            (lambda o: o["gateways"].clear(), "Service ns0/g0-soak is left of a Gateway that is gone"),
            (lambda o: o["services"].clear(), "EndpointSlice ns0/g0-soak-x is left of a Service that is gone"),
        ]:
            objects = fixed()
            break_it(objects)
            self.assertIn(said, "\n".join(fixed_point.State(objects).problems()))


class Flat(unittest.TestCase):
    @staticmethod
    def of(*values):
        samples = usage.Usage("memory", "MiB", 8)
        for i, value in enumerate(values):
            samples.add(300 * i, value)
        return samples.flat()

    def test_what_goes_up_and_down_is_flat(self):
        self.assertTrue(self.of(50, 57, 51, 56, 50, 58, 52))

    def test_one_odd_sample_is_no_growth(self):
        self.assertTrue(self.of(50, 50, 50, 50, 50, 50, 50, 50, 50, 60))

    def test_what_only_goes_up_is_not(self):
        self.assertFalse(self.of(50, 53, 55, 58, 60, 62))

    def test_one_sample_shows_nothing(self):
        self.assertFalse(self.of(50))


class Answers(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    asked = 0

    def do_GET(self):
        type(self).asked += 1
        self.send_response(200)
        self.send_header("Content-Length", "4")
        self.end_headers()
        self.wfile.write(b"good")

    def log_message(self, *_):
        pass


class Proxy(unittest.TestCase):
    def setUp(self):
        server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Answers)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        self.addCleanup(server.server_close)
        self.addCleanup(server.shutdown)
        self.proxy = proxy.FaultProxy(server.server_port, seed=3)
        self.addCleanup(self.proxy.stop)

    def ask(self):
        """The answer's text, or how the connection failed."""
        connection = http.client.HTTPConnection("127.0.0.1", self.proxy.port, timeout=10)
        try:
            connection.request("GET", "/")
            return connection.getresponse().read().decode(errors="replace")
        except (OSError, http.client.HTTPException) as failure:
            return type(failure).__name__
        finally:
            connection.close()

    def test_without_faults_it_is_not_noticed(self):
        self.assertEqual({self.ask() for _ in range(20)}, {"good"})

    def test_refused_and_let_in_again(self):
        self.proxy.refuse()
        self.assertEqual(self.ask(), "ConnectionRefusedError")
        self.proxy.accept()
        self.assertEqual(self.ask(), "good")

    def test_every_fault_is_met_and_ends(self):
        self.proxy.trouble(1.0)
        threads = [threading.Thread(target=self.ask) for _ in range(150)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(0.01)
        self.proxy.calm()
        for thread in threads:
            thread.join()
        self.assertEqual(set(self.proxy.seen), {*faults.ANSWERS, *faults.CONNECTIONS})
        self.assertEqual(self.ask(), "good")


if __name__ == "__main__":
    unittest.main()
