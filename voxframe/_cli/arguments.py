"""The parser: one line for what is wrong, with the name that was meant."""

import argparse
import itertools
import re
import sys
from collections.abc import Sequence
from typing import Any, NoReturn, TypeVar

from voxframe._cli.messages import option_of
from voxframe._query.names import OTHERS_NAMES, nearest

N = TypeVar("N")
# What argparse says, as the other messages would.
_PLAIN = [
    (
        r"^argument ([^:]+): expected one argument$",
        r"\1: needs a value after it; one that begins with '-' is given as \1=VALUE",
    ),
    (r"^argument ([^:]+): invalid choice: (.*) \(choose from (.*)\)$", r"\1: \2 is not one of \3"),
    (r"^argument ([^:]+): ", r"\1: "),
    (
        r"^the following arguments are required: (.*)$",
        r"\1: is missing; PROG --help says what belongs there",
    ),
]


class UsageError(SystemExit):
    """What was given cannot be understood; it is said already."""

    def __init__(self, message: str, command: str | None) -> None:
        super().__init__(2)
        self.message, self.command = message, command


_OPTION = re.compile(r"-[A-Za-z-].*")


class Parser(argparse.ArgumentParser):
    """A parser that says in one line what is wrong, and what was meant.

    An option that does not exist is said before one that is missing: it may be the same one.
    """

    def __init__(self, **given: Any) -> None:
        super().__init__(allow_abbrev=False, **given)
        self.commands: Any = None

    def add_commands(self) -> Any:
        """Make place for commands, each a parser of its own."""
        self.commands = self.add_subparsers(dest="command", metavar="COMMAND", parser_class=Parser)
        return self.commands

    def parse_known_args(  # type: ignore[override]
        self, args: Sequence[str] | None = None, namespace: N | None = None
    ) -> tuple[argparse.Namespace | N, list[str]]:
        """Refuse what is not an option or a command, then parse the rest."""
        given = list(sys.argv[1:] if args is None else args)
        here = given
        if self.commands is not None:
            here = list(itertools.takewhile(lambda each: each.startswith("-"), given))
        for text in itertools.takewhile(lambda each: each != "--", here):
            name = text.partition("=")[0]
            if _OPTION.fullmatch(text) and name not in self._option_string_actions:
                self.error(f"{name}: there is no such option{self._meant(name)}")
        if self.commands is not None:
            names = list(self.commands.choices)
            command = given[len(here)] if len(given) > len(here) else None
            if command is not None and command not in names:
                hint = nearest(command, names) or f"; there are {', '.join(names)}"
                self.error(f"{command}: there is no such command{hint}")
            if command is None and not here:
                self.error(f"which COMMAND? There are {', '.join(names)}; --help says more")
        found, more = super().parse_known_args(given, namespace)
        if more and self.commands is None:
            self.error(f"{more[0]}: is not understood{self._where_it_belongs(more[0])}")
        return found, more

    @property
    def options(self) -> list[str]:
        """The options that it takes."""
        return list(self._option_string_actions)

    def error(self, message: str) -> NoReturn:
        """Print what is wrong in one line, and end with status 2."""
        for pattern, words in _PLAIN:
            message = re.sub(pattern, words.replace("PROG", self.prog), message)
        self._print_message(f"{self.prog}: {message}\n", sys.stderr)
        raise UsageError(message, self.prog.partition(" ")[2] or None)

    def _meant(self, name: str) -> str:
        options = self._option_string_actions
        other = OTHERS_NAMES.get(name.removeprefix("--").replace("-", "_"))
        if other and option_of(other) in options:
            return f"; did you mean {option_of(other)!r}?"
        return nearest(name, options) or f"; {self.prog} --help lists them"

    def _where_it_belongs(self, text: str) -> str:
        for option, form in (("--month", r"\d{4}-\d{2}"), ("--from", r"\d{4}-\d{2}-\d{2}.*"),
                             ("--last", r"\d+[hdw]")):  # fmt: skip
            if option in self._option_string_actions and re.fullmatch(form, text):
                return f"; did you mean '{option} {text}'?"
        out = self._option_string_actions.get("--out")
        # Of sync it is another name of DIR, which is there already.
        places = [each.metavar for each in self._actions if not each.option_strings]
        if out is not None and out.metavar not in places and not text.startswith("-"):
            return f"; did you mean '--out {text}'?"
        return f"; {self.prog} --help shows what belongs where"
