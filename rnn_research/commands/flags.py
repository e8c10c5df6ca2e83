"""How every command reads its flags, shows its help and refuses bad input.

A command is its flags, a tuple of ``Flag``, and a function of their values, handed to ``run``. Nothing is kept between
two calls in one process.
"""

import difflib
import errno
import math
import os
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from types import MappingProxyType
from typing import Any, NamedTuple

from absl import flags as absl_flags

from rnn_research.execution import xla_settings
from rnn_research.execution.output import forget_output
from rnn_research.runs.files import StorageError

CANNOT_PRINT = (errno.ENOSPC, errno.EIO, errno.EPIPE)
# What absl says of a value of the wrong type, and what is said in its place.
WANTED = {
    "invalid literal for int": "a whole number is wanted",
    "could not convert string to float": "a number is wanted",
    "Non-boolean argument": "it is a switch, which takes no value",
}
ALIKE = 0.6  # from this likeness on, a flag may be another one mistyped
READER_GONE = 128 + 13  # as the shell reports a program that SIGPIPE ended


class Flag(NamedTuple):
    """One flag; made by the functions below.

    Attributes:
      help: for people; None keeps the flag out of the help: a launch sets it for its workers.
      define: ``(FlagValues)``: adds it to those that are read.
    """

    name: str
    help: str | None
    default: Any
    define: Callable[[absl_flags.FlagValues], Any]
    values: Sequence[str] = ()


def text(name: str, help: str | None, default: str | None = None) -> Flag:
    return _flag(absl_flags.DEFINE_string, name, help, default)


def several(name: str, help: str | None) -> Flag:
    """A text that may be given more than once: a list of all, None if left out."""
    return _flag(absl_flags.DEFINE_multi_string, name, help, None)


def count(name: str, help: str | None, default: int | None = None) -> Flag:
    """A whole number from 1 on."""
    return _flag(absl_flags.DEFINE_integer, name, help, default, lower_bound=1)


def whole(name: str, help: str | None, default: int | None = None) -> Flag:
    """A whole number from 0 on."""
    return _flag(absl_flags.DEFINE_integer, name, help, default, lower_bound=0)


def number(name: str, help: str | None, default: float | None = None, least: float | None = None) -> Flag:
    """A finite number, of ``least`` or more."""

    def define(values: absl_flags.FlagValues) -> None:
        absl_flags.DEFINE_float(name, default, help or "", lower_bound=least, flag_values=values)
        absl_flags.register_validator(
            name, lambda value: value is None or math.isfinite(value), "it must be a finite number", flag_values=values
        )

    return Flag(name, help, default, define)


def switch(name: str, help: str | None) -> Flag:
    """Off unless given."""
    return _flag(absl_flags.DEFINE_bool, name, help, False)


def choice(name: str, help: str | None, values: Sequence[str]) -> Flag:
    """One of these values, the first if left out."""

    def define(values_read: absl_flags.FlagValues) -> None:
        absl_flags.DEFINE_enum(name, values[0], values, help or "", flag_values=values_read)

    return Flag(name, help, values[0], define, values)


def pairs(name: str, help: str | None) -> Flag:
    """``KEY=VALUE,KEY=VALUE``, see ``dict_of``."""
    return _flag(absl_flags.DEFINE_list, name, help, [])


def _flag(kind: Callable, name: str, help: str | None, default: Any, **bounds: Any) -> Flag:
    def define(values: absl_flags.FlagValues) -> None:
        kind(name, default, help or "", flag_values=values, **bounds)

    return Flag(name, help, default, define)


HELP = _flag(absl_flags.DEFINE_bool, "help", "show this help", False, short_name="h")
DATA_DIR = text("data_dir", "directory with corpora; also RNN_RESEARCH_DATA")


class Given(NamedTuple):
    """What a command line says.

    Attributes:
      values: of the flags, as attributes; ``values["name"].present`` counts how often one was given.
      settings: by prefix the ``--PREFIX.PATH=VALUE``, by path.
      argv: as it was given.
    """

    values: absl_flags.FlagValues
    settings: dict[str, dict[str, str]]
    argv: tuple[str, ...]


def read(
    command: str,
    flags: Sequence[Flag],
    argv: Sequence[str],
    prefixes: Sequence[str] = (),
    instead_of: Mapping[str, str] = MappingProxyType({}),
) -> Given:
    """Read a command line.

    Args:
      prefixes: of the settings ``--PREFIX.PATH=VALUE`` that the command takes.
      instead_of: what to say of flags that other tools have.

    Raises:
      ValueError: an unknown flag, a setting without a value, an argument that is no flag, or not UTF-8.
      absl.flags.Error: a value of the wrong type.
    """
    settings: dict[str, dict[str, str]] = {prefix: {} for prefix in prefixes}
    rest = []
    for argument in argv:
        check_encoding(argument)
        if argument.lstrip("-").partition("=")[0] == "flagfile" and argument.startswith("-"):
            raise ValueError("unknown flag --flagfile; --help shows the flags")
        prefix, _, setting = argument.removeprefix("--").partition(".")
        if not argument.startswith("--") or prefix not in settings:
            rest.append(argument)
            continue
        path, equals, value = setting.partition("=")
        if not equals or not path:
            raise ValueError(f"{argument}: write --{prefix}.PATH=VALUE")
        settings[prefix][path] = value
    values = absl_flags.FlagValues()
    for flag in flags:
        flag.define(values)
    try:
        unexpected = values([command, *rest])[1:]
    except absl_flags.UnrecognizedFlagError as error:
        raise ValueError(f"unknown flag --{error.flagname}; {_hint(error.flagname, flags, instead_of)}") from None
    except absl_flags.IllegalFlagValueError as error:
        flag, _, reason = str(error).partition(": ")
        said = next((wanted for python, wanted in WANTED.items() if python in reason), reason)
        raise ValueError(f"{flag}: {said}") from None
    if unexpected:
        raise ValueError(f"unexpected argument {unexpected[0]!r}; {_written(unexpected[0], prefixes)}")
    return Given(values, settings, tuple(argv))


