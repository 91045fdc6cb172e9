"""Groups and segments: what their names stand for."""

from __future__ import annotations

from collections.abc import Mapping
from fnmatch import fnmatchcase

from batchgraph.policy.policy import Ends
from batchgraph.policy.values import ValueRefusedError, is_network

_GLOB = frozenset("*?[")


class Groups:
    """Named lists of ends, which may name each other.

    Parameters
    ----------
    tables
        By name, as written.
    """

    def __init__(self, tables: Mapping[str, Ends]) -> None:
        self._tables = tables

    def resolve(self, ends: Ends, *, within: tuple[str, ...] = ()) -> tuple[Ends, Ends]:
        """Put what groups hold in the place of their names.

        Parameters
        ----------
        ends
            As written.
        within
            The groups in which they stand.

        Returns
        -------
        ends, host_names
            Without names of groups; and the names and globs among them that no group is called by. A glob stays where
            it is, for hosts may be called by it too.

        Raises
        ------
        ValueRefusedError
            If a group holds itself, or is excluded and excludes itself.
        """
        found: list[str] = []
        host_names: list[str] = []
        for end in ends:
            sign, word = ("!", end[1:]) if end.startswith("!") else ("", end)
            is_name = word != "*" and not is_network(word)
            is_glob = bool(_GLOB & set(word))
            groups = [name for name in self._tables if is_name and fnmatchcase(name, word)]
            groups = [name for name in groups if not (is_glob and name in within)]
            if not groups or is_glob:
                found.append(end)
            if is_name and not groups:
                host_names.append(word)
            for group in groups:
                if group in within:
                    raise ValueRefusedError(f"the group {group!r} holds itself; take it out", word)
                inner, more = self.resolve(self._tables[group], within=(*within, group))
                if sign and any(member.startswith("!") for member in inner):
                    raise ValueRefusedError(f"{group!r} excludes ends itself and cannot stand behind !", word)
                found += [sign + member for member in inner]
                host_names += more
        return tuple(dict.fromkeys(found)), tuple(dict.fromkeys(host_names))
