"""The workbench as a page for colleagues: the notebook `explore` without its code, served by Voila.

A reader's browser talks to a kernel of its own, and may do nothing there but move the controls: Voila hands the kernel
messages of widgets only, never code. The kernel knows what its readers may see and nothing else: that is prepared
here, and handed over in a file. No other file of the project can be fetched.
"""

from __future__ import annotations

import ipaddress
import json
import os
import pickle
import re
import secrets
import socket
import tempfile
from collections.abc import Callable, Mapping
from contextlib import closing
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

from analysis.declarations import Audience, Language
from analysis.documents import read_text
from analysis.faults import Fault, InputError
from analysis.store import Store
from analysis.whatif import prepare
from analysis.workbench import PREPARED
from analysis.workbench.shelf import FolderShelf, PageShelf

NOTEBOOK = "explore"
LOCALHOST = "127.0.0.1"
FIRST_PORT, TRIED = 8866, 50
TEMPLATE = "oproep"
EXTENSIONS = ("@jupyter-widgets/jupyterlab-manager", "@voila-dashboards/widgets-manager8")
IDLE = 3600  # seconds after which the kernel of a page that nobody has open is ended
# Scripts of Voila and of the panel stand in the page itself; nothing may come from or go to another host.
POLICY = (
    "default-src 'self'; script-src 'self' 'unsafe-inline' 'unsafe-eval' blob:; style-src 'self' 'unsafe-inline'; "
    "img-src 'self' data: blob:; font-src 'self' data:; connect-src 'self' blob: data: ws: wss:; "
    "frame-ancestors 'none'; form-action 'self'; base-uri 'self'; object-src 'none'"
)
Tell = Callable[[str], object]


@dataclass(frozen=True)
class Address:
    """Where to listen; without a port the first free one from FIRST_PORT on."""

    ip: str = LOCALHOST
    port: int | None = None

    @property
    def is_local(self) -> bool:
        """Return whether only this machine reaches it."""
        try:
            return ipaddress.ip_address(self.ip).is_loopback
        except ValueError:
            return self.ip == "localhost"


def serve(
    store: Store, audience: Audience, as_of: date | None, language: Language, address: Address, tell: Tell
) -> None:
    """Serve the workbench of a call until it is stopped; tell the address of the page once it can be opened.

    Listens on this machine only, without a token; elsewhere the page opens to who has the token in the address told.
    Raises InputError where a table is missing or the port is taken.
    """
    port = find_port(address)
    token = "" if address.is_local else secrets.token_urlsafe(32)
    with tempfile.TemporaryDirectory(prefix="oproep-app-") as name:
        folder = Path(name)
        environment = fill_folder(folder, store, audience, as_of, language)
        os.environ.update(environment)
        server = make_server(folder, Address(address.ip, port), token)
        server.told = lambda: tell(say_url(Address(address.ip, port), token))
        server.start()


def find_port(address: Address) -> int:
    """Return the port to listen on; raise InputError where it, or each of those tried, is taken."""
    wanted = [address.port] if address.port else range(FIRST_PORT, FIRST_PORT + TRIED)
    reason = ""
    for port in wanted:
        try:
            with closing(socket.create_server((address.ip, port), family=_family(address.ip))):
                return port
        except OSError as error:
            reason = error.strerror or str(error)
    raise InputError([Fault(f"{address.ip}:{wanted[0]}", reason, "an address and a port to listen on")])


def _family(ip: str) -> socket.AddressFamily:
    return socket.AF_INET6 if ":" in ip else socket.AF_INET


def say_url(address: Address, token: str) -> str:
    """Return the address of the page, with its token; the name of this machine stands for every address of it."""
    host = socket.gethostname() if address.ip in ("0.0.0.0", "::") else address.ip
    named = f"[{host}]" if ":" in host else host
    return f"http://{named}:{address.port}/" + (f"?token={token}" if token else "")


