#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""A lint that cannot fail is worth nothing: each is run over a small tree that is clean, and over the same tree with one
fault planted, which it has to name; the layer test and the sizes also over a copy of the real tree.
"""

import json
import os
import shutil
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

import tree

HERE = Path(__file__).resolve().parent
CLEAN = {
    "server/main.c": '#include "app/ap-app.h"\nint\nmain (void)\n{\n  return ap_app ();\n}\n',
    "server/app/ap-app.h": '#pragma once\n#include "base/ap-error.h"\nint ap_app (void);\n',
    "server/endpoints/echo/ap-echo.h": "#pragma once\n",
    "server/endpoints/talk/ap-talk.h": "#pragma once\n",
    "server/endpoints/talk/ap-talk-types.h": "#pragma once\n",
    "server/endpoints/talk/words/ap-word.h": '#pragma once\n#include "endpoints/talk/ap-talk-types.h"\n',
    "server/endpoints/talk/ap-talk-codec.h": '#pragma once\n#include "base/ap-error.h"\n#include "media/ap-pacer.h"\n',
    "server/session/ap-session.h": '#pragma once\n#include "net/ap-connection.h"\n#include "media/ap-pipeline.h"\n',
    "server/media/ap-pipeline.h": "#pragma once\n",
    "server/media/ap-pacer.h": "#pragma once\n",
    "server/net/ap-connection.h": "#pragma once\n",
    "server/base/ap-error.h": '#pragma once\n#include <glib.h>\n/* goto, sprintf (x) */\n',
    "server/base/ap-sum.c": "int ap_sum (int a);\n\nint\nap_sum (int a)\n{\n  return a + 1;\n}\n",
    "gst/mulaw-kernel.h": "#pragma once\n",
    "gst/gstmulawencdemo.h": '#pragma once\n#include "mulaw-kernel.h"\n',
    "gst/plugin.c": '#include "config.h"\n#include "gstmulawencdemo.h"\n',
    "tests/unit/test-any.c": '#include "base/ap-error.h"\n#include "mulaw-kernel.h"\n',
    "tests/unit/test-names.c": 'static const char *const names[] = { "/names/", "one", "/names/two" };\n',
    "docs/page.md": "| what | held by |\n|---|---|\n| one | `/names/one`, `/names/two` |\n\n| what | by |\n|---|---|\n| x | `/y` |\n",
    "docs/pipeline.md": 'server --pipeline "volume volume=0.5"\n',
    "docker/closure.sh": "#!/bin/sh\nplugins='volume wavparse'\necho \"$plugins\"\n",
    "dev": "#!/bin/sh\nset -eu\nrun_packages='gcc\n  gstreamer1.0-plugins-base'\necho \"$run_packages\"\n",
    ".clang-format": (HERE.parents[1] / ".clang-format").read_text(encoding="utf-8"),
    ".clang-tidy": (HERE.parents[1] / ".clang-tidy").read_text(encoding="utf-8"),
}


def function_of(lines):
    return "void\nlong_one (void)\n{\n" + "  g ();\n" * (lines - 2) + "}\n"


UPWARD = [
    ("server/base/ap-error.h", '#include "net/ap-connection.h"\n', "points up"),
    ("server/session/ap-session.h", '#include "endpoints/echo/ap-echo.h"\n', "points up"),
    ("server/session/ap-session.h", '#include "../app/ap-app.h"\n', "points up"),
    ("server/net/ap-connection.h", '#include "media/ap-pipeline.h"\n', "do not know each other"),
    ("server/media/ap-pipeline.h", '#include "../net/ap-connection.h"\n', "do not know each other"),
    ("server/endpoints/echo/ap-echo.h", '#include "endpoints/talk/ap-talk.h"\n', "do not know each other"),
    ("server/endpoints/talk/words/ap-word.h", '#include "endpoints/talk/ap-talk.h"\n', "includes only itself"),
    ("server/endpoints/talk/ap-talk-codec.h", '#include "ap-talk.h"\n', "base/ only"),
    ("server/endpoints/talk/ap-talk-codec.h", "#include <libsoup/soup.h>\n", "no sockets"),
    ("server/endpoints/talk/ap-talk-codec.h", '#include "media/ap-pipeline.h"\n', "base/ only"),
    ("server/media/ap-pacer.h", "#include <gst/gst.h>\n", "no streams"),
    ("server/media/ap-pipeline.h", '#include "mulaw-kernel.h"\n', "must not include gst/"),
    ("gst/gstmulawencdemo.h", '#include "base/ap-error.h"\n', "must not include server/"),
    ("gst/mulaw-kernel.h", '#include "gstmulawencdemo.h"\n', "points up"),
    ("gst/plugin.c", '#include "no-such.h"\n', "no such file"),
]

FAULTS = {
    "banned.py": [
        ("server/main.c", "int f (char *s) { return sprintf (s, \"\"); }\n", "sprintf"),
        ("tests/unit/test-any.c", "void f (void) { g_usleep (1); }\n", "g_usleep"),
        ("gst/plugin.c", "void f (void) { goto out; out:; }\n", "goto"),
        ("server/net/ap-connection.h", "#define SAY(x) g_print (x)\n", "only main and app"),
        ("dev", "cd /" + "work/here\n", "outside the project"),
    ],
    "sizes.py": [
        ("server/main.c", function_of(61), "long_one() has 61 lines"),
        ("server/main.c", "void\ndeep (void)\n{\n" + "  {\n" * 5 + "  }\n" * 5 + "}\n", "nests 5 blocks"),
        ("server/main.c", "\n" * 600, "lines, over 600"),
        ("server/app/ap-app.h", "\n" * 80, "lines, over 80"),
    ],
    "named.py": [
        ("docs/page.md", "| what | held by |\n|---|---|\n| three | `/names/three` |\n", "no test /names/three"),
        ("docs/page.md", "| what | held by |\n|---|---|\n| four | hope |\n", "no test holds: four"),
    ],
    "elements.py": [
        ("server/main.c", 'const char *chain = "volume ! "\n  "opusdec";\n', "opusdec is of the plugin opus"),
        ("server/main.c", 'const char *one = "alawdec";\n', "alawdec is of the plugin alaw"),
        ("server/main.c", 'const char *one = "volume ! no_such_element";\n', "no element no_such_element"),
        ("server/main.c", 'const char *one = "wavparse";\n', "gstreamer1.0-plugins-good"),
        ("docs/pipeline.md", 'AUDIO_CALL_PIPELINE="level ! volume"\n', "level is of the plugin level"),
    ],
    "outside.py clang-format": [("server/main.c", "int  f(void){return 1;}\n", "clang-format-violations")],
    "outside.py clang-tidy": [("server/base/ap-sum.c", "int g (int a)\n{\n  if (a > 1);\n  return a;\n}\n", "semicolon")],
    "outside.py shellcheck": [("dev", "echo $unquoted\n", "SC2086")],
}


class Lints(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.root = Path(folder.name, "tree")

    def plant(self, files):
        for name, text in files.items():
            path = self.root / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
        # What clang-tidy wants to know of one file; meson writes the real one.
        command = {"directory": str(self.root), "file": "server/base/ap-sum.c", "command": "cc -c server/base/ap-sum.c"}
        (self.root / "compile_commands.json").write_text(json.dumps([command]), encoding="utf-8")

    def lint(self, command):
        script, *arguments = command.split()
        run = subprocess.run([sys.executable, HERE / script, *arguments, self.root], capture_output=True, text=True,
                             env={**os.environ, "MESON_BUILD_ROOT": str(self.root)}, check=False)
        if run.returncode == tree.SKIP:
            self.skipTest(run.stdout.strip())
        return run.returncode, run.stdout + run.stderr

    def try_fault(self, command, name, fault, message):
        with self.subTest(lint=command, file=name, fault=fault[:60]):
            self.plant(CLEAN)
            self.assertEqual(self.lint(command)[0], 0, self.lint(command)[1])
            self.plant({name: CLEAN[name] + fault})
            code, output = self.lint(command)
            self.assertEqual(code, 1, output)
            self.assertIn(message, output)

    def test_layers(self):
        for name, fault, message in UPWARD:
            self.try_fault("layers.py", name, fault, message)

    def test_others(self):
        for command, faults in FAULTS.items():
            with self.subTest(command):
                for name, fault, message in faults:
                    self.try_fault(command, name, fault, message)

    def test_function_of_the_limit_passes(self):
        self.plant({**CLEAN, "server/main.c": function_of(60)})
        self.assertEqual(self.lint("sizes.py")[0], 0)

    def test_upward_include_in_the_real_tree(self):
        """The lowest header of the real tree, made to include the highest one."""
        real = HERE.parents[1]
        shutil.copytree(real, self.root, ignore=shutil.ignore_patterns(".git", "build*", "node_modules"))
        base, app = ([*sorted((self.root / "server" / room).glob("*.h")), None][0] for room in ("base", "app"))
        if not base or not app:
            self.skipTest("server/base or server/app has no header yet")
        self.assertEqual(self.lint("layers.py")[0], 0)
        with base.open("a", encoding="utf-8") as header:
            header.write(f'#include "app/{app.name}"\n')
        code, output = self.lint("layers.py")
        self.assertEqual(code, 1)
        self.assertIn(f'{base.relative_to(self.root)}:', output)


if __name__ == "__main__":
    unittest.main()
