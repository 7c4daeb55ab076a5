"""Train SSIU: `python -m training.train --config models/training/config/x2.toml`.

The same command resumes from the last checkpoint in the output folder, whether the previous run ended or was killed.
"""

import argparse
import csv
import dataclasses
import io
import math
import sys
import time
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn
from tqdm import tqdm

from training.checkpoint import (
    git_commit,
    load_checkpoint,
    save_checkpoint,
    save_tensors,
    write_atomically,
)
from training.config import Config, load_config, parse_config
from training.data import CLEAN, MARGIN, Dataset, Degradation, Mixture, PatchSampler, load_dataset
from training.degrade import DRAWN, WEB
from training.gradients import BatchGradients, parts_of
from training.metrics import LUMA, luma, psnr, shaved, to_bytes
from training.network import SSIU
from training.optimizer import RunOptimizer
from training.recorded import RecordedGradients, RecordedUpdate
from training.weights import body_of, load_network, read_state

DEGRADATIONS = {"none": CLEAN, "web": WEB}
BF16_FEATURES = ("avx512_bf16", "amx_bf16", "bf16")
FOLDERS = ("data", "drawn", "output")  # may be moved: pictures are identified by their hash
LONGEST_STEP = 60.0  # seconds
LARGEST_PSNR = 100.0  # dB: otherwise, a flat picture that comes out exactly would outweigh all others
LOG_FIELDS = ("step", "minutes", "learning_rate", "loss", "validation_psnr")


def magnitude(difference: Tensor, fft_weight: float, rms_weight: float) -> Tensor:
    """L1 plus weighted L1 of the spectrum's real and imaginary parts; a share is each patch's root mean square."""
    spectrum = torch.view_as_real(torch.fft.rfft2(difference))
    loss = difference.abs().mean() + fft_weight * spectrum.abs().mean()
    if rms_weight:
        patches = difference.flatten(1)
        rms = torch.linalg.vector_norm(patches, dim=1).mean() / math.sqrt(patches.shape[1])
        loss = torch.lerp(loss, rms, rms_weight)
    return loss


def loss_of(
    output: Tensor, target: Tensor, fft_weight: float, luma_weight: float = 0.0, rms_weight: float = 0.0
) -> Tensor:
    """The loss of RGB in [0, 1]; a share of `luma_weight` is that of BT.601 luma, by which results are measured."""
    difference = output - target
    loss = magnitude(difference, fft_weight, rms_weight)
    if luma_weight:
        luma_difference = sum(share * channel for share, channel in zip(LUMA, difference.unbind(1), strict=True))
        loss = torch.lerp(loss, magnitude(luma_difference, fft_weight, rms_weight), luma_weight)
    return loss


def learning_rate_at(progress: float, step: int, config: Config) -> float:
    """Cosine over `progress` 0..1, after a linear start."""
    span = config.learning_rate - config.final_learning_rate
    rate = config.final_learning_rate + span * (1 + math.cos(math.pi * min(progress, 1.0))) / 2
    return rate * min(1.0, (step + 1) / (config.warmup_steps + 1))


@torch.inference_mode()
def validation_psnr(network: nn.Module, pairs: Iterable[tuple[Tensor, Tensor]], scale: int) -> float:
    """Mean PSNR of Y over the held-out pictures, in fp32."""
    device = next(network.parameters()).device
    values = []
    for low, high in pairs:
        image = network(low.to(device)).cpu()
        a, b = (shaved(luma(to_bytes(x)), scale)[0] for x in (image, high))
        values.append(min(psnr(a, b), LARGEST_PSNR))
    return sum(values) / len(values)


def computes_bf16(device: torch.device) -> bool:
    """Whether it has bf16 instructions: on a CPU without them, a step takes ten times as long in bf16 as in fp32."""
    return device.type != "cpu" or any(torch.cpu.get_capabilities().get(name) for name in BF16_FEATURES)


def trained_seconds(passed: float) -> float:
    """What a step counts in a schedule by the clock; limited, as the process may have been suspended (SIGSTOP)."""
    return min(passed, LONGEST_STEP)


