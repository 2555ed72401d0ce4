"""Forward the interrupt of a notebook's kernel to the training run in the background."""

from __future__ import annotations

import asyncio
import signal
import sys
import threading
from functools import cache
from typing import Any

from resnet_lib.training.background import BackgroundTraining


@cache
def forward_interrupts() -> None:
    """Interrupt the training run when the kernel is interrupted, in a cell or between cells.

    Does nothing outside IPython's kernel. A second call does nothing.
    """
    shell: Any = getattr(sys.modules.get("IPython"), "get_ipython", lambda: None)()
    kernel = getattr(shell, "kernel", None)
    if kernel is None:
        return

    # The kernel replaces the handler before each message, and again while a cell awaits something.
    # `interrupt` takes a lock that a message may hold, so it waits until the message is over.
    in_message = threading.Event()

    def interrupt_message(*arguments: Any) -> None:
        in_message.set()
        signal.default_int_handler(*arguments)

    def after_cell(result: Any) -> None:  # Python cancels a cell that awaited something
        if isinstance(result.error_in_exec, (KeyboardInterrupt, asyncio.CancelledError)):
            in_message.set()

    before, after = kernel.pre_handler_hook, kernel.post_handler_hook

    def before_message() -> None:
        before()
        if threading.current_thread() is threading.main_thread():
            signal.signal(signal.SIGINT, interrupt_message)

    def after_message() -> None:
        after()
        if threading.current_thread() is threading.main_thread():
            signal.signal(signal.SIGINT, interrupt_running)
            if in_message.is_set():
                in_message.clear()
                interrupt_running()

    shell.events.register("post_run_cell", after_cell)
    kernel.pre_handler_hook, kernel.post_handler_hook = before_message, after_message


def interrupt_running(*_: Any) -> None:
    """Interrupt the training run of this process, if there is one. A handler of SIGINT."""
    if training := BackgroundTraining.find_running():
        training.interrupt()
