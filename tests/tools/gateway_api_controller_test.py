"""The command line of gateway-api-controller: flags, what simulate reads, and its exit codes."""
import contextlib
import http.server
import json
import os
import subprocess
import tempfile
import threading
import unittest
from pathlib import Path

MANIFESTS = Path(__file__).resolve().parents[2] / "manifests"
CLASS = """---
apiVersion: gateway.networking.k8s.io/v1
kind: GatewayClass
metadata: {name: %s}
spec: {controllerName: %s}
"""
OURS = CLASS % ("ours", "example.com/ours")
GATEWAY = """---
apiVersion: gateway.networking.k8s.io/v1
kind: Gateway
metadata: {name: x, namespace: default}
spec:
  gatewayClassName: %s
  listeners: [{name: tcp, protocol: TCP, port: 80}]
"""
ROUTE = """---
apiVersion: gateway.networking.k8s.io/v1alpha2
kind: TCPRoute
metadata: {name: web, namespace: default}
spec:
  parentRefs: [{name: %s}]
  rules: [{backendRefs: [{name: web, port: 80}]}]
"""


def run(*arguments, **more):
    return subprocess.run([os.environ["GWCTL_CONTROLLER"], *map(str, arguments)], stderr=subprocess.PIPE, text=True,
                          timeout=60, **{"stdout": subprocess.PIPE, **more})


