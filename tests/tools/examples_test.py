"""The programs of examples/, run as somebody would who has just built them."""
import json
import os
import re
import signal
import subprocess
import tempfile
import unittest
import urllib.request
from pathlib import Path

BUILT = Path(os.environ["GWCTL_EXAMPLES"])
EXAMPLES = Path(__file__).resolve().parents[2] / "examples"
WIDGETS = "/apis/example.com/v1/namespaces/default/widgets"
MAPS = "/api/v1/namespaces/default/configmaps"
EVENTS = "/api/v1/namespaces/default/events"
SERVICES = "/api/v1/namespaces/default/services"
SLICES = "/apis/discovery.k8s.io/v1/namespaces/default/endpointslices"
GATEWAYS = "/apis/gateway.networking.k8s.io/v1/namespaces/default/gateways"
QUIC_ROUTES = "/apis/net.example.com/v1/namespaces/default/quicroutes"


class WithoutACluster(unittest.TestCase):
    def test_one_line_says_so(self):
        with tempfile.TemporaryDirectory() as home:
            for name, expected in (("", f"there is no cluster to talk to: name a kubeconfig, set KUBECONFIG, or put a "
                                        f"kubeconfig at {home}/.kube/config"),
                                   (f"{home}/none", f"{home}/none")):
                env = {"PATH": os.environ["PATH"], "HOME": home, "KUBECONFIG": name}
                for program in ("1_watch", "2_widget", "3_custom_route", "4_status_and_cleanup"):
                    done = subprocess.run([BUILT / program], env=env, capture_output=True, text=True, timeout=60)
                    self.assertEqual((done.returncode, done.stdout), (1, ""), program)
                    self.assertEqual(len(done.stderr.splitlines()), 1, done.stderr)
                    self.assertIn("cannot start", done.stderr)
                    self.assertIn(expected, done.stderr)


class OnTheEmbeddedServer(unittest.TestCase):
    loaded = ""  # a file of examples/

    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        kubeconfig = Path(folder.name, "kubeconfig")
        self.env = {**os.environ, "KUBECONFIG": str(kubeconfig)}
        server = self.start(os.environ["GWCTL_APISERVER"], "--kubeconfig-out", kubeconfig, "-f",
                            EXAMPLES / self.loaded)
        self.assertIn("Serving", server.stdout.readline())  # the kubeconfig is there by then
        self.url = re.search(r"server: \"?(http://[^\s\"]+)", kubeconfig.read_text())[1]

    def start(self, program, *arguments):
        process = subprocess.Popen([program, *map(str, arguments)], env=self.env, stdout=subprocess.PIPE,
                                   stderr=subprocess.DEVNULL, text=True)
        for clean_up in (process.stdout.close, process.wait, process.kill):
            self.addCleanup(clean_up)
        return process

    def request(self, method, path, body=None, **headers):
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(self.url + path, data, headers, method=method)
        with urllib.request.urlopen(request, timeout=60) as answer:
            return json.load(answer)

    def await_change(self, path, wanted, since=""):
        """The first object of a watch for which `wanted(type, object)`; fails when there is none for a minute. Without
        a version to begin at, what there is counts as added."""
        query = "?watch=true&resourceVersion=" + since if since else "?watch=true"
        with urllib.request.urlopen(self.url + path + query, timeout=60) as stream:
            for line in stream:
                change = json.loads(line)
                if wanted(change["type"], change["object"]):
                    return change["object"]
        self.fail(f"the watch of {path} ended")


