"""A training step on a CUDA device, compiled and recorded as one graph because its kernels are short and many."""

from collections.abc import Callable

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from training.gradients import BatchGradients
from training.network import SSIU

WARM_UP = 3  # batches: compiling and the choice of algorithms must be over when recording starts


def parts_to_compile(network: SSIU) -> tuple[nn.Module, ...]:
    """The parts that take most of the time; the nine steps share their code, which is compiled once."""
    return (*network.body, network.moe, network.tail)


class RecordedGradients:
    """`gradients`, recorded for batches of one shape."""

    def __init__(
        self, network: SSIU, gradients: BatchGradients, batch: int, patch: int, layout: torch.memory_format
    ) -> None:
        for part in parts_to_compile(network):
            part.compile(dynamic=False)
        self.parameters = tuple(network.parameters())
        low = torch.rand(batch, 3, patch, patch, device=next(network.parameters()).device)
        self.low = low.contiguous(memory_format=layout)
        self.high = F.interpolate(low, scale_factor=float(network.scale))
        beside = torch.cuda.Stream()
        beside.wait_stream(torch.cuda.current_stream())
        self.graph = torch.cuda.CUDAGraph()
        tf32 = torch.backends.cudnn.allow_tf32  # kept, as the next line would set it
        with torch.backends.cudnn.flags(enabled=True, benchmark=True, allow_tf32=tf32):
            with torch.cuda.stream(beside):
                for _ in range(WARM_UP):
                    gradients(self.low, self.high)
            torch.cuda.current_stream().wait_stream(beside)
            with torch.cuda.graph(self.graph):
                self.loss = gradients(self.low, self.high)
        self.results = tuple(p.grad for p in self.parameters)  # every replay writes to these

    def __call__(self, low: Tensor, high: Tensor) -> Tensor:
        self.low.copy_(low)
        self.high.copy_(high)
        self.graph.replay()
        for parameter, gradient in zip(self.parameters, self.results, strict=True):
            parameter.grad = gradient
        return self.loss.clone()


class RecordedUpdate:
    """`update`, which takes two numbers; the first calls are not recorded, as they create state for later ones."""

    def __init__(self, update: Callable[[Tensor, Tensor], None], device: torch.device) -> None:
        self.update, self.calls = update, 0
        self.values = [torch.zeros((), device=device) for _ in range(2)]
        self.graph = torch.cuda.CUDAGraph()

    def __call__(self, *values: float) -> None:
        for slot, value in zip(self.values, values, strict=True):
            slot.fill_(value)
        self.calls += 1
        if self.calls < WARM_UP:
            self.update(*self.values)
            return
        if self.calls == WARM_UP:
            with torch.cuda.graph(self.graph):
                self.update(*self.values)
        self.graph.replay()
