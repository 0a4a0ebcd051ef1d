"""The two programs under test, and what they use of the machine."""
import os
import signal
import socket
import subprocess
import time
import urllib.error
import urllib.request
from pathlib import Path

LIMIT = 60  # seconds to start or to stop


class Program:
    def __init__(self, log, *words):
        self.log = Path(log)
        with open(log, "w", encoding="utf-8") as out:
            self.process = subprocess.Popen([str(w) for w in words], stdout=out, stderr=subprocess.STDOUT)

    @property
    def ended(self):
        """None while it runs; else the exit code, or the signal as a negative number."""
        return self.process.poll()

    def rss(self):
        """Resident memory, in MiB."""
        pages = int(Path(f"/proc/{self.process.pid}/statm").read_text(encoding="ascii").split()[1])
        return pages * os.sysconf("SC_PAGE_SIZE") / 2**20

    def descriptors(self):
        return len(os.listdir(f"/proc/{self.process.pid}/fd"))

    def stop(self):
        """Its exit code; it is killed when it does not end in time."""
        self.process.send_signal(signal.SIGTERM)
        try:
            return self.process.wait(LIMIT)
        except subprocess.TimeoutExpired:
            self.process.kill()
            return self.process.wait()


def wait_for(condition, seconds, what):
    end = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > end:
            raise RuntimeError(f"{what}: not within {seconds} s")
        time.sleep(0.1)


class ApiServer(Program):
    def __init__(self, program, folder):
        kubeconfig = folder / "kubeconfig"
        # So short a history is full after the warm-up.
        super().__init__(folder / "apiserver.log", program, "--history", 2000, "--kubeconfig-out", kubeconfig)
        wait_for(lambda: kubeconfig.exists() or self.ended is not None, LIMIT, "the API server's start")
        if self.ended is not None:
            raise RuntimeError(f"the API server ended: {self.log.read_text(encoding='utf-8')}")
        server = next(line for line in kubeconfig.read_text(encoding="utf-8").splitlines() if "server:" in line)
        self.port = int(server.rstrip('/"\' ').rsplit(":", 1)[1])


class Controller(Program):
    def __init__(self, program, folder, name, port, *flags):
        with socket.create_server(("127.0.0.1", 0)) as free:
            self.health = free.getsockname()[1]
        kubeconfig = folder / f"{name}.kubeconfig"
        kubeconfig.write_text(f"""apiVersion: v1
kind: Config
current-context: soak
clusters: [{{name: soak, cluster: {{server: "http://127.0.0.1:{port}"}}}}]
users: [{{name: soak, user: {{}}}}]
contexts: [{{name: soak, context: {{cluster: soak, user: soak}}}}]
""", encoding="utf-8")
        super().__init__(folder / f"{name}.log", program, "-kubeconfig", kubeconfig, "-ipam-configmap", "ipam",
                         "-metrics-bind-address", "0", "-health-probe-bind-address", f"127.0.0.1:{self.health}", *flags)

    def ready(self):
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{self.health}/readyz", timeout=5) as answer:
                return answer.status == 200
        except (OSError, urllib.error.URLError):
            return False