def fill_folder(
    folder: Path, store: Store, audience: Audience, as_of: date | None, language: Language
) -> dict[str, str]:
    """Write what is served and what its kernel may know into an empty folder; return the environment that names it.

    `page/` holds the notebook and is all that Voila is told of; who may not see the scenarios of the house writes none.
    """
    basis = prepare(store, audience, as_of, language)
    shelf = FolderShelf(store) if audience == "internal" else PageShelf()
    prepared = folder / "prepared"
    prepared.write_bytes(pickle.dumps((basis, shelf, store.outline)))
    prepared.chmod(0o600)
    page = folder / "page"
    page.mkdir()
    notebook = json.loads(read_text(store.root / "notebooks" / f"{NOTEBOOK}.ipynb"))
    served = set_parameters(notebook, store.call_id, language, audience)
    (page / f"{NOTEBOOK}.ipynb").write_text(json.dumps(served), encoding="utf-8")
    copy_template(folder / "jupyter" / "voila" / "templates" / TEMPLATE)
    return {PREPARED: str(prepared), "JUPYTER_PATH": str(folder / "jupyter")}


def set_parameters(notebook: Mapping[str, Any], call: str, language: Language, audience: Audience) -> dict[str, Any]:
    """Return the code cells of a notebook, with these values in that of the parameters."""
    values = {"call": call, "language": language, "audience": audience}
    said = "\n".join(f"{name} = {value!r}" for name, value in values.items())
    cells = [cell for cell in notebook["cells"] if cell["cell_type"] == "code"]
    tagged = [{**cell, "source": said} if "parameters" in cell["metadata"].get("tags", ()) else cell for cell in cells]
    return {**notebook, "cells": tagged}


def copy_template(target: Path) -> None:
    """Write Voila's template without its links to other hosts, from which a page would fetch fonts."""
    from voila.paths import collect_template_paths  # type: ignore[import-untyped]

    target.mkdir(parents=True)
    origins = [Path(path) for path in collect_template_paths(["voila", "nbconvert"], "lab", prune=True)]
    for name in ("index.html.j2", "page.html"):
        origin = next(path / name for path in origins if (path / name).is_file())
        text = re.sub(r'<link [^>]*href="https?://[^>]*>', "", origin.read_text(encoding="utf-8"))
        (target / name).write_text(text, encoding="utf-8")
    (target / "conf.json").write_text(json.dumps({"base_template": "lab"}), encoding="utf-8")


def make_server(folder: Path, address: Address, token: str) -> Any:
    """Return the server of a filled folder, not yet started."""
    from traitlets.config import Config
    from voila.app import Voila  # type: ignore[import-untyped]

    class Served(Voila):
        """Voila that reads no configuration of its own, and tells its address by `told`."""

        told: Callable[[], object] = print

        def launch_browser(self) -> None:
            self.told()

    config = Config()
    config.VoilaConfiguration.update(
        template=TEMPLATE,
        theme="light",
        allow_template_override="NO",
        allow_theme_override="NO",
        strip_sources=True,
        show_tracebacks=False,
        file_allowlist=[],
        file_denylist=[".*"],
        extension_allowlist=list(EXTENSIONS),
    )
    config.MappingKernelManager.update(cull_idle_timeout=IDLE, cull_interval=IDLE // 10)
    config.KernelManager.transport = "ipc"  # no port of the machine leads to a kernel
    settings = {
        "headers": {"Content-Security-Policy": POLICY, "Referrer-Policy": "no-referrer"},
        # A name that an attacker's page makes point here is refused; with a token that page knows nothing to send.
        "allow_remote_access": not address.is_local,
        "local_hostnames": ["localhost", LOCALHOST, "::1"],
    }
    server = Served(config=config, log_level="ERROR", config_file_paths=[])
    server.initialize([])
    server.update_config(config)
    server.notebook_path = str(folder / "page" / f"{NOTEBOOK}.ipynb")
    server.root_dir = str(folder / "page")
    server.ip, server.port, server.port_retries = address.ip, address.port, 0
    server.token, server.tornado_settings = token, settings
    return server
