"""A string of Python 2 is bytes. Within the ported suite one is a string of the code points 0 to 255."""

import binascii
import os

from autobahn.websocket.utf8validator import Utf8Validator


def octets(value):
    """The bytes that a string stands for."""
    return value.encode("latin-1") if isinstance(value, str) else value


def text(value):
    """The string that stands for bytes."""
    return value.decode("latin-1") if isinstance(value, (bytes, bytearray)) else value


def hexed(value):
    return binascii.b2a_hex(octets(value)).decode("ascii")


class TextValidator:
    """autobahn's validator for such strings."""

    def __init__(self):
        self._of_bytes = Utf8Validator()

    def reset(self):
        self._of_bytes.reset()

    def validate(self, value):
        return self._of_bytes.validate(octets(value))


class resources:
    """The one function of pkg_resources that the suite uses; setuptools no longer brings the module."""

    @staticmethod
    def resource_filename(_package, name):
        return os.path.join(os.path.dirname(os.path.abspath(__file__)), name)
