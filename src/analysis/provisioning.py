"""Forked kernels for Jupyter and papermill: a kernel provisioner and an engine, both entry points of this package.

Where there is no fork, and for kernels of another interpreter, ordinary kernels are started.
"""

from __future__ import annotations

import asyncio
import os
import sys
import time
from collections.abc import Iterable, Mapping
from contextlib import suppress
from pathlib import Path
from queue import Empty
from typing import Any
from uuid import uuid4

import zmq
from jupyter_client.provisioning.local_provisioner import LocalProvisioner
from nbclient.exceptions import CellExecutionError, CellTimeoutError, DeadKernelError
from nbclient.util import ensure_async, run_sync
from nbformat.v4 import new_output
from papermill.clientwrap import PapermillNotebookClient
from papermill.engines import NBClientEngine
from papermill.log import logger
from traitlets import Callable, Dict, Float, List, Unicode

from analysis.forking import CAN_FORK, find_parent

PROVISIONER = "forked-provisioner"
LAUNCHER = ["-m", "ipykernel_launcher"]
RECONNECT = 5  # milliseconds; a kernel opens its sockets while we already knock
PATIENCE = 0.05  # seconds to wait for what a kernel says to all, before it is asked again
FAREWELL = 2.0  # seconds that a kernel is given to end by itself
KEPT_EVERY = 1.0  # seconds between two savings of the copy; each writes all outputs so far


class ForkedProvisioner(LocalProvisioner):
    """Provisions Python kernels of this interpreter by fork, and any other kernel as LocalProvisioner does."""

    preload = List(Unicode(), config=True, help="Names of the modules that the parent of the kernels imports.")
    without = List(Unicode(), config=True, help="Names of modules that those can do without.")
    after = List(Unicode(), config=True, help="Those of `preload` that must have been imported; all if empty.")
    process: Any = None
    pid: int | None = None
    pgid: int | None = None

    async def launch_kernel(self, cmd: list[str], **kwargs: Any) -> Any:
        """Return the connection of a new kernel."""
        own = os.path.realpath(cmd[0]) == os.path.realpath(sys.executable) and cmd[1:3] == LAUNCHER
        if not (CAN_FORK and own):
            return await super().launch_kernel(cmd, **kwargs)
        environment = kwargs.get("env") or dict(os.environ)
        parent = find_parent(tuple(self.preload), tuple(self.without))
        folder = kwargs.get("cwd") or str(Path.cwd())
        self.process = parent.fork(cmd[3:], environment, folder, self.after or self.preload)
        self.pid = self.pgid = self.process.pid
        self.cwd = kwargs.get("cwd")
        return self.connection_info


