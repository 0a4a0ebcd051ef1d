"""The control plane for tests cleans up after itself, however it ends, and says in one line why it cannot start.

GWCTL_KUBERNETES names the program.
"""
import os
import re
import signal
import socket
import subprocess
import sys
import tempfile
import time
import unittest
from pathlib import Path

HERE = Path(__file__).resolve().parent
PROGRAM = os.environ.get("GWCTL_KUBERNETES", "")
LIMIT = 120  # seconds until a wait counts as failed


def processes(folder):
    """Processes that have the folder in their command line."""
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit() and int(entry.name) != os.getpid():
            try:
                line = (entry / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
            except OSError:
                continue
            if str(folder) in line:
                found.append(f"{entry.name} {line}")
    return found


def wait_until(done, what):
    end = time.monotonic() + LIMIT
    while not done():
        if time.monotonic() > end:
            raise AssertionError(f"waited in vain: {what()}")
        time.sleep(0.05)


class Harness(unittest.TestCase):
    def setUp(self):
        scratch = tempfile.TemporaryDirectory(prefix="gwctl-harness-")
        self.addCleanup(scratch.cleanup)
        self.temporary = Path(scratch.name)

    def up(self, *words, **more):
        return subprocess.Popen([PROGRAM, "up", *words], env={**os.environ, "TMPDIR": str(self.temporary)},
                                stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, **more)

    def finish(self, process):
        out, err = process.communicate(timeout=LIMIT)
        return process.returncode, out, err

    def expect_nothing_left(self):
        left = lambda: processes(self.temporary) + [str(p) for p in self.temporary.iterdir()]
        wait_until(lambda: not left(), left)

    def started(self):
        """A control plane with a command in it that stays, and the process numbers of all of it."""
        process = self.up("--crds", "none", "--", "sh", "-c", 'exec tail -f "$GWCTL_TEST_AUDIT_LOG"')
        wait_until(lambda: any(p.split()[1] == "tail" for p in processes(self.temporary)) or process.poll() is not None,
                   lambda: "the control plane does not start")
        return process

    def supervisor(self):
        line = [p for p in processes(self.temporary) if " supervise " in p]
        return int(line[0].split()[0])

    def test_a_command_gets_a_cluster_and_its_exit_code_is_passed_on(self):
        script = ('kubectl --kubeconfig "$GWCTL_TEST_KUBECONFIG" get nodes -o name 2>/dev/null || '
                  'test -s "$GWCTL_TEST_KUBECONFIG"; test -s "$GWCTL_TEST_AUDIT_LOG"; exit 7')
        code, _, err = self.finish(self.up("--", "bash", "-c", script))
        self.assertEqual(code, 7, err)
        self.assertIn("ready at https://127.0.0.1:", err)
        self.expect_nothing_left()

    def test_interrupt_leaves_nothing(self):
        process = self.started()
        process.send_signal(signal.SIGINT)
        self.assertEqual(self.finish(process)[0], 130)
        self.expect_nothing_left()

    def test_termination_leaves_nothing(self):
        process = self.started()
        process.send_signal(signal.SIGTERM)
        self.finish(process)
        self.expect_nothing_left()

    def test_killed_it_leaves_nothing(self):
        process = self.started()
        process.kill()
        self.finish(process)
        self.expect_nothing_left()

    def test_with_its_supervisor_killed_it_leaves_nothing(self):
        process = self.started()
        os.kill(self.supervisor(), signal.SIGKILL)
        self.assertNotEqual(self.finish(process)[0], 0)
        self.expect_nothing_left()

    def test_with_both_killed_at_once_it_leaves_nothing(self):
        process = self.started()
        supervisor = self.supervisor()
        process.kill()
        os.kill(supervisor, signal.SIGKILL)
        self.finish(process)
        self.expect_nothing_left()

    def test_a_component_that_ends_ends_all(self):
        process = self.started()
        etcd = [p for p in processes(self.temporary) if " etcd " in p]
        os.kill(int(etcd[0].split()[0]), signal.SIGKILL)
        code, _, err = self.finish(process)
        self.assertEqual(code, 1)
        self.assertIn("etcd ended by itself", err)
        self.expect_nothing_left()

    def expect_one_line(self, text, pattern):
        lines = [line for line in text.strip().splitlines() if line]
        self.assertEqual(len(lines), 1, text)
        self.assertRegex(lines[0], pattern)

    def test_a_port_in_use(self):
        with socket.socket() as taken:
            taken.bind(("127.0.0.1", 0))
            taken.listen()
            port = taken.getsockname()[1]
            code, _, err = self.finish(self.up("--port", str(port)))
        self.assertEqual(code, 1)
        self.expect_one_line(err, rf"port {port} .*name another")
        self.expect_nothing_left()

    def test_a_folder_in_use(self):
        folder = self.temporary / "mine"
        folder.mkdir()
        (folder / "thesis.txt").write_text("precious")
        code, _, err = self.finish(self.up("--dir", str(folder)))
        self.assertEqual(code, 1)
        self.expect_one_line(err, r"--dir .*expected an empty folder, .*thesis.txt")
        self.assertEqual((folder / "thesis.txt").read_text(), "precious")

    def test_too_little_memory(self):
        code, _, err = self.finish(self.up("--memory", "100000000"))
        self.assertEqual(code, 1)
        self.expect_one_line(err, r"needs 100000000 MiB of memory, \d+ MiB are available")
        self.expect_nothing_left()

    def test_a_command_that_does_not_exist(self):
        code, _, err = self.finish(self.up("--crds", "none", "--", "no-such-program"))
        self.assertEqual(code, 1)
        self.assertIn("no-such-program", err)
        self.expect_nothing_left()

    def build(self, ci=False, path="/usr/bin:/bin", **environment):
        kept = {k: v for k, v in os.environ.items() if k not in ("CI", "PATH")}
        kept.update(environment, PATH=path, **({"CI": "true"} if ci else {}))
        done = subprocess.run([HERE / "build", self.temporary / "out"], env=kept, capture_output=True, text=True,
                              timeout=LIMIT)
        return done.returncode, done.stdout + done.stderr

    def path_with_go(self, script=None):
        """A PATH with everything but Go, and with a Go that is this script, if any."""
        folder = self.temporary / "bin"
        folder.mkdir()
        for directory in ("/bin", "/usr/bin"):
            for program in Path(directory).iterdir():
                if program.name != "go" and not (folder / program.name).exists():
                    (folder / program.name).symlink_to(program)
        if script:
            (folder / "go").write_text("#!/bin/sh\n" + script)
            (folder / "go").chmod(0o755)
        return str(folder)

    def test_without_go_the_suite_is_skipped_but_not_in_ci(self):
        path = self.path_with_go()
        code, text = self.build(path=path)
        self.assertEqual(code, 77)
        self.expect_one_line(text, r"no Go here; this suite needs Go 1\.\d+")
        self.assertEqual(self.build(path=path, ci=True)[0], 1)

    def test_with_an_old_go_the_suite_is_skipped_but_not_in_ci(self):
        path = self.path_with_go("echo go1.19.8\n")
        code, text = self.build(path=path)
        self.assertEqual(code, 77)
        self.expect_one_line(text, r"Go 1\.19\.8 is too old; this suite needs Go 1\.\d+")
        self.assertEqual(self.build(path=path, ci=True)[0], 1)

    def test_without_a_network_for_modules(self):
        modules = self.temporary / "modules"
        code, text = self.build(path=os.environ["PATH"], GOPROXY="off", GOFLAGS="-modcacherw", GOMODCACHE=str(modules))
        self.assertEqual(code, 1)
        self.expect_one_line(text, r"a Go module cannot be downloaded \(.+\); check the network and the setting GOPROXY")


if __name__ == "__main__":
    if not PROGRAM:
        sys.exit("harness_test.py: set GWCTL_KUBERNETES to the program kubernetes that tests/kubernetes/build makes")
    unittest.main()
