"""An API server's objects, for a test that is a user of it."""
import http.client
import json
import socket
import threading

GATEWAY_API = "/apis/gateway.networking.k8s.io/v1"
PREFIXES = {
    "namespaces": "/api/v1", "services": "/api/v1", "configmaps": "/api/v1",
    "endpointslices": "/apis/discovery.k8s.io/v1",
    "gatewayclasses": GATEWAY_API, "gateways": GATEWAY_API, "tcproutes": GATEWAY_API, "udproutes": GATEWAY_API,
}


class Api:
    """May be used by several threads; each has a connection."""

    def __init__(self, port):
        self.port = port
        self.threads = threading.local()

    def call(self, method, path, body=None, content="application/json", allowed=()):
        connection = getattr(self.threads, "connection", None)
        if connection is None:
            connection = self.threads.connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
            connection.connect()
            # http.client sends head and body apart, and without this the body waits 40 ms for the head's receipt.
            connection.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        try:
            connection.request(method, path, json.dumps(body) if body else None, {"Content-Type": content})
            answer = connection.getresponse()
            text = answer.read()
        except (OSError, http.client.HTTPException):
            connection.close()
            self.threads.connection = None
            raise
        if answer.status >= 400 and answer.status not in allowed:
            raise RuntimeError(f"{method} {path}: {answer.status} {text.decode(errors='replace')}")
        return json.loads(text)

    @staticmethod
    def path(plural, namespace=None, name=None):
        parts = [PREFIXES[plural], *(["namespaces", namespace] if namespace else []), plural, *([name] if name else [])]
        return "/".join(parts)

    def list(self, plural):
        return self.call("GET", self.path(plural))["items"]

    def delete_events(self, namespace):
        self.call("DELETE", f"/apis/events.k8s.io/v1/namespaces/{namespace}/events")

    # The load is dice: what it creates may be there already, and what it changes or deletes may be gone.
    def create(self, plural, an_object):
        self.call("POST", self.path(plural, an_object["metadata"].get("namespace")), an_object, allowed=(409,))

    def change(self, plural, namespace, name, patch):
        self.call("PATCH", self.path(plural, namespace, name), patch, "application/merge-patch+json", allowed=(404,))

    def delete(self, plural, namespace, name):
        self.call("DELETE", self.path(plural, namespace, name), allowed=(404,))
