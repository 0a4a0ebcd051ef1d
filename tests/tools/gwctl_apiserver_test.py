#!/usr/bin/env python3
"""gwctl-apiserver: which kinds it serves, and what becomes of the files that it is given."""
import json
import os
import re
import subprocess
import tempfile
import time
import unittest
import urllib.request
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PROGRAM = os.environ["GWCTL_APISERVER"]
LIMIT = 60  # seconds until a wait counts as failed

MAP = "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: {}\n"
SERVICE = """apiVersion: v1
kind: Service
metadata:
  name: s
spec:
  type: LoadBalancer
  ports:
  - port: 80
status:
  loadBalancer:
    ingress:
    - ip: 192.0.2.10
"""


class Files(unittest.TestCase):
    def setUp(self):
        scratch = tempfile.TemporaryDirectory()
        self.addCleanup(scratch.cleanup)
        self.folder = Path(scratch.name)

    def write(self, name, text):
        (self.folder / name).write_text(text)
        return str(self.folder / name)

    def refused(self, *paths):
        """What the program says when it ends because of these."""
        kubeconfig = self.folder / "kubeconfig"
        words = [word for path in paths for word in ("-f", str(path))]
        ended = subprocess.run([PROGRAM, "--kubeconfig-out", kubeconfig, *words], capture_output=True, text=True,
                               timeout=LIMIT)
        self.assertEqual(ended.returncode, 1, ended.stderr)
        self.assertEqual(ended.stdout, "", "it must not say that it serves")
        self.assertFalse(kubeconfig.exists(), "who waits for the kubeconfig must not find one")
        return ended.stderr

    def test_yaml_that_cannot_be_read(self):
        path = self.write("broken.yaml", MAP.format("a") + "---\n" + MAP.format("b") + "data: [\n")
        self.assertRegex(self.refused(path), rf"gwctl-apiserver: {re.escape(path)}:1[01]:\d+: .+")

    def test_a_file_that_is_not_there(self):
        path = self.folder / "none.yaml"
        self.assertEqual(self.refused(path), f"gwctl-apiserver: {path}: no such file or directory\n")

    def test_an_object_that_is_refused(self):
        path = self.write("two.yaml", MAP.format("a") + "---\n" + MAP.format("Not_DNS"))
        said = self.refused(path)
        self.assertIn(f"gwctl-apiserver: {path}, document 2, line 5: ", said)
        self.assertIn("Not_DNS", said)

    def test_a_kind_that_is_not_served(self):
        path = self.write("job.yaml", "apiVersion: batch/v1\nkind: Job\nmetadata:\n  name: j\n")
        self.assertIn(f'{path}, line 1: no matches for kind "Job" in version "batch/v1", which this server does not',
                      self.refused(path))

    def test_no_object(self):
        self.assertIn("expected a Kubernetes object, got 3", self.refused(self.write("number.yaml", "3\n")))
        self.assertIn('expected apiVersion and kind, got apiVersion "" and kind "Pod"',
                      self.refused(self.write("bare.yaml", "kind: Pod\n")))

    def test_a_folder_with_one_bad_file(self):
        self.write("a.yaml", MAP.format("a"))
        self.write("b.yaml", "kind: [\n")
        self.write("c.yaml", "{}}\n")
        said = self.refused(self.folder)
        self.assertIn(f"{self.folder}/b.yaml:", said)
        self.assertIn(f"{self.folder}/c.yaml:", said)
        self.assertNotIn("a.yaml", said)

    def test_a_status_is_taken_over(self):
        kubeconfig = self.folder / "kubeconfig"
        server = subprocess.Popen([PROGRAM, "--no-stand-ins", "--kubeconfig-out", kubeconfig, "-f",
                                   self.write("s.yaml", SERVICE)], stdout=subprocess.PIPE, text=True)
        self.addCleanup(lambda: (server.terminate(), server.communicate()))
        end = time.monotonic() + LIMIT
        while not kubeconfig.exists():
            self.assertIsNone(server.poll())
            self.assertLess(time.monotonic(), end, "waited in vain for the kubeconfig")
            time.sleep(0.02)
        url = re.search(r"server: (\S+)", kubeconfig.read_text())[1]
        with urllib.request.urlopen(f"{url}/api/v1/namespaces/default/services/s", timeout=LIMIT) as answer:
            service = json.load(answer)
        self.assertEqual(service["status"]["loadBalancer"]["ingress"][0]["ip"], "192.0.2.10")
        self.assertEqual(service["spec"]["type"], "LoadBalancer")


class Help(unittest.TestCase):
    def test_header_and_help_name_the_kinds_that_are_served(self):
        text = subprocess.run([PROGRAM, "--help"], capture_output=True, text=True, timeout=LIMIT, check=True).stdout
        listed = re.findall(r"^ +([\w./]*v\d\w*: .*)$", text, re.M)
        self.assertGreater(len(listed), 10, text)
        header = (ROOT / "include/gwctl/testing/api_server.hpp").read_text()
        start = header.index("Served from the start")
        words = " ".join(re.sub(r"^/// ?", "", line).strip() for line in header[start:].splitlines())
        written = re.findall(r"- ([\w./]*v\d\w*: .*?)(?= - | Other kinds)", words)
        self.assertEqual([line.strip() for line in written], listed)


if __name__ == "__main__":
    unittest.main()