class Simulate(unittest.TestCase):
    def simulate(self, yaml, *more):
        return run("simulate", "-gateway-class-name=example.com/ours", "-f", "-", *more, input=yaml)

    def fails_with(self, yaml, *lines):
        done = self.simulate(yaml)
        self.assertEqual(done.stderr.splitlines(), ["gateway-api-controller: " + line for line in lines])
        self.assertEqual(done.returncode, 1)
        return done.stdout

    def test_manifests_are_well(self):
        names = ("class", "gateway", "tcproute", "udproute", "nginx", "coredns", "ipam")
        done = run("simulate", *(part for name in names for part in ("-f", MANIFESTS / f"{name}.yaml")))
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        self.assertIn("Gateway default/demo-gateway", done.stdout)

    def test_other_namespaces_are_left_alone(self):
        world = OURS + "---\n{apiVersion: v1, kind: Namespace, metadata: {name: elsewhere}}\n" + GATEWAY % "ours" + \
            (GATEWAY % "ours").replace("namespace: default", "namespace: elsewhere")

        def accepted(*flags):
            done = self.simulate(world, "-o", "json", *flags)
            gateways = [o for o in json.loads(done.stdout)["items"] if o["kind"] == "Gateway"]
            return {g["metadata"]["namespace"]: [c["reason"] for c in g.get("status", {}).get("conditions", [])
                                                 if c["type"] == "Accepted"] for g in gateways}

        self.assertEqual(accepted(), {"default": ["Accepted"], "elsewhere": ["Accepted"]})
        self.assertEqual(accepted("-namespace=default", "-namespace", "blue,red"),
                         {"default": ["Accepted"], "elsewhere": ["Pending"]})

    def test_any_announcer(self):
        names = ("class", "gateway", "tcproute", "udproute", "nginx", "coredns", "ipam")
        files = [part for name in names for part in ("-f", MANIFESTS / f"{name}.yaml")]
        for word, address in (("metallb", "192.0.2.10"), ("cilium", "192.0.2.10"), ("none", "192.0.2.10"),
                              ("servicelb", "203.0.113.1")):
            done = run("simulate", f"-announcer={word}", *files)
            self.assertEqual((done.returncode, done.stderr), (0, ""), word)
            self.assertIn(address, done.stdout)

    def test_a_bad_item_of_a_list_does_not_stop_the_others(self):
        out = self.fails_with("""
apiVersion: v1
kind: List
items:
- 5
- {apiVersion: gateway.networking.k8s.io/v1, kind: GatewayClass, metadata: {name: ours},
   spec: {controllerName: example.com/ours}}
- [a]
- {apiVersion: v1, kind: ConfigMap, metadata: {name: 7}}
""", "standard input, items[0]: expected a Kubernetes object, got 5",
                              'standard input, items[2]: expected a Kubernetes object, got ["a"]',
                              "standard input, items[3]: ConfigMap: metadata.name: expected a string, got 7")
        self.assertIn("GatewayClass ours  Accepted", out)

    def test_names_that_are_no_strings(self):
        for yaml, got in (("5", "5"), ("y", "true"), ("[a]", '["a"]')):
            self.fails_with(OURS + "---\napiVersion: v1\nkind: ConfigMap\nmetadata: {name: %s}\n" % yaml,
                            "standard input, document 2: ConfigMap: metadata.name: expected a string, got " + got)
        self.fails_with(OURS + "---\napiVersion: v1\nkind: ConfigMap\nmetadata: {name: a, namespace: 5}\n",
                        "standard input, document 2: ConfigMap: metadata.namespace: expected a string, got 5")

    def test_a_class_that_does_not_exist(self):
        out = self.fails_with(OURS + GATEWAY % "nope",
                              "Gateway default/x: spec.gatewayClassName: GatewayClass nope does not exist; "
                              "create it or correct the name")
        self.assertIn("GatewayClass nope  does not exist\n└─ Gateway default/x", out)

    def test_listener_sets(self):
        gateway = """---
apiVersion: v1
kind: ConfigMap
metadata: {name: pools, namespace: default}
data: {range-global: 192.0.2.10-192.0.2.12}
---
apiVersion: v1
kind: Namespace
metadata: {name: team}
""" + (GATEWAY % "ours").rstrip() + "\n  allowedListeners: {namespaces: {from: Same}}\n"
        listener_set = """---
apiVersion: gateway.networking.k8s.io/v1
kind: ListenerSet
metadata: {name: more, namespace: %s}
spec:
  parentRef: {name: x, namespace: default}
  listeners: [{name: a, protocol: TCP, port: %d}]
"""
        route = """---
apiVersion: gateway.networking.k8s.io/v1
kind: TCPRoute
metadata: {name: web, namespace: default}
spec:
  parentRefs: [{kind: ListenerSet, name: %s}]
  rules: [{backendRefs: [{name: web, port: 80}]}]
---
apiVersion: v1
kind: Service
metadata: {name: web, namespace: default}
spec: {selector: {app: web}, ports: [{port: 80}]}
"""
        done = self.simulate(OURS + gateway + listener_set % ("default", 81) + route % "more")
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        self.assertRegex(done.stdout, "ListenerSet default/more  Accepted, Programmed\n"
                                      ".*listener a  TCP 81  Accepted, Programmed, ResolvedRefs\n"
                                      ".*TCPRoute default/web → web:80  Accepted, ResolvedRefs")
        self.fails_with(OURS + gateway + route % "none", "TCPRoute default/web: spec.parentRefs: ListenerSet "
                        "default/none does not exist; create it or correct the name")
        for namespace, port, reason in (("team", 81, "NotAllowed"), ("default", 80, "ListenersNotValid")):
            done = self.simulate(OURS + gateway + listener_set % (namespace, port))
            self.assertEqual(done.returncode, 1)
            self.assertIn(f"ListenerSet {namespace}/more: not Accepted ({reason}): ", done.stderr)

    def test_no_class_of_ours(self):
        self.fails_with(CLASS % ("other", "example.com/other") + GATEWAY % "other",
                        "there is no GatewayClass with controllerName example.com/ours; create it, or name the "
                        "controller of yours with -gateway-class-name")

    def test_gateways_of_others_are_no_failure(self):
        done = self.simulate(OURS + CLASS % ("other", "example.com/other") + GATEWAY % "other" + ROUTE % "x")
        self.assertEqual((done.returncode, done.stderr), (0, ""))

    def test_a_route_whose_gateways_do_not_exist(self):
        self.fails_with(OURS + ROUTE % "nope",
                        "TCPRoute default/web: spec.parentRefs: Gateway default/nope does not exist; "
                        "create it or correct the name")

    def test_a_route_whose_backends_all_have_weight_zero(self):
        pool = "---\n{apiVersion: v1, kind: ConfigMap, metadata: {name: ipam}, data: {range-global: 192.0.2.1}}\n"
        service = "---\n{apiVersion: v1, kind: Service, metadata: {name: web}, spec: {ports: [{port: 80}]}}\n"
        route = (ROUTE % "x").replace("port: 80}]", "port: 80, weight: 0}]")
        self.fails_with(OURS + GATEWAY % "ours" + pool + service + route,
                        "TCPRoute default/web, parent x: not Programmed (NoBackend): spec.rules: every backendRef has "
                        "weight 0; give one of them a weight above 0; until then connections to listener tcp are "
                        "refused")

    def test_a_result_that_cannot_be_written(self):
        for form in ("tree", "yaml"):
            with open("/dev/full", "w") as full:
                done = run("simulate", "-gateway-class-name=example.com/ours", "-f", "-", "-o", form, input=OURS,
                           stdout=full)
            self.assertEqual(done.returncode, 1)
            self.assertIn("No space left on device", done.stderr)