def _hint(name: str, flags: Sequence[Flag], instead_of: Mapping[str, str]) -> str:
    """What may have been meant by a flag that there is none of."""
    if name in instead_of:
        return instead_of[name]
    known = [flag.name for flag in flags if flag.help is not None]
    close = difflib.get_close_matches(name, known, n=1, cutoff=ALIKE)
    return f"did you mean --{close[0]}?" if close else "--help shows the flags"


def _written(argument: str, prefixes: Sequence[str]) -> str:
    """How an argument without dashes may have been meant: ``optimizer.learning_rate=1e-3``, as Hydra has it."""
    path, equals, _ = argument.lstrip("+~").partition("=")
    if prefixes and equals and "." in path:
        return f"write --{prefixes[0]}.{argument.lstrip('+~')}"
    return "--help shows the flags"


def check_encoding(argument: str) -> None:
    """Refuse an argument that is no text: the interpreter leaves bytes that it cannot decode as halves of surrogates.

    Raises:
      ValueError: which bytes, and the encoding that they were to be in.
    """
    try:
        argument.encode()
        return
    except UnicodeEncodeError:
        encoding = sys.getfilesystemencoding()
    try:
        found = os.fsencode(argument).decode()
    except UnicodeDecodeError as error:
        place = f"byte 0x{error.object[error.start]:02x} at offset {error.start}"
        raise ValueError(f"argument {argument!a} is not UTF-8: {place}") from None
    except UnicodeEncodeError:
        raise ValueError(f"argument {argument!a} is not UTF-8") from None
    raise ValueError(f"argument {found!r} is UTF-8, but the locale's encoding is {encoding}: set PYTHONUTF8=1")


def help_text(doc: str | None, flags: Sequence[Flag]) -> str:
    """A command's docstring and a line for each flag, with its values and, in brackets, what it is if left out."""
    lines = [(doc or "").rstrip(), "", "Flags:"]
    for flag in sorted((flag for flag in flags if flag.help is not None), key=lambda flag: flag.name):
        values = f"; one of {', '.join(flag.values)}" if flag.values else ""
        default = f" ({flag.default})" if flag.default else ""
        lines.append(f"  --{flag.name:<18}{flag.help}{values}{default}")
    return "\n".join(lines)


def dict_of(flag: str, given: Sequence[str]) -> dict[str, str]:
    """``KEY=VALUE`` pairs as a dict.

    Raises:
      ValueError: something else.
    """
    for pair in given:
        if "=" not in pair:
            raise ValueError(f"--{flag} takes KEY=VALUE,KEY=VALUE, not {pair!r}")
    return dict(pair.split("=", 1) for pair in given)


def directory(flag: str, given: str) -> Path:
    """The path of a directory that may not exist yet; ``~`` is the user's home.

    Raises:
      ValueError: a file lies there or on the way.
    """
    path = Path(given).expanduser()
    try:
        there = next(place for place in (path, *path.absolute().parents) if place.exists())
    except OSError as error:
        raise ValueError(f"--{flag}: {given}: {error.strerror}") from error
    if not there.is_dir():
        raise ValueError(f"--{flag}: {there} is a file, not a directory")
    return path


def run(
    command: str,
    doc: str | None,
    flags: Sequence[Flag],
    argv: Sequence[str],
    body: Callable[[Given], int],
    prefixes: Sequence[str] = (),
    instead_of: Mapping[str, str] = MappingProxyType({}),
) -> int:
    """The whole of a command: read the flags, show the help or call ``body`` with what is given.

    Args:
      command: its name, before each message.
      body: returns the exit status; whatever heavy it needs it imports itself.

    Returns:
      the exit status: 2 where the input is bad, said in one line; 1 where files or the output cannot be written, or
      the memory is too small; 141 where the reader of the output is gone; 130 after Ctrl-C.
    """
    before = dict(os.environ)
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="replace")  # pyright: ignore[reportAttributeAccessIssue]
    try:
        given = read(command, (*flags, HELP), argv, prefixes, instead_of)
        if given.values.help:
            print(help_text(doc, (*flags, HELP)))
            status = 0
        else:
            status = body(given)
        sys.stdout.flush()
        return status
    except (ValueError, absl_flags.Error) as error:
        return refuse(command, " ".join(str(error).split()), 2)
    except StorageError as error:
        return refuse(command, str(error), 1)
    except KeyboardInterrupt:
        return 130
    except (MemoryError, RuntimeError) as error:
        if not xla_settings.out_of_memory(error):
            raise
        return refuse(command, " ".join(["out of memory:", *str(error).split()]), 1)
    except OSError as error:
        if error.filename is not None:
            return refuse(command, f"{error.filename}: {error.strerror}", 1)
        if error.errno not in CANNOT_PRINT:
            raise
        forget_output()
        if error.errno == errno.EPIPE:
            return READER_GONE
        return refuse(command, f"cannot write the output: {error.strerror}", 1)
    finally:  # what one call sets is not meant for the next
        for name, value in xla_settings.changes(before).items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value


def refuse(command: str, reason: str, status: int) -> int:
    """Say in one line on the standard error why a command ends; returns the exit status."""
    print(f"{command}: {reason}", file=sys.stderr)
    return status
