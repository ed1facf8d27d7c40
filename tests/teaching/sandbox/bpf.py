"""Linux's classic BPF, as far as filters of system calls use it: runs one on any machine."""

import struct

__all__ = ["PASSED", "answer"]

PASSED = 0
_ALLOW, _ERRNO = 0x7FFF0000, 0x00050000


def answer(program: bytes, processor: int, number: int, *arguments: int) -> int:
    """The error that the filter answers a call with, PASSED where it lets it through.

    processor: AUDIT_ARCH_* of the call.
    """
    given = [*arguments, *[0] * (6 - len(arguments))]
    data = struct.pack("<IIQ6Q", number, processor, 0, *given)
    rows = list(struct.iter_unpack("<HBBI", program))
    place, held = 0, 0
    while True:
        code, if_true, if_false, value = rows[place]
        place += 1
        if code == 0x20:  # load a word
            (held,) = struct.unpack_from("<I", data, value)
        elif code == 0x54:
            held &= value
        elif code in (0x15, 0x35, 0x45):
            true = {0x15: held == value, 0x35: held >= value, 0x45: held & value}[code]
            place += if_true if true else if_false
        elif code == 0x06:
            if value == _ALLOW:
                return PASSED
            assert value & 0xFFFF0000 == _ERRNO, hex(value)
            return value & 0xFFFF
        else:
            raise AssertionError(f"Expected a known instruction, got {code:#x}.")