class Doctor(unittest.TestCase):
    """Against the embedded API server, which serves everything and allows everything."""

    def examine(self, *more, files=("class", "ipam"), extra=""):
        with tempfile.TemporaryDirectory() as folder:
            kubeconfig = Path(folder, "kubeconfig")
            names = [part for name in files for part in ("-f", str(MANIFESTS / f"{name}.yaml"))]
            if extra:
                (Path(folder) / "extra.yaml").write_text(extra)
                names += ["-f", str(Path(folder, "extra.yaml"))]
            server = subprocess.Popen([os.environ["GWCTL_APISERVER"], "--kubeconfig-out", str(kubeconfig), *names],
                                      stdout=subprocess.PIPE, text=True)
            try:
                self.assertIn("Serving", server.stdout.readline())  # the kubeconfig is there by then
                return run("doctor", "-kubeconfig", kubeconfig, "-ipam-configmap=ipam", *more)
            finally:
                server.kill()
                server.communicate()

    def test_a_cluster_that_is_well(self):
        for more in ((), ("-namespace=default,kube-system",)):
            done = self.examine("-announcer=none", *more)
            self.assertEqual((done.returncode, done.stdout, done.stderr), (0, "no findings\n", ""))

    def test_a_namespace_that_does_not_exist(self):
        done = self.examine("-announcer=none", "-namespace=default,nonesuch")
        self.assertEqual(done.returncode, 1, done.stderr)
        self.assertEqual(done.stdout.splitlines(),
                         ["error: namespace nonesuch of the flag -namespace does not exist, so nothing there is served; "
                          "create it, or correct the flag"])

    def test_findings(self):
        done = self.examine(files=("ipam",), extra="""
apiVersion: v1
kind: Node
metadata: {name: n1}
status: {addresses: [{type: InternalIP, address: 192.0.2.12}]}
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: one, namespace: default}
spec:
  replicas: 2
  selector: {matchLabels: {app: x}}
  template:
    metadata: {labels: {app: x}}
    spec: {containers: [{name: c, image: "gateway-api-controller:0.1.0"}]}
""")
        self.assertEqual(done.returncode, 1, done.stderr)
        lines = done.stdout.splitlines()
        for start in ("warning: no GatewayClass has spec.controllerName thebsdbox.co.uk/controller",
                      "error: Deployment default/one has 2 replicas without leader election",
                      "error: ConfigMap default/ipam: range-global contains 192.0.2.12, the address of Node n1",
                      "warning: the announcer is kube-vip, and nothing of it was found running"):
            self.assertEqual(sum(line.startswith(start) for line in lines), 1, (start, lines))
        self.assertEqual(len(lines), 4, lines)

    def test_pools_of_announcers(self):
        crds = "".join(f"""
apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata: {{name: {plural}.{group}}}
spec:
  group: {group}
  scope: Namespaced
  names: {{plural: {plural}, kind: {kind}}}
  versions:
  - {{name: {version}, served: true, storage: true,
     schema: {{openAPIV3Schema: {{type: object, x-kubernetes-preserve-unknown-fields: true}}}}}}
---""" for group, version, plural, kind in (
            ("metallb.io", "v1beta1", "ipaddresspools", "IPAddressPool"),
            ("cilium.io", "v2alpha1", "ciliumloadbalancerippools", "CiliumLoadBalancerIPPool")))
        done = self.examine("-announcer=metallb", extra=crds + """
apiVersion: metallb.io/v1beta1
kind: IPAddressPool
metadata: {name: p, namespace: default}
spec: {addresses: [192.0.2.10-192.0.2.15]}
---
apiVersion: cilium.io/v2alpha1
kind: CiliumLoadBalancerIPPool
metadata: {name: c, namespace: default}
spec: {blocks: [{cidr: 192.0.2.0/28}]}
""")
        self.assertEqual(done.returncode, 1, done.stderr)
        lines = done.stdout.splitlines()
        self.assertIn("error: ConfigMap default/ipam: range-global has 192.0.2.16, which lies in no IPAddressPool, so "
                      "MetalLB will not announce it; add it to one", lines)
        self.assertIn("warning: IPAddressPool p has 192.0.2.10 of range-global, and gives it to Services that ask for "
                      "none too; set its spec.autoAssign to false", lines)

    def test_parameters_count(self):
        done = self.examine(files=("ipam",), extra="""
apiVersion: v1
kind: ConfigMap
metadata: {name: l4, namespace: default, labels: {thebsdbox.co.uk/parameters: "true"}}
data: {announcer: none, pools: edge}
---
apiVersion: gateway.networking.k8s.io/v1
kind: GatewayClass
metadata: {name: l4}
spec:
  controllerName: thebsdbox.co.uk/controller
  parametersRef: {group: "", kind: ConfigMap, name: l4, namespace: default}
""")
        self.assertEqual((done.returncode, done.stdout), (
            1, "error: GatewayClass l4: its parameter pools names edge, and ConfigMap default/ipam has no range-edge or "
               "cidr-edge; add one, or correct the parameter\n"))

    def test_a_server_out_of_reach_is_a_failure(self):
        with tempfile.NamedTemporaryFile("w") as kubeconfig:
            kubeconfig.write("""
apiVersion: v1
kind: Config
clusters: [{name: c, cluster: {server: "http://127.0.0.1:1"}}]
contexts: [{name: c, context: {cluster: c, user: u}}]
users: [{name: u, user: {}}]
current-context: c
""")
            kubeconfig.flush()
            done = run("doctor", "-kubeconfig", kubeconfig.name)
        self.assertEqual((done.returncode, done.stdout), (1, ""))
        self.assertIn("127.0.0.1:1", done.stderr)


