"""Time training steps against the plain fp32 loop, and show where the time goes: `python -m training.speed`.

The loops take turns. A step is forward, loss, backward and update of a network of random weights on random patches.
"""

import argparse
import statistics
import time
from collections.abc import Callable

import torch
from torch import Tensor
from torch.optim import AdamW
from torch.profiler import ProfilerActivity, profile

from training.gradients import BatchGradients, parts_of
from training.models import SCALES
from training.network import SSIU
from training.recorded import RecordedGradients
from training.train import loss_of

SHOWN = 8


def create_step(
    scale: int,
    batch: int,
    patch: int,
    device: torch.device,
    bf16: bool,
    channels_last: bool,
    recorded: bool,
    parts: int,
) -> Callable[[], None]:
    layout = torch.channels_last if channels_last else torch.contiguous_format
    network = SSIU(scale).to(device, memory_format=layout)
    optimizer = AdamW(network.parameters(), fused=True)
    low = torch.rand(batch, 3, patch, patch, device=device).contiguous(memory_format=layout)
    high = torch.rand(batch, 3, scale * patch, scale * patch, device=device)

    def loss(low: Tensor, high: Tensor) -> Tensor:
        with torch.autocast(device.type, torch.bfloat16, enabled=bf16):
            output = network(low)
        return loss_of(output.float(), high, 0.01)

    gradients: BatchGradients | RecordedGradients = BatchGradients(network, loss, parts)
    if recorded:
        gradients = RecordedGradients(network, gradients, batch, patch, layout)

    def step() -> None:
        gradients(low, high)
        optimizer.step()
        if device.type == "cuda":
            torch.cuda.synchronize()

    return step


def seconds(step: Callable[[], None]) -> float:
    start = time.perf_counter()
    step()
    return time.perf_counter() - start


def shares(step: Callable[[], None], device: torch.device) -> list[tuple[str, float]]:
    """The operators that take longest, with their share of the time of a step."""
    cuda = device.type == "cuda"
    with profile(activities=[ProfilerActivity.CUDA if cuda else ProfilerActivity.CPU]) as trace:
        step()
    times = {e.key: float(e.self_device_time_total if cuda else e.self_cpu_time_total) for e in trace.key_averages()}
    total = sum(times.values())
    largest = sorted(times.items(), key=lambda item: -item[1])[:SHOWN]
    return [(name, value / total) for name, value in largest]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--scale", type=int, choices=SCALES, default=2)
    parser.add_argument("--batch", type=int, default=8)
    parser.add_argument("--patch", type=int, default=48)
    parser.add_argument("--rounds", type=int, default=5, help="each loop takes one step a round")
    parser.add_argument("--device", default="cuda" if torch.cuda.is_available() else "cpu")
    arguments = parser.parse_args()
    device = torch.device(arguments.device)

    def create(bf16: bool, channels_last: bool, recorded: bool = False, parts: int = 1) -> Callable[[], None]:
        batch, patch = arguments.batch, arguments.patch
        return create_step(arguments.scale, batch, patch, device, bf16, channels_last, recorded, parts)

    loops = {
        "fp32": create(False, False),
        "fp32, channels_last": create(False, True),
        "bf16": create(True, False),
        "bf16, channels_last": create(True, True),
    }
    if device.type == "cuda":
        loops["bf16, channels_last, compiled and recorded"] = create(True, True, recorded=True)
    looked_into = list(loops)[-1]  # the profiler does not see other threads
    parts = parts_of(arguments.batch, device)
    if parts > 1:
        loops[f"bf16, channels_last, {parts} threads with a part each"] = create(True, True, parts=parts)
    for step in loops.values():
        step()
    rounds = [{name: seconds(step) for name, step in loops.items()} for _ in range(arguments.rounds)]
    print(f"x{arguments.scale}, {arguments.batch} patches of {arguments.patch}x{arguments.patch}, {device}\n")
    print("| step | s | patches/s | against fp32 |\n|---|---|---|---|")
    for name in loops:
        median = statistics.median(row[name] for row in rounds)
        ratio = statistics.median(row["fp32"] / row[name] for row in rounds)
        print(f"| {name} | {median:.3f} | {arguments.batch / median:.1f} | {ratio:.2f} |")
    print(f"\n| operator, {looked_into} | share |\n|---|---|")
    for operator, share in shares(loops[looked_into], device):
        print(f"| `{operator}` | {100 * share:.0f} % |")


if __name__ == "__main__":
    main()
