#!/usr/bin/env python3
"""README.md and docs/gateway.md have every name that a user can write and that the code knows."""
import os
import re
import subprocess
import unittest
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
README = (ROOT / "README.md").read_text()
GATEWAY = (ROOT / "docs/gateway.md").read_text()
API = ROOT / "include/gwctl/api"


def quoted(text):
    """What stands in back quotes, and the words of it: `spec.listeners[].port` is also spec, listeners and port."""
    found = set(re.findall(r"`([^`\n]+)`", text))
    return found | {word for name in found for word in re.split(r"[^\w/-]+", name)}


def source(path):
    return (ROOT / path).read_text()


class Gateway(unittest.TestCase):
    names = quoted(GATEWAY)

    def has(self, found, at_least):
        self.assertGreaterEqual(len(found), at_least, "the source is not read as it should be")
        self.assertEqual(sorted(set(found) - self.names), [])

    def test_each_kind_has_a_row_for_each_field(self):
        headers = "".join((API / name).read_text() for name in
                          ("gateway_v1.hpp", "listener_sets_v1.hpp", "routes_v1.hpp"))
        structs = {name: [field.strip().rstrip("_") for field in fields.split(",")] for name, fields in
                   re.findall(r"BOOST_DESCRIBE_STRUCT\(([\w:]+),\s*\(\),\s*\(([^)]*)\)\)", headers)}
        for heading, parts in {
                "GatewayClass": ["GatewayClass::Spec", "GatewayClass::Status"],
                "Gateway": ["Gateway::Spec", "Gateway::Status", "GatewayAddress", "GatewayInfrastructure",
                            "AllowedListeners", "ListenerNamespaces"],
                "ListenerSet": ["ListenerSet::Spec"],
                "TCPRoute, UDPRoute": ["L4RouteSpec", "ParentReference", "L4RouteRule", "BackendRef", "RouteStatus"],
                "ReferenceGrant": ["ReferenceGrant::Spec", "ReferenceGrantFrom", "ReferenceGrantTo"],
                "Listeners": ["Listener", "ListenerTLSConfig", "AllowedRoutes", "RouteNamespaces"]}.items():
            with self.subTest(heading):
                section = re.search(rf"^### {heading}\n(.*?)^##", GATEWAY + "##", re.S | re.M)[1]
                self.assertEqual([f for part in parts for f in structs[part] if f not in quoted(section)], [])

    def test_parameters(self):
        table = source("lib/gateway/parameters.cpp")
        self.has(re.findall(r'\{"(\w+)", (?:true|false), ', table), 7)

    def test_announcers_and_their_keys(self):
        table = source("lib/gateway/announcer.cpp")
        self.has(re.findall(r'\.name = "([^"]+)"', table), 5)
        keys = re.findall(r'\.\w+_key = "([^"]+)"', table)
        self.has([key for key in keys if not key.endswith("sharing-cross-namespace")], 6)

    def test_keys_of_pools(self):
        known = re.findall(r'"([a-z-]+)"', source("lib/ipam/pool.cpp"))
        for kind in ("cidr", "range", "exclude"):
            self.assertIn(kind, known)
        self.has([f"{kind}-{owner}" for kind in ("cidr", "range", "exclude") for owner in ("NAMESPACE", "global")]
                 + [key for key in known if key in ("search-order", "skip-end-ips-in-cidr")], 8)


class Flags(unittest.TestCase):
    def test_the_table_has_those_of_the_program_and_no_others(self):
        usage = subprocess.run([os.environ["GWCTL_CONTROLLER"], "-help"], stdout=subprocess.PIPE, text=True,
                               check=True).stdout
        real = set(re.findall(r"^  (?:-h,)?(-[a-z-]+)", usage, re.M))
        rows = re.search(r"\| flag \| default \|.*?\n\n", README, re.S)[0]
        written = {flag for row in rows.strip().splitlines() for flag in re.findall(r"`(-[a-z-]+)", row.split("|")[1])}
        self.assertGreater(len(real), 15)
        self.assertEqual(written, real)


if __name__ == "__main__":
    unittest.main()
