"""What goes wrong between a controller and its API server: answers that are none, and what may happen to connections."""
import json

PAGE = b"<html><head><title>Bad gateway</title></head><body>\xff\xfe no backend</body></html>"


def answer(code, body, content="application/json", header=""):
    return (f"HTTP/1.1 {code} Fault\r\nContent-Type: {content}\r\nContent-Length: {len(body)}\r\n{header}\r\n").encode() + body


def status(code, reason, header=""):
    body = {"kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Failure", "reason": reason, "code": code,
            "message": "a fault of the proxy"}
    return answer(code, json.dumps(body).encode(), header=header)


# A proxy or a server that is overloaded, restarting, or another one than was thought. The server does not see the request.
ANSWERS = {
    "429": status(429, "TooManyRequests", "Retry-After: 1\r\n"),
    "404 text": answer(404, b"404 page not found\n", "text/plain"),
    "404 page": answer(404, PAGE, "text/html"),
    "409": status(409, "Conflict"),
    "410": status(410, "Expired"),
    "500": status(500, "InternalError"),
    "502 page": answer(502, PAGE, "text/html"),
    "503": status(503, "ServiceUnavailable", "Retry-After: 1\r\n"),
    "504": status(504, "Timeout"),
    "200 page": answer(200, PAGE, "text/html"),
    "200 cut JSON": answer(200, b'{"kind": "ServiceList", "items": [{"metadata": {"name": "x", '),
    "no HTTP": b"SSH-2.0-Other\r\n",
}
# refuse: the server does not see the request. lose: it does, and its answer is lost. half: half of the answer arrives.
# hold: half-open; the request arrives nowhere and the connection stays.
CONNECTIONS = ["refuse", "lose", "half", "hold", "delay"]
# In the middle of a watch.
LINES = {
    "garbage": b'{"type": "MODIFIED", "object": {"metadata":\n',
    "410": b'{"type": "ERROR", "object": {"kind": "Status", "reason": "Expired", "code": 410}}\n',
}
WATCHES = ["cut", "hold", *LINES]