class Widgets(OnTheEmbeddedServer):
    loaded = "widget.yaml"

    def colour(self, colour):
        self.request("PATCH", WIDGETS + "/sky", {"spec": {"colour": colour}},
                     **{"Content-Type": "application/merge-patch+json"})

    def await_colour(self, name, colour):
        return self.await_change(MAPS, lambda _, o: o["metadata"]["name"] == name and o["data"]["colour"] == colour)

    def await_reason(self, reason):
        def has_reason(_, widget):
            return [c["reason"] for c in widget.get("status", {}).get("conditions", [])] == [reason]
        return self.await_change(WIDGETS, has_reason)

    def test_watch(self):
        self.request("POST", MAPS, {"metadata": {"name": "greeting"}, "data": {"text": "hello"}},
                     **{"Content-Type": "application/json"})
        watch = self.start("stdbuf", "-oL", BUILT / "1_watch")
        self.assertRegex(watch.stdout.readline(), r"^added +ConfigMap default/greeting, 1 keys$")

    def test_widget(self):
        controller = self.start(BUILT / "2_widget")
        owner = self.await_colour("sky", "blue")["metadata"]["ownerReferences"][0]
        self.assertEqual((owner["kind"], owner["name"]), ("Widget", "sky"))
        self.colour("red")
        self.await_colour("sky", "red")
        controller.send_signal(signal.SIGTERM)
        self.assertEqual(controller.wait(60), 0)

    def test_status_and_cleanup(self):
        self.start(BUILT / "4_status_and_cleanup")
        first = self.await_reason("Painted")
        self.assertEqual(len(first["metadata"]["finalizers"]), 1)
        self.await_colour("widget-default-sky", "blue")

        self.colour("plaid")
        said = self.await_reason("UnknownColour")["status"]["conditions"][0]
        self.assertEqual((said["type"], said["status"]), ("Ready", "False"))
        self.assertIn("got plaid", said["message"])
        event = self.await_change(EVENTS, lambda _, e: e["reason"] == "UnknownColour")
        self.assertEqual((event["type"], event["message"]), ("Warning", said["message"]))
        self.assertEqual(event["involvedObject"]["name"], "sky")

        # Ours is not garbage that Kubernetes collects: that it is gone when the Widget goes is the clean-up's doing.
        before = self.request("GET", WIDGETS)["metadata"]["resourceVersion"]
        self.request("DELETE", WIDGETS + "/sky")
        self.await_change(WIDGETS, lambda kind, _: kind == "DELETED", since=before)
        self.assertFalse(any(m["metadata"]["name"] == "widget-default-sky"
                             for m in self.request("GET", MAPS)["items"]))


class CustomRoute(OnTheEmbeddedServer):
    loaded = "quic.yaml"

    def await_status(self, path, conditions_of, *types):
        def is_well(_, o):
            status = {c["type"]: c["status"] for c in conditions_of(o.get("status", {}))}
            return all(status.get(t) == "True" for t in types)
        return self.await_change(path, is_well)

    def addresses(self, service, count):
        def has_all(_, o):
            return o["metadata"]["labels"]["kubernetes.io/service-name"] == service and len(o["endpoints"] or []) == count
        found = self.await_change(SLICES, has_all)
        self.assertEqual([(p["protocol"], p["port"]) for p in found["ports"]], [("UDP", 8443)])
        return sorted(e["addresses"] for e in found["endpoints"])

    def test_custom_route(self):
        controller = self.start(BUILT / "3_custom_route")
        self.await_status(QUIC_ROUTES, lambda s: [c for p in s.get("parents", []) for c in p["conditions"]],
                          "Accepted", "ResolvedRefs", "Programmed")
        gateway = self.await_status(GATEWAYS, lambda s: s.get("conditions", []), "Accepted", "Programmed")
        self.assertEqual([a["value"] for a in gateway["status"]["addresses"]], ["192.0.2.10"])
        listener = gateway["status"]["listeners"][0]
        self.assertEqual((listener["attachedRoutes"], listener["supportedKinds"]),
                         (1, [{"group": "net.example.com", "kind": "QUICRoute"}]))

        owned = [s for s in self.request("GET", SERVICES)["items"]
                 if [o["name"] for o in s["metadata"].get("ownerReferences", [])] == ["edge"]]
        self.assertEqual(len(owned), 1)
        self.assertEqual([(p["protocol"], p["port"]) for p in owned[0]["spec"]["ports"]], [("UDP", 443)])
        self.assertEqual(self.addresses(owned[0]["metadata"]["name"], 2), self.addresses("video", 2))
        controller.send_signal(signal.SIGTERM)
        self.assertEqual(controller.wait(60), 0)


if __name__ == "__main__":
    unittest.main()