@contextlib.contextmanager
def front(status, headers, body):
    """Something that answers every request so; gives a kubeconfig that leads to it."""

    class Handler(http.server.BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def answer(self):
            self.rfile.read(int(self.headers.get("Content-Length", 0)))
            self.send_response(status)
            for name, value in {**headers, "Content-Length": len(body)}.items():
                self.send_header(name, str(value))
            self.end_headers()
            self.wfile.write(body)

        do_GET = do_POST = do_PATCH = do_DELETE = answer

        def log_message(self, *_):
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, daemon=True).start()
    with tempfile.TemporaryDirectory() as folder:
        kubeconfig = Path(folder, "kubeconfig")
        kubeconfig.write_text(f"""
clusters: [{{name: c, cluster: {{server: "127.0.0.1:{server.server_port}"}}}}]
contexts: [{{name: c, context: {{cluster: c, user: u}}}}]
users: [{{name: u, user: {{}}}}]
current-context: c
""")
        try:
            yield kubeconfig
        finally:
            server.shutdown()
            server.server_close()


class Fronts(unittest.TestCase):
    """What answers in place of an API server is told from it in one sentence, whoever asked."""

    ANSWERS = (
        (200, {"Content-Type": "text/html"}, b"<!DOCTYPE html><title>Sign in</title>", "HTTP 200 (text/html)", "Sign in"),
        (404, {"Content-Type": "text/plain"}, b"default backend - 404", "HTTP 404 (text/plain)", "default backend"),
        (302, {"Location": "https://login.example.com/"}, b"", "redirects to", "https://login.example.com/"),
        (200, {"Content-Type": "application/json", "Content-Encoding": "gzip"}, b"\x1f\x8b\x08\x00\x01",
         "Content-Encoding gzip", "not compress"),
        (200, {"Content-Type": "application/json"}, b'{"kind":"\xff"}', "HTTP 200 (application/json)", "not UTF-8"),
    )

    def test_doctor_html(self):
        for status, headers, body, *words in self.ANSWERS:
            with front(status, headers, body) as kubeconfig:
                done = run("doctor", "-kubeconfig", kubeconfig)
            self.assertEqual((done.returncode, done.stdout), (1, ""), body)
            self.assertEqual(len(done.stderr.splitlines()), 1, done.stderr)
            self.assertIn("GET /apis: ", done.stderr)
            for word in words:
                self.assertIn(word, done.stderr)
            self.assertNotIn("boost", done.stderr)

    def test_json_logs_stay_json(self):
        with front(502, {"Content-Type": "text/html"}, b"<h1>bad gateway \xff\xc3(</h1>\x01") as kubeconfig:
            controller = subprocess.Popen(
                [os.environ["GWCTL_CONTROLLER"], "-kubeconfig", str(kubeconfig), "-zap-encoder=json",
                 "-metrics-bind-address=0", "-health-probe-bind-address=0"], stderr=subprocess.PIPE)
            try:
                for line in controller.stderr:
                    said = json.loads(line)  # which takes UTF-8 only
                    if "bad gateway" in said.get("error", ""):
                        break
                else:
                    self.fail("it ended without a word on the bad gateway")
            finally:
                controller.kill()
                controller.communicate()
        self.assertIn("HTTP 502 (text/html): <h1>bad gateway \ufffd\ufffd(</h1>", said["error"])

    def test_wrong_usage(self):
        done = run("doctor", "-nonsense")
        self.assertEqual(done.returncode, 2)