class PromptClient(PapermillNotebookClient):
    """Papermill's client without its fixed waits: it goes on as soon as the kernel is ready, has answered, has ended.

    `started` is called with the kernel's process; `limit` is the number of seconds that all cells together may take;
    `environment` is what the kernel's environment has beside our own.
    """

    limit = Float(0.0, help="Seconds for all cells together; none if 0.").tag(config=True)
    started = Callable(default_value=None, allow_none=True).tag(config=True)
    environment = Dict().tag(config=True)
    km: Any
    deadline = 0.0
    description: Mapping[str, Any] = {}

    def execute(self, **kwargs: Any) -> Any:
        """Execute all cells, up to one that fails, and return the notebook."""
        if sys.platform == "win32":
            asyncio.set_event_loop_policy(asyncio.WindowsSelectorEventLoopPolicy())
        self.reset_execution_trackers()
        with self.setup_kernel(**kwargs):
            self.papermill_execute_cells()
            self.nb.metadata["language_info"] = self.description["language_info"]
            self.set_widgets_metadata()
        return self.nb

    def papermill_execute_cells(self) -> None:
        """Execute the cells; a cell whose kernel died, or that took too long, is a failed one like any other."""
        for index, cell in enumerate(self.nb.cells):
            failure: Exception | None = None
            self.nb_man.cell_start(cell, index)
            try:
                self.execute_cell(cell, index)
            except CellExecutionError as error:
                failure = error
            except (DeadKernelError, CellTimeoutError) as error:
                failure = error
                told = "ended: it was killed, or memory ran out" if isinstance(error, DeadKernelError) else self._late()
                cell.outputs.append(_say_error(type(error).__name__, f"the kernel {told}"))
            if failure:
                self.nb_man.cell_exception(cell, cell_index=index, exception=failure)
            self.nb_man.cell_complete(cell, cell_index=index)
            if failure:
                return

    def _late(self) -> str:
        return f"was still busy at the limit of {self.limit or self.timeout:g} seconds"

    def create_kernel_manager(self) -> Any:
        """Return a kernel manager whose kernel will be forked, unless its specification asks for another way."""
        manager = super().create_kernel_manager()
        manager.context.setsockopt(zmq.RECONNECT_IVL, RECONNECT)
        specification = manager.kernel_spec
        if "kernel_provisioner" not in specification.metadata:
            # Given here, not set as the default: that would be one for all threads, and for others in this process.
            manager.kernel_id = str(uuid4())
            manager.provisioner = ForkedProvisioner(
                kernel_id=manager.kernel_id, kernel_spec=specification, parent=manager
            )
        return manager

    async def async_start_new_kernel(self, **kwargs: Any) -> None:
        """Start the kernel and tell `started` of its process."""
        if self.environment:
            kwargs["env"] = {**os.environ, **self.environment}
        await super().async_start_new_kernel(**kwargs)
        if self.started is not None:
            self.started(self._process())

    start_new_kernel = run_sync(async_start_new_kernel)

    async def async_start_new_kernel_client(self) -> Any:
        """Return a client of the kernel once that is ready and is heard."""
        assert self.km is not None
        try:
            self.kc = self.km.client()
            self.kc.start_channels(stdin=False, hb=False)  # the process itself tells when it ends
            await asyncio.wait_for(self._await_ready(), self.startup_timeout)
        except BaseException:
            await self._async_cleanup_kernel()
            raise
        self.deadline = time.monotonic() + self.limit
        return self.kc

    start_new_kernel_client = run_sync(async_start_new_kernel_client)

    async def _await_ready(self) -> None:
        """Ask the kernel for its description until it answers and what it says to all is heard as well."""
        ended = asyncio.ensure_future(self._async_end())
        try:
            while not await self._is_heard(ended):
                pass
        finally:
            ended.cancel()

    async def _is_heard(self, ended: asyncio.Future[None]) -> bool:
        assert self.kc is not None
        asked = self.kc.kernel_info()
        answer = asyncio.ensure_future(self.kc.shell_channel.get_msg(timeout=None))
        await asyncio.wait({answer, ended}, return_when=asyncio.FIRST_COMPLETED)
        if not answer.done():
            answer.cancel()
            raise DeadKernelError("the kernel ended before it was ready")
        self.description = answer.result()["content"]
        try:
            while True:
                message = await ensure_async(self.kc.iopub_channel.get_msg(timeout=PATIENCE))
                idle = message["content"].get("execution_state") == "idle"
                if idle and message["parent_header"].get("msg_id") == asked:
                    return True
        except Empty:
            return False

    def _get_timeout(self, cell: Any) -> Any:
        """Return how long a cell may take: what is left to all of them, or nbclient's own limit for each."""
        if not self.limit or cell is None:
            return super()._get_timeout(cell)
        return max(self.deadline - time.monotonic(), 0.001)

    async def _async_poll_kernel_alive(self) -> None:
        """Give up the running cell as soon as the process of its kernel ends."""
        await self._async_end()
        if self.task_poll_for_reply is not None:
            self.task_poll_for_reply.cancel()

    async def _async_cleanup_kernel(self) -> None:
        """End the kernel: asked to where all went well, at once where a cell did not come to its end."""
        if self.km is None:
            return
        try:
            if self._process() is not None and self._process().poll() is None:
                await self._end_kernel()
        finally:
            if self.kc is not None:
                self.kc.stop_channels()
            await ensure_async(self.km.cleanup_resources())
            self.kc = self.km = None

    _cleanup_kernel = run_sync(_async_cleanup_kernel)

    async def _end_kernel(self) -> None:
        assert self.km is not None
        if self.kc is not None and not is_unfinished(self.nb.cells):
            await ensure_async(self.km.request_shutdown())
            with suppress(TimeoutError):
                await asyncio.wait_for(self._async_end(), FAREWELL)
        if self._process().poll() is None:
            await ensure_async(self.km.provisioner.kill())
            await self._async_end()

    def _process(self) -> Any:
        return getattr(getattr(self.km, "provisioner", None), "process", None)

    async def _async_end(self) -> None:
        """Wait for the end of the kernel's process."""
        process = self._process()
        if isinstance(process, int) or not hasattr(os, "pidfd_open"):
            while process is not None and process.poll() is None:
                await asyncio.sleep(0.1)
            return
        await _end_of(process)


