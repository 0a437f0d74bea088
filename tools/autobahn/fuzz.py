"""Runs the fuzzing client of the ported autobahntestsuite.

usage: fuzz.py <folder of the port> <specification, a JSON file>
"""

import json
import sys
import warnings

warnings.simplefilter("ignore")
sys.path.insert(0, sys.argv[1])

import txaio  # noqa: E402

# The autobahn of that time leaves the choice to txaio's default, which is gone.
txaio.use_twisted()

from twisted.internet import reactor  # noqa: E402

from autobahn.twisted.websocket import WebSocketClientProtocol  # noqa: E402
from autobahntestsuite import fuzzing  # noqa: E402
from autobahntestsuite.strings import octets, text  # noqa: E402

Protocol = fuzzing.FuzzingClientProtocol
Library = WebSocketClientProtocol


def sending(name, keyword):
    """Lets the first payload of a method of the library be a string."""
    plain = getattr(Library, name)

    def send(self, *args, **named):
        if keyword in named:
            named[keyword] = octets(named[keyword])
        size = named.pop("payload_len", None)
        if size is not None:
            # The library would repeat it, and divides as Python 2 does.
            named[keyword] = (named[keyword] * (size // len(named[keyword]) + 1))[:size]
        return plain(self, *[octets(each) for each in args], **named)

    setattr(Protocol, name, send)


for name, keyword in (
    ("sendFrame", "payload"),
    ("sendMessage", "payload"),
    ("sendMessageFrameData", "payload"),
    ("sendCloseFrame", "reasonUtf8"),
):
    sending(name, keyword)


def hearing(name):
    """Hands the cases what came as strings."""
    plain = getattr(Protocol, name)

    def hear(self, payload, *rest):
        return plain(self, text(payload), *rest)

    setattr(Protocol, name, hear)


hearing("onMessage")
hearing("onPong")
hearing("logRxOctets")
hearing("logTxOctets")

with open(sys.argv[2], encoding="utf8") as file:
    specification = json.load(file)
for case in fuzzing.Cases:
    if case.__name__.startswith(("Case12_", "Case13_")):
        case.COUNT = specification["messages"]
# The report is read by a program.
reports = fuzzing.FuzzingClientFactory.createReports
fuzzing.FuzzingClientFactory.createReports = lambda self: reports(self, produceHtml=False)
fuzzing.startClient(specification)
reactor.run()