class Flags(unittest.TestCase):
    def refused(self, flag, value, expected):
        done = run(f"-{flag}={value}", "simulate", "-f", "-", input="")
        self.assertEqual(done.returncode, 2, done.stderr)
        self.assertEqual(done.stderr, f'gateway-api-controller: -{flag}: expected {expected}, got "{value}"; '
                                      "see gateway-api-controller -help\n")

    def test_values_that_cannot_work_are_refused_at_once(self):
        for value in ("-a", "a b", "a" * 64, "ä", "a."):
            self.refused("implementation-label", value,
                         "a label value (at most 63 letters, digits, '-', '_' and '.'; a letter or digit at both "
                         "ends)")
        for value in ("a", "a/", "/b", "A.com/b", "a..b/c", "a.com/b c", "-a/b", "a" * 250 + "/bcd"):
            self.refused("gateway-class-name", value, "DOMAIN/PATH such as example.com/gateway")
        for value in ("a/", "/b", "a/b/c", "A/b", "a.b/c", "a/b_c", "a b", "a" * 64 + "/b"):
            self.refused("ipam-configmap", value, "NAME or NAMESPACE/NAME of a ConfigMap")
        for value in ("Blue", "a/b", "-a"):
            self.refused("namespace", value, "NAME of a namespace, or several with commas in between")
        for flag in ("metrics-bind-address", "health-probe-bind-address"):
            for value in ("8080", ":", ":x", ":65536", "a b:80", "::1:80", "http://a:80", "a:-1", "[]:80", "[x]:80"):
                self.refused(flag, value, ":PORT, HOST:PORT or 0")
        for value in ("", "MetalLB", "kube_vip"):
            self.refused("announcer", value, "one of kube-vip, metallb, cilium, servicelb, none")
        for flag in ("leader-elect", "observe-only", "write-spec-address", "zap-devel"):
            self.refused(flag, "maybe", "true or false")

    def test_values_that_can(self):
        for value in ("metrics-bind-address=", "metrics-bind-address=0", "metrics-bind-address=:0",
                      "health-probe-bind-address=localhost:80", "health-probe-bind-address=[::1]:80",
                      "health-probe-bind-address=127.0.0.1:80", "leader-elect", "leader-elect=False", "leader-elect=1",
                      "no-write-spec-address", "write-spec-address=false", "implementation-label=",
                      "implementation-label=a_B.c-1", "announcer=metallb", "announcer=none", "ipam-configmap=a.b", "ipam-configmap=a/b.c",
                      "namespace=a", "namespace=a,b-c"):
            done = run("simulate", "-f", "-", "-gateway-class-name=example.com/ours", "-" + value, input=OURS)
            self.assertEqual((done.returncode, done.stderr), (0, ""), value)

    def test_help_names_what_each_flag_takes(self):
        for arguments in (("--help",), ("-help",), ("-h",), ("simulate", "-help")):
            done = run(*arguments)
            self.assertEqual(done.returncode, 0)
            self.assertNotIn("TEXT", done.stdout)
            self.assertNotIn("REQUIRED", done.stdout)

    def test_flags_are_named_with_one_dash_and_taken_with_two(self):
        for arguments in (("-help",), ("simulate", "-help"), ("doctor", "-help")):
            self.assertNotIn("--", run(*arguments).stdout)
        for arguments, said in ((("--nonsense",), "-nonsense"), (("-kubeconfig",), "-kubeconfig"),
                                (("simulate",), "-filename"), (("--announcer=--x",), 'got "--x"'),
                                (("simulate", "-f", "-", "--output=a --b"), 'got "a --b"')):
            done = run(*arguments)
            self.assertEqual((done.returncode, done.stdout), (2, ""), arguments)
            self.assertIn(said, done.stderr)
            self.assertNotIn("--", done.stderr.split('"')[0])
        self.assertEqual(run("-version").stdout, run("--version").stdout)


if __name__ == "__main__":
    unittest.main()
