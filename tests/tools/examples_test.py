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
WIDGET = Path(__file__).resolve().parents[2] / "examples/widget.yaml"
WIDGETS = "/apis/example.com/v1/namespaces/default/widgets"
MAPS = "/api/v1/namespaces/default/configmaps"
EVENTS = "/api/v1/namespaces/default/events"


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
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        kubeconfig = Path(folder.name, "kubeconfig")
        self.env = {**os.environ, "KUBECONFIG": str(kubeconfig)}
        server = self.start(os.environ["GWCTL_APISERVER"], "--kubeconfig-out", kubeconfig, "-f", WIDGET)
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

    def colour(self, colour):
        self.request("PATCH", WIDGETS + "/sky", {"spec": {"colour": colour}},
                     **{"Content-Type": "application/merge-patch+json"})

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


if __name__ == "__main__":
    unittest.main()
