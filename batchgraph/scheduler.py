"""Where a cluster that is there already is found, and by what right it is spoken to."""

from __future__ import annotations

import json
from dataclasses import dataclass
from ipaddress import ip_address
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from batchgraph.errors import UsageError

if TYPE_CHECKING:
    from distributed.security import Security


@dataclass(frozen=True, slots=True)
class Scheduler:
    """The scheduler of a dask cluster.

    Parameters
    ----------
    place
        ``tls://host:port``, ``tcp://host:port``, or the path of a scheduler file, as dask writes it.
    insecure
        Whether what is said to another machine may be neither encrypted nor authenticated.
    tls_ca, tls_cert, tls_key
        Files with the certificate of the authority, and the own certificate and key; None: as dask is configured.
    """

    place: str
    insecure: bool = False
    tls_ca: Path | None = None
    tls_cert: Path | None = None
    tls_key: Path | None = None

    def address(self) -> str:
        """Give the scheduler's address.

        Raises
        ------
        UsageError
            If it is none, or a plain one of another machine where that is not allowed.
        """
        address = self.place if "://" in self.place else _address_in_file(Path(self.place))
        scheme, host = _scheme_and_host(address)
        if scheme == "tcp" and not self.insecure and not _is_this_machine(host):
            raise UsageError(
                f"{address} is neither encrypted nor authenticated, and whoever reaches a scheduler can run any program"
                " on its workers: use tls://, or say --insecure where the network is trusted"
            )
        return address

    def security(self) -> Security:
        """Give dask's settings for TLS.

        Raises
        ------
        UsageError
            If the files cannot be used, or something is missing.
        """
        from distributed.security import Security

        given = {"tls_ca_file": self.tls_ca, "tls_client_cert": self.tls_cert, "tls_client_key": self.tls_key}
        encrypted = self.address().startswith("tls:")
        files = {name: str(path) for name, path in given.items() if path is not None}
        security = Security(**files, require_encryption=encrypted)
        try:
            context = security.get_connection_args("client")["ssl_context"]
        except OSError as error:  # `ssl.SSLError` is one
            raise UsageError(f"the certificates for the scheduler cannot be used: {error}") from error
        if encrypted and context is None:
            raise UsageError("tls:// needs --tls-ca, --tls-cert and --tls-key, or the same in dask's configuration")
        return security


def _address_in_file(path: Path) -> str:
    try:
        return str(json.loads(path.read_text(encoding="utf-8"))["address"])
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise UsageError(f"{path} is neither a scheduler's address nor a scheduler file ({error})") from error


def _scheme_and_host(address: str) -> tuple[str, str]:
    try:
        parts = urlsplit(address)
        known = parts.scheme in ("tls", "tcp") and parts.hostname and parts.port
    except ValueError:  # of a port that is no number
        known = False
    if not known:
        raise UsageError(f"{address!r} is no scheduler: tls://host:8786, or the path of a scheduler file")
    return parts.scheme, parts.hostname or ""


def _is_this_machine(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