def initial_state(config: Config, state: dict[str, Tensor]) -> dict[str, Tensor]:
    """`state`, or the weights that `initial` and `body` name instead."""
    if config.initial:
        state = load_network(Path(config.initial), config.scale).state_dict()
    return state | body_of(read_state(Path(config.body))) if config.body else state


@dataclasses.dataclass(frozen=True)
class Source:
    """A folder of pictures, and what becomes of patches from it."""

    folder: Path
    share: float  # of the patches, 0 to 1
    degradation: Degradation
    upright: bool  # never flipped or turned
    more: tuple[Path, ...] = ()  # folders from which no picture is held out


def sources(config: Config) -> list[Source]:
    """Photographs, drawings given at X1, and drawings shrunk from X2, where letters are smallest."""
    drawn, shrunk = config.drawn_share, config.shrunk_share
    first, *more = map(Path, config.folders)
    photographs = Source(first, 1 - drawn - shrunk, DEGRADATIONS[config.degradation], upright=False, more=tuple(more))
    drawings = [(Path(config.drawn), drawn), (Path(config.drawn) / "X2", shrunk)]
    return [photographs] + [Source(folder, share, DRAWN, upright=True) for folder, share in drawings if share]


class Trainer:
    """One run: its state, and how it is stored and restored."""

    def __init__(
        self,
        config: Config,
        datasets: Sequence[Dataset],
        device: torch.device,
        checkpoint: dict[str, Any] | None = None,  # to resume from; then `initial` and `body` need not exist
    ) -> None:
        torch.manual_seed(config.seed)
        layout = torch.channels_last if config.channels_last else torch.contiguous_format
        self.config, self.device, self.layout = config, device, layout
        self.digest = digest_of(datasets)
        self.validation = [pair for each in datasets for pair in each.validation]
        self.network = SSIU(config.scale).to(device, memory_format=layout)
        if checkpoint is None:
            self.network.load_state_dict(initial_state(config, self.network.state_dict()), strict=True)
        self.average = SSIU(config.scale).to(device, memory_format=layout)
        self.average.load_state_dict(self.network.state_dict())
        self.parameters, self.averages = list(self.network.parameters()), list(self.average.parameters())
        self.precision = config.precision if computes_bf16(device) else "fp32"
        self.optimizer = RunOptimizer(self.parameters, config)
        self.generator = torch.Generator().manual_seed(config.seed)
        gradients = BatchGradients(self.network, self.loss, parts_of(config.batch, device))
        self.gradients: BatchGradients | RecordedGradients = gradients
        self.update: Callable[[float, float], None] = self.apply
        samplers = [self.sampler_of(each, source) for each, source in zip(datasets, sources(config), strict=True)]
        self.sampler = Mixture(samplers, [source.share for source in sources(config)], self.generator)
        self.step, self.rate = 0, 0.0
        self.seconds = 0.0  # spent in training, over all processes of this run
        self.best_psnr = -math.inf
        self.losses: list[Tensor] = []  # since the last row of the log
        self.commit = git_commit()  # read now, as the code on disk may change during the run
        # On a CPU, compiling takes minutes and makes steps slower, or fails on the reflection (PyTorch 2.13).
        if config.compile and device.type == "cuda":
            self.gradients = RecordedGradients(self.network, gradients, config.batch, config.patch, layout)
            self.update = RecordedUpdate(self.apply, device)
        if checkpoint is not None:
            self.restore(checkpoint)

    def sampler_of(self, dataset: Dataset, source: Source) -> PatchSampler:
        scale, patch, upright = self.config.scale, self.config.patch, source.upright
        return PatchSampler(dataset.high, dataset.low, scale, patch, self.generator, source.degradation, upright)

    @property
    def progress(self) -> float:
        if self.config.steps:
            return self.step / self.config.steps
        return self.seconds / (60 * self.config.minutes)

    def train_step(self) -> Tensor:
        """Make one update; returns the loss as a tensor, so that nothing waits for the device."""
        config = self.config
        self.rate = learning_rate_at(self.progress, self.step, config)
        low, high = self.sampler.sample(config.batch)
        low = low.contiguous(memory_format=self.layout)
        loss = self.gradients(low, high)
        # With the full decay, a young average would remember its first weights for too long.
        decay = min(config.ema_decay, (1 + self.step) / (10 + self.step))
        self.update(self.rate, 1 - decay)
        self.step += 1
        self.losses.append(loss)
        return loss

    def loss(self, low: Tensor, high: Tensor) -> Tensor:
        with torch.autocast(self.device.type, torch.bfloat16, enabled=self.precision == "bf16"):
            output = self.network(low)
        config = self.config
        return loss_of(output.float(), high, config.fft_weight, config.luma_weight, config.rms_weight)

    @torch.no_grad()
    def apply(self, rate: float | Tensor, share: float | Tensor) -> None:
        """Apply the gradients to the weights, and move their average towards them by `share`."""
        nn.utils.clip_grad_norm_(self.parameters, self.config.gradient_clip)
        self.optimizer.step(rate)
        changes = torch._foreach_sub(self.parameters, self.averages)
        torch._foreach_mul_(changes, share)
        torch._foreach_add_(self.averages, changes)

    def state(self) -> dict[str, Any]:
        """What a checkpoint holds; raises ValueError if weights are not finite, so that the last good one is kept."""
        if not torch.stack(torch._foreach_norm(self.averages)).isfinite().all():
            raise ValueError(f"Expected finite weights after step {self.step}, got others: try a lower learning_rate")
        return {
            "network": self.network.state_dict(),
            "average": self.average.state_dict(),
            "optimizer": self.optimizer.state_dict(),
            "generator": self.generator.get_state(),
            "step": self.step,
            "seconds": self.seconds,
            "best_psnr": self.best_psnr,
            "losses": self.losses,
            "config": dataclasses.asdict(self.config),
            "commit": self.commit,
            "dataset": self.digest,
        }

    def restore(self, checkpoint: dict[str, Any]) -> None:
        then = dataclasses.asdict(parse_config(checkpoint["config"])) | {"dataset": checkpoint["dataset"]}
        now = dataclasses.asdict(self.config) | {"dataset": self.digest}
        others = ", ".join(name for name in now if name not in FOLDERS and then[name] != now[name])
        if others:
            raise ValueError(f"Expected {others} as in the checkpoint, got another; use an empty output folder")
        self.network.load_state_dict(checkpoint["network"])
        self.average.load_state_dict(checkpoint["average"])
        self.optimizer.load_state_dict(checkpoint["optimizer"])
        self.generator.set_state(checkpoint["generator"].cpu())
        self.step, self.seconds = checkpoint["step"], checkpoint["seconds"]
        self.best_psnr = checkpoint["best_psnr"]
        self.losses = checkpoint.get("losses", [])  # earlier checkpoints had none

    def validate(self) -> float:
        """PSNR of the averaged weights on the held-out pictures; the best weights are written to disk."""
        config = self.config
        score = validation_psnr(self.average, self.validation, config.scale)
        if score > self.best_psnr:
            self.best_psnr = score
            metadata = {
                "scale": str(config.scale),
                "steps": str(self.step),
                "hours": f"{self.seconds / 3600:.3f}",
                "batch": f"{config.batch}x{config.patch}x{config.patch}",
                "precision": self.precision,
                "degradation": config.degradation,
                "optimizer": config.optimizer,
                "learning_rate": str(config.learning_rate),
                "luma_weight": str(config.luma_weight),
                "rms_weight": str(config.rms_weight),
                "initial": config.initial,
                "body": config.body,
                "seed": str(config.seed),
                "data": ", ".join(config.folders),
                "drawn_share": str(config.drawn_share),
                "shrunk_share": str(config.shrunk_share),
                "dataset_sha256": self.digest,
                "commit": self.commit,
                "validation_psnr": f"{score:.4f}",
            }
            save_tensors(Path(config.output) / "best.safetensors", self.average.state_dict(), metadata)
        return score


