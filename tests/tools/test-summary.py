#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""summary.py against what meson really writes: a project of shell scripts that pass, fail, skip, crash and hang."""

import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

SUMMARY = Path(__file__).with_name("summary.py")
TESTS = {  # name: (script, protocol)
    "passes": ("exit 0", "exitcode"),
    "fails": ("exit 1", "exitcode"),
    "skips": ("exit 77", "exitcode"),
    "hangs": ("exec tail -f /dev/null", "exitcode"),
    "tap": ("echo 1..3; echo ok 1 a; echo not ok 2 b; echo 'ok 3 c # SKIP no time'", "tap"),
    "tap-crashes": ("echo 1..2; echo ok 1 a; echo ok 2 b; exit 3", "tap"),
    "tap-binary": ("echo 1..1; echo ok 1 a; printf '# \\001\\377 <&>\\n'; echo '# é' >&2", "tap"),
    "tap-skips": ("echo '1..0 # SKIP not here'", "tap"),
}


def summary_of(*names):
    """(the line, the exit code) for a project that has these tests."""
    with tempfile.TemporaryDirectory() as folder:
        lines = ["project('p')", "sh = find_program('sh')"]
        for name in names:
            script, protocol = TESTS[name]
            Path(folder, name).write_text(script, encoding="utf-8")
            seconds = 2 if name == "hangs" else 100
            lines.append(f"test('{name}', sh, args: files('{name}'), protocol: '{protocol}', timeout: {seconds}, suite: 's')")
        Path(folder, "meson.build").write_text("\n".join(lines) + "\n", encoding="utf-8")
        build = Path(folder, "build")
        subprocess.run(["meson", "setup", build, folder], capture_output=True, check=True)
        subprocess.run(["meson", "test", "-C", build], capture_output=True, check=False)
        run = subprocess.run([sys.executable, SUMMARY, build / "meson-logs"], capture_output=True, text=True, check=False)
        return run.stdout.strip(), run.returncode


class Summary(unittest.TestCase):
    def test_everything(self):
        self.assertEqual(summary_of(*TESTS), ("5 passed, 4 failed, 3 skipped", 1))

    def test_only_good(self):
        self.assertEqual(summary_of("passes", "skips", "tap-skips"), ("1 passed, 0 failed, 2 skipped", 0))

    def test_without_results(self):
        run = subprocess.run([sys.executable, SUMMARY, "/nonexistent"], capture_output=True, text=True, check=False)
        self.assertEqual((run.stdout.strip(), run.returncode), ("0 passed, 1 failed, 0 skipped", 1))


if __name__ == "__main__":
    unittest.main()
