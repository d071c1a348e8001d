"""Running a training to its end: progress, checkpoints, Ctrl-C, and the file of the model."""

from __future__ import annotations

import signal
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, nullcontext
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING, Any

from descend.errors import DivergedError, UsageError

if TYPE_CHECKING:
    from descend.cli.progress import Progress
    from descend.cli.render import Talk
    from descend.models.files.checkpoint import Checkpoints

__all__ = ["checkpoints", "run_to_file", "stopping"]


def run_to_file(
    training: Any,
    destination: Path,
    talk: Talk,
    progress: Progress,
    keeper: Checkpoints | None,
    tell: Callable[[Any], None],
) -> Any:
    """Train, test and save; return the model.

    Parameters
    ----------
    training : TableTraining, or another with ``run``, ``epochs`` and ``finish``
    destination : path
    talk, progress
    keeper : Checkpoints, optional
    tell : function of the tested model
        Says how good it is, before it is saved.
    """
    with keeper or nullcontext(), stopping(training.run, talk):
        try:
            with closing(progress):
                for record in training.epochs():
                    progress.update(record)
                    if keeper is not None:
                        keeper.save_if_due()
            if keeper is not None:
                keeper.save()
                talk.warn(keeper.warnings)
        except DivergedError as error:
            if not training.run.best_epoch:
                raise DivergedError(f"{error} No model was saved.", error.step) from None
            training.finish().save(destination)
            raise DivergedError(f"{error} Saved them to {destination}.", error.step) from None
        talk.stopped(training)
        model = training.finish()
        tell(model)
        model.save(destination)
    return model


def checkpoints(
    folder: str | None,
    training: Any,
    every: float,
    resume: bool,
    force: bool,
    talk: Talk,
) -> Checkpoints | None:
    """Open the folder of checkpoints, and go on from the newest where that is asked for."""
    if folder is None:
        if resume or force:
            raise UsageError("--resume and --force need --checkpoint DIR, where the run was kept")
        return None
    from descend.models.files.checkpoint import Checkpoints

    keeper = Checkpoints(folder, training, every=every)
    if resume:
        step = keeper.resume(force=force)
        talk.warn(keeper.warnings)
        keeper.warnings.clear()
        where = f"step {step:,} in {folder}" if step else f"the start: {folder} has no checkpoint"
        talk.line("Resumed", f"from {where}")
    return keeper


@contextmanager
def stopping(run: Any, talk: Any) -> Iterator[None]:
    """Let the first Ctrl-C (or SIGTERM) stop the run and keep the best model; the second quits."""
    asked = False

    def handle(number: int, frame: FrameType | None) -> None:
        nonlocal asked
        if asked:
            quits = before[signal.SIGINT]
            if callable(quits):
                quits(number, frame)
            raise KeyboardInterrupt
        asked = True
        run.stop()
        talk.interject("Stopping: the best model is kept. Ctrl-C again quits at once.")

    before = {number: signal.signal(number, handle) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
