#!/usr/bin/env python3
"""The manifest of the Go controller's successor named flags that its binary did not have, lacked permissions,
and its image had no certificates and ran as root."""
import os
import re
import subprocess
import unittest
from pathlib import Path

MANIFESTS = Path(__file__).resolve().parents[2] / "manifests"


class Packaging(unittest.TestCase):
    install = (MANIFESTS / "install.yaml").read_text()
    dockerfile = (MANIFESTS / "Dockerfile").read_text()

    def rules(self):
        """(group, resource) -> verbs, over all roles."""
        found = {}
        pattern = r'apiGroups: \[([^\]]*)\]\s*\n\s*resources: \[([^\]]*)\]\s*\n(?:\s*resourceNames: .*\n)?\s*verbs: \[([^\]]*)\]'
        for groups, resources, verbs in re.findall(pattern, self.install):
            for group in groups.split(","):
                for resource in resources.split(","):
                    key = (group.strip().strip('"'), resource.strip())
                    found.setdefault(key, set()).update(v.strip() for v in verbs.split(","))
        return found

    def test_seed_B3_every_argument_is_a_flag_of_the_program(self):
        arguments = re.search(r"\n        args:\n((?:        - .*\n)+)", self.install).group(1)
        flags = re.findall(r"- -+([a-z-]+)", arguments)
        self.assertGreater(len(flags), 3)
        usage = subprocess.run([os.environ["GWCTL_CONTROLLER"], "--help"], stdout=subprocess.PIPE, text=True,
                               check=True).stdout
        for flag in flags:
            self.assertRegex(usage, rf" -{flag}\b")

    def test_seed_B3_the_permissions_to_do_the_work(self):
        rules = self.rules()
        gateway = "gateway.networking.k8s.io"
        for kind in ("gatewayclasses", "gateways", "tcproutes", "udproutes"):
            self.assertLessEqual({"list", "watch", "patch"}, rules[(gateway, kind)])
            self.assertIn("patch", rules[(gateway, kind + "/status")])
        self.assertLessEqual({"list", "watch"}, rules[(gateway, "referencegrants")])
        for key in (("", "services"), ("discovery.k8s.io", "endpointslices")):
            self.assertLessEqual({"list", "watch", "create", "patch", "delete"}, rules[key])
        for group in ("", "events.k8s.io"):
            self.assertLessEqual({"create", "patch"}, rules[(group, "events")])

    def test_seed_B3_the_image_has_certificates_and_a_user(self):
        final_stage = self.dockerfile[self.dockerfile.rindex("\nFROM "):]
        self.assertIn("ca-certificates", final_stage)
        self.assertRegex(final_stage, r"(?m)^USER [1-9]\d*:[1-9]\d*$")
        name = re.search(r"-t (\S+):\S+ \.", self.dockerfile).group(1)
        self.assertIn(f"image: {name}:", self.install)
        self.assertIn("runAsNonRoot: true", self.install)


if __name__ == "__main__":
    unittest.main()
