"""A kernel in a sandbox, to run small programs in."""

import json
import time

from jupyter_client import KernelManager

from course_utils.teaching.sandbox.provisioner import NAME

SECONDS = 120  # until something that must happen is given up


class Kernel:
    """A kernel under the provisioner. config: its traits."""

    def __init__(self, folder, **config) -> None:
        self.manager = KernelManager(kernel_name="python3")
        self.manager.kernel_spec.metadata["kernel_provisioner"] = {
            "provisioner_name": NAME,
            "config": config,
        }
        self.manager.start_kernel(
            cwd=str(folder), extra_arguments=["--HistoryManager.hist_file=:memory:"]
        )
        self.provisioner = self.manager.provisioner
        self.client = self.manager.client()
        self.client.start_channels()
        self.client.wait_for_ready(timeout=SECONDS)

    def run(self, code: str) -> str:
        """What the code prints; an error is raised here."""
        printed, errors = [], []

        def keep(message):
            content = message["content"]
            if message["msg_type"] == "stream":
                printed.append(content["text"])
            elif message["msg_type"] == "error":
                errors.append(f"{content['ename']}: {content['evalue']}")

        self.client.execute_interactive(code, output_hook=keep, timeout=SECONDS)
        if errors:
            raise RuntimeError(*errors)
        return "".join(printed)

    def facts(self, code: str):
        """What the code puts into `facts`, as JSON."""
        return json.loads(self.run(f"{code}\nimport json\nprint(json.dumps(facts))"))

    def dies_of(self, code: str) -> str:
        """Run code that must not outlive a limit; the limit's sentence."""
        self.client.execute(code)
        until(lambda: not self.manager.is_alive())
        until(lambda: self.provisioner.reason is not None)
        return str(self.provisioner.reason)

    def end(self) -> None:
        self.client.stop_channels()
        self.manager.shutdown_kernel(now=True)


def until(condition):
    """Wait for something that must happen."""
    end = time.monotonic() + SECONDS
    while not condition():
        assert time.monotonic() < end, "did not happen"
        time.sleep(0.02)