async def _end_of(process: Any) -> None:
    if process is None or process.poll() is not None:
        return
    loop, ended = asyncio.get_running_loop(), asyncio.Event()
    handle = os.pidfd_open(process.pid)
    loop.add_reader(handle, ended.set)
    try:
        await ended.wait()
    finally:
        loop.remove_reader(handle)
        os.close(handle)


def _say_error(name: str, text: str) -> Any:
    return new_output("error", ename=name, evalue=text, traceback=[f"{name}: {text}"])  # type: ignore[no-untyped-call]


def is_unfinished(cells: Iterable[Any]) -> bool:
    """Return whether papermill noted of one of these cells that it runs, or failed."""
    return any(cell.metadata.get("papermill", {}).get("status") in ("running", "failed") for cell in cells)


class ForkedEngine(NBClientEngine):
    """The papermill engine that runs each notebook in a forked kernel."""

    @classmethod
    def execute_managed_notebook(
        cls,
        nb_man: Any,
        kernel_name: str,
        log_output: bool = False,
        stdout_file: Any = None,
        stderr_file: Any = None,
        start_timeout: int = 60,
        execution_timeout: int | None = None,
        input_path: str | None = None,
        **kwargs: Any,
    ) -> Any:
        """Execute the notebook as papermill's own engine does; where that breaks off, the copy is marked as failed."""
        del input_path  # papermill hands it to engines of notebooks elsewhere
        saved = _save_less_often(nb_man)
        client = PromptClient(
            nb_man,
            timeout=execution_timeout,
            startup_timeout=start_timeout,
            kernel_name=kernel_name,
            log=logger,
            log_output=log_output,
            stdout_file=stdout_file,
            stderr_file=stderr_file,
            **kwargs,
        )
        try:
            return client.execute()
        except BaseException:
            _mark_failed(nb_man)
            raise
        finally:
            nb_man.save = saved


def _mark_failed(nb_man: Any) -> None:
    """Note in the notebook that it broke off where the first cell stands that did not come to its end."""
    nb_man.nb.metadata.papermill["exception"] = True
    for cell in nb_man.nb.cells:
        if cell.metadata.papermill["status"] != nb_man.COMPLETED:
            cell.metadata.papermill.update(status=nb_man.FAILED, exception=True)
            return


def _save_less_often(nb_man: Any) -> Any:
    """Save the copy at most once in a while, for every saving writes all outputs so far; return what saves it now."""
    save, last = nb_man.save, time.monotonic()

    def seldom(**kwargs: Any) -> None:
        nonlocal last
        if time.monotonic() - last >= KEPT_EVERY:
            save(**kwargs)
            last = time.monotonic()

    nb_man.save = seldom
    return save
