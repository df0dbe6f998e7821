"""Signals that this process sends itself."""

import os
import signal

import pytest

from landwright.engine.executors.stopping import stopping


@pytest.mark.parametrize(("number", "kind"), [(signal.SIGTERM, SystemExit), (signal.SIGINT, KeyboardInterrupt)])
def test_work_is_interrupted(number, kind):
    before, seen = signal.getsignal(signal.SIGTERM), []
    with pytest.raises(kind) as found, stopping():
        try:
            os.kill(os.getpid(), number)
            signal.pause()
        except KeyboardInterrupt:
            seen.append("given back")
            raise
    assert seen == ["given back"]
    assert kind is KeyboardInterrupt or found.value.code == 143
    assert signal.getsignal(signal.SIGTERM) is before
