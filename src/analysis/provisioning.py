"""Forked kernels for Jupyter and papermill: a kernel provisioner and an engine, both entry points of this package.

Where there is no fork, and for kernels of another interpreter, ordinary kernels are started.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Any

from jupyter_client.provisioning.factory import KernelProvisionerFactory
from jupyter_client.provisioning.local_provisioner import LocalProvisioner
from papermill.engines import NBClientEngine
from traitlets import List, Unicode

from analysis.forking import CAN_FORK, find_parent

PROVISIONER = "forked-provisioner"
LAUNCHER = ["-m", "ipykernel_launcher"]


class ForkedProvisioner(LocalProvisioner):
    """Provisions Python kernels of this interpreter by fork, and any other kernel as LocalProvisioner does."""

    preload = List(Unicode(), config=True, help="Names of the modules that the parent of the kernels imports.")
    process: Any = None
    pid: int | None = None
    pgid: int | None = None

    async def launch_kernel(self, cmd: list[str], **kwargs: Any) -> Any:
        """Return the connection of a new kernel."""
        own = os.path.realpath(cmd[0]) == os.path.realpath(sys.executable) and cmd[1:3] == LAUNCHER
        if not (CAN_FORK and own):
            return await super().launch_kernel(cmd, **kwargs)
        environment = kwargs.get("env") or dict(os.environ)
        self.process = find_parent(tuple(self.preload)).fork(cmd[3:], environment, kwargs.get("cwd") or str(Path.cwd()))
        self.pid = self.pgid = self.process.pid
        self.cwd = kwargs.get("cwd")
        return self.connection_info


class ForkedEngine(NBClientEngine):
    """The papermill engine that runs each notebook in a forked kernel."""

    @classmethod
    def execute_managed_notebook(cls, nb_man: Any, kernel_name: str, **kwargs: Any) -> Any:
        """Execute the notebook as papermill's own engine does."""
        factory = KernelProvisionerFactory.instance()
        before, factory.default_provisioner_name = factory.default_provisioner_name, PROVISIONER
        try:
            return super().execute_managed_notebook(nb_man, kernel_name, **kwargs)
        finally:
            factory.default_provisioner_name = before
