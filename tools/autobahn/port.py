"""Copies autobahntestsuite, which is written for Python 2, as a package that Python 3 runs.

fissix rewrites the syntax. What remains is that a string of Python 2 is bytes: here it becomes a
string of the code points 0 to 255, one a byte, and fuzz.py turns those into bytes, and back, where
the suite meets the library below it. The replacements below are the places within the suite where
the difference shows; each must be found, so that another release cannot be ported by accident.

usage: port.py <the installed autobahntestsuite> <where the copy goes>
"""

import os
import re
import shutil
import sys

from fissix.refactor import RefactoringTool, get_fixers_from_package

# What the fuzzing client needs; the rest serves other modes.
MODULES = ("_version.py", "caseset.py", "fuzzing.py", "case")

HEX = ("binascii.b2a_hex(", "hexed(")

REPLACED = {
    # A message without end, which the suite does not list among its cases.
    "case/__init__.py": [("from .case9_9_1 import *\n", "")],
    # Equal values pickle differently where one object occurs twice; Python 3 interns differently.
    "case/case.py": [("pickle.dumps(obj1) == pickle.dumps(obj2)", "obj1 == obj2")],
    "case/case10_1_1.py": [
        ("len(self.payload) / self.p.autoFragmentSize", "len(self.payload) // self.p.autoFragmentSize")
    ],
    "case/case6_x_x.py": [
        HEX,
        ("v = Utf8Validator()", "v = TextValidator()"),
        ("from .case import Case", "from .case import Case\nfrom ..strings import TextValidator, hexed"),
    ],
    # The compression cases take their payloads from files, as bytes throughout.
    "case/case12_x_x.py": [
        ("   m = hashlib.sha1()\n   m.update(msg)\n   received_hash", "   msg = octets(msg)\n   m = hashlib.sha1()\n   m.update(msg)\n   received_hash"),
        ("self.p.sendMessage(msg, ", "self.p.sendMessage(text(msg), "),
        ("import copy, os, pkg_resources, hashlib, binascii", "import copy, os, hashlib, binascii\nfrom ..strings import octets, resources as pkg_resources, text"),
    ],
    "fuzzing.py": [
        HEX,
        ("return dd.decode('utf8', errors = 'replace' if replace else 'strict')", "return octets(dd).decode('utf8', errors = 'replace' if replace else 'strict')"),
        ("p = ''.join(payload)", "p = text(b''.join(payload))"),
        ("import os, json, binascii, time, textwrap, pkg_resources", "import os, json, binascii, time, textwrap\nfrom .strings import hexed, octets, text"),
        # No case of a ws:// address needs it.
        ("from twisted.internet import reactor, ssl", "from twisted.internet import reactor"),
        ("self.contextFactory = ssl.ClientContextFactory()", "self.contextFactory = None"),
        ("json.dumps(case,", "json.dumps(case, default = repr,"),
    ],
}
for case in ("6_2_1", "6_2_2", "6_2_3", "6_2_4", "6_3_1", "6_3_2", "6_4_1", "6_4_2", "6_4_3", "6_4_4", "7_5_1"):
    REPLACED["case/case%s.py" % case] = [HEX, ("from .case import Case", "from .case import Case\nfrom ..strings import hexed")]

FIXERS = [f for f in get_fixers_from_package("fissix.fixes") if not f.endswith(("fix_unicode", "fix_urllib"))]


def port(path, name, tool):
    # Literals too are bytes, one code point each.
    with open(path, encoding="latin-1") as file:
        source = file.read()
    if not source.endswith("\n"):
        source += "\n"
    source = str(tool.refactor_string(source, name))
    # Imports among siblings, also from the modules that fissix takes for ones of the library.
    folder = os.path.dirname(path)
    siblings = {f[:-3] for f in os.listdir(folder) if f.endswith(".py")} | {"case"}
    source = re.sub(
        r"^from (\w+) import", lambda m: "from %s%s import" % ("." if m[1] in siblings else "", m[1]), source, flags=re.M
    )
    # Every class is one of the new style.
    source = source.replace("(object, Case, )", "(Case,)")
    for old, new in REPLACED.get(name, ()):
        if old not in source:
            raise SystemExit("autobahntestsuite: %s does not contain what is known of it: %s" % (name, old))
        source = source.replace(old, new)
    with open(path, "w", encoding="utf8") as file:
        file.write(source)


def main(installed, copy):
    shutil.rmtree(copy, ignore_errors=True)
    os.makedirs(copy)
    for module in MODULES:
        source, target = os.path.join(installed, module), os.path.join(copy, module)
        if os.path.isdir(source):
            shutil.copytree(source, target, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy(source, target)
    # The styles of the HTML report, which is not written.
    with open(os.path.join(copy, "report.py"), "w", encoding="utf8") as file:
        file.write('CSS_COMMON = CSS_DETAIL_REPORT = CSS_MASTER_REPORT = JS_MASTER_REPORT = ""\n')
    tool = RefactoringTool(FIXERS, {}, explicit=())
    for folder, _, files in os.walk(copy):
        for file in sorted(files):
            path = os.path.join(folder, file)
            port(path, os.path.relpath(path, copy).replace(os.sep, "/"), tool)
    os.symlink(os.path.abspath(os.path.join(installed, "testdata")), os.path.join(copy, "testdata"))
    shutil.copy(os.path.join(os.path.dirname(__file__), "strings.py"), copy)
    with open(os.path.join(copy, "__init__.py"), "w", encoding="utf8") as file:
        file.write("from ._version import __version__\n\nversion = __version__\n")


main(*sys.argv[1:])