class Log:
    """`log.csv`, written atomically for every row."""

    def __init__(self, path: Path, last_step: int) -> None:
        """Drops rows after `last_step`, which belong to work that a kill undid."""
        self.path = path
        self.rows: list[dict[str, str]] = []
        if path.exists():
            with path.open(newline="") as file:
                self.rows = [row for row in csv.DictReader(file) if int(row["step"]) <= last_step]

    def add(self, **row: str) -> None:
        self.rows.append(row)
        text = io.StringIO(newline="")
        writer = csv.DictWriter(text, LOG_FIELDS, lineterminator="\n")
        writer.writeheader()
        writer.writerows(self.rows)
        write_atomically(self.path, text.getvalue().encode())


def load_pictures(config: Config, device: torch.device) -> list[Dataset]:
    """The dataset of each source."""
    side = config.scale * (config.patch + 2 * MARGIN)
    count, middle = config.validation_images, config.validation_side
    return [
        load_dataset(source.folder, config.scale, side, count, middle, device, source.degradation, source.more)
        for source in sources(config)
    ]


def digest_of(datasets: Sequence[Dataset]) -> str:
    return " ".join(each.digest for each in datasets)


def train(config: Config, device: torch.device, budget_minutes: float = math.inf) -> Trainer:
    """Run to the end of the schedule, or for `budget_minutes` of this process, but at least one step."""
    deadline = time.monotonic() + 60 * budget_minutes
    output = Path(config.output)
    output.mkdir(parents=True, exist_ok=True)
    datasets = load_pictures(config, device)
    last = output / "last.pt"
    checkpoint = load_checkpoint(last, device) if last.exists() else None
    trainer = Trainer(config, datasets, device, checkpoint)
    log = Log(output / "log.csv", trainer.step if checkpoint else -1)
    print(
        f"{sum(each.pictures for each in datasets)} pictures, step {trainer.step}, {device}, {trainer.precision}",
        flush=True,
    )
    if trainer.step == 0:
        save_tensors(output / "initial.safetensors", trainer.network.state_dict(), {"scale": str(config.scale)})
        log.add(step="0", minutes="0.00", validation_psnr=f"{trainer.validate():.4f}")

    mark = time.monotonic()
    with tqdm(total=100, unit="%", disable=not sys.stderr.isatty()) as bar:
        stop = trainer.progress >= 1
        while not stop:
            trainer.train_step()
            mark, before = time.monotonic(), mark
            trainer.seconds += trained_seconds(mark - before)
            ended = trainer.progress >= 1
            stop = ended or time.monotonic() >= deadline
            validating = ended or trainer.step % config.validate_every == 0
            if validating or trainer.step % config.log_every == 0:
                loss = float(torch.stack(trainer.losses).mean())
                trainer.losses.clear()
                log.add(
                    step=str(trainer.step),
                    minutes=f"{trainer.seconds / 60:.2f}",
                    learning_rate=f"{trainer.rate:.3e}",
                    loss=f"{loss:.6g}",
                    validation_psnr=f"{trainer.validate():.4f}" if validating else "",
                )
                mark = time.monotonic() if validating else mark
                bar.set_postfix_str(f"step {trainer.step} loss {loss:.5f} best {trainer.best_psnr:.3f} dB")
            bar.update(round(100 * min(trainer.progress, 1.0), 2) - bar.n)
            if stop or validating or trainer.step % config.checkpoint_every == 0:
                save_checkpoint(last, trainer.state())
    print(f"step {trainer.step}, {trainer.seconds / 60:.1f} min, best {trainer.best_psnr:.3f} dB", flush=True)
    return trainer


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--config", type=Path, required=True)
    parser.add_argument("--minutes", type=float, default=math.inf, help="stop this process after so long, resumable")
    parser.add_argument("--output", help="instead of the folder named in the config")
    parser.add_argument("--device", default="cuda" if torch.cuda.is_available() else "cpu")
    arguments = parser.parse_args()
    config = load_config(arguments.config)
    if arguments.output:
        config = dataclasses.replace(config, output=arguments.output)
    train(config, torch.device(arguments.device), arguments.minutes)


if __name__ == "__main__":
    main()
