"""tools/demo around stand-ins for the two programs: exit codes, and nothing left behind however it ends."""
import os
import shutil
import signal
import subprocess
import tempfile
import unittest
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parents[2]

APISERVER = """#!/usr/bin/env bash
while [ "$1" != --kubeconfig-out ]; do shift; done
echo config > "$2"
exec sleep 1000
"""
CONTROLLER = """#!/usr/bin/env bash
[ "$1" = simulate ] && { echo the tree; exit 0; }
exec sleep 1000
"""


def heed_signals():
    """What runs in the background, or under nohup, ignores some, and so would its children."""
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_DFL)


class Demo(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.root = Path(folder.name)
        for sub in ("tools", "build", "tmp"):
            (self.root / sub).mkdir()
        shutil.copy(REPOSITORY / "tools/demo", self.root / "tools/demo")
        self.program("tools/build", "#!/bin/sh\n")
        self.program("build/gwctl-apiserver", APISERVER)
        self.program("build/gateway-api-controller", CONTROLLER)

    def program(self, path, text):
        (self.root / path).write_text(text)
        (self.root / path).chmod(0o755)

    def start(self, *arguments):
        demo = subprocess.Popen(["tools/demo", *arguments], cwd=self.root, stdout=subprocess.PIPE,
                                stderr=subprocess.PIPE, text=True, env={**os.environ, "TMPDIR": str(self.root / "tmp")},
                                preexec_fn=heed_signals)
        for clean_up in (demo.stdout.close, demo.stderr.close, demo.wait, demo.terminate):
            self.addCleanup(clean_up)
        return demo

    def processes(self):
        """Processes whose working directory is the demo's."""
        found = []
        for entry in Path("/proc").iterdir():
            try:
                if entry.name.isdigit() and Path(os.readlink(entry / "cwd")) == self.root.resolve():
                    found.append((entry / "cmdline").read_text().replace("\0", " "))
            except OSError:
                pass
        return found

    def test_once_shows_the_tree_and_passes_the_exit_code_on(self):
        out, _ = (demo := self.start("--once")).communicate()
        self.assertEqual(demo.returncode, 0)
        self.assertIn("the tree", out)
        self.program("build/gateway-api-controller", "#!/bin/sh\necho not programmed\nexit 1\n")
        demo = self.start("--once")
        demo.communicate()
        self.assertEqual(demo.returncode, 1)

    def test_ctrl_c_leaves_nothing_behind(self):
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            demo = self.start()
            for line in demo.stdout:
                if line.startswith("Ctrl-C"):
                    break
            self.assertGreaterEqual(len(self.processes()), 3)
            demo.send_signal(number)
            demo.communicate()
            self.assertEqual(demo.returncode, 0)
            self.assertEqual(self.processes(), [])
            self.assertEqual(list((self.root / "tmp").iterdir()), [])

    def test_a_server_that_cannot_start(self):
        self.program("build/gwctl-apiserver", "#!/bin/sh\necho address in use\nexit 1\n")
        _, err = (demo := self.start()).communicate()
        self.assertEqual(demo.returncode, 1)
        self.assertIn("address in use", err)
        self.assertEqual(list((self.root / "tmp").iterdir()), [])

    def test_a_controller_that_ends(self):
        self.program("build/gateway-api-controller",
                     '#!/bin/sh\n[ "$1" = simulate ] && exit 0\necho lost its Lease\nexit 1\n')
        _, err = (demo := self.start()).communicate()
        self.assertEqual(demo.returncode, 1)
        self.assertIn("lost its Lease", err)
        self.assertEqual(self.processes(), [])

    def test_an_unknown_argument(self):
        _, err = (demo := self.start("--twice")).communicate()
        self.assertEqual(demo.returncode, 2)
        self.assertIn("'--twice'", err)


if __name__ == "__main__":
    unittest.main()
