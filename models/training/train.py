"""Train SSIU: `python -m training.train --config models/training/config/x2.toml`.

The same command goes on from the last checkpoint in the output folder, whether the run before it ended or was killed.
"""

import argparse
import csv
import dataclasses
import math
import sys
import time
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn
from torch.optim import AdamW
from tqdm import tqdm

from training.checkpoint import (
    git_commit,
    load_checkpoint,
    random_state,
    restore_random_state,
    save_checkpoint,
    save_tensors,
    write_atomically,
)
from training.config import Config, load_config, parse_config
from training.data import MARGIN, Dataset, PatchSampler, load_dataset, unchanged
from training.degrade import degrade_for_web
from training.metrics import luma, psnr, shaved, to_bytes
from training.network import SSIU
from training.weights import body_of, read_state

DEGRADATIONS = {"none": unchanged, "web": degrade_for_web}
LOG_FIELDS = ("step", "minutes", "learning_rate", "loss", "validation_psnr")


def loss_of(output: Tensor, target: Tensor, fft_weight: float) -> Tensor:
    """L1, and L1 of the real and imaginary parts of the spectrum."""
    difference = output - target
    spectrum = torch.view_as_real(torch.fft.rfft2(difference))
    return difference.abs().mean() + fft_weight * spectrum.abs().mean()


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
        values.append(psnr(a, b))
    return sum(values) / len(values)


class Trainer:
    """One run: its state, and how it is stored and restored."""

    def __init__(self, config: Config, dataset: Dataset, device: torch.device) -> None:
        torch.manual_seed(config.seed)
        layout = torch.channels_last if config.channels_last else torch.contiguous_format
        self.config, self.dataset, self.device, self.layout = config, dataset, device, layout
        self.network = SSIU(config.scale).to(device, memory_format=layout)
        if config.initial:
            self.start_from(Path(config.initial))
        self.average = SSIU(config.scale).to(device, memory_format=layout)
        self.average.load_state_dict(self.network.state_dict())
        self.forward = torch.compile(self.network) if config.compile else self.network
        self.optimizer = AdamW(
            self.network.parameters(),
            lr=config.learning_rate,
            betas=(config.beta1, config.beta2),
            weight_decay=config.weight_decay,
            fused=True,
        )
        self.generator = torch.Generator().manual_seed(config.seed)
        self.sampler = PatchSampler(
            dataset.high, dataset.low, config.scale, config.patch, self.generator, DEGRADATIONS[config.degradation]
        )
        self.step = 0
        self.seconds = 0.0  # spent in training, over all processes of this run
        self.best_psnr = -math.inf

    def start_from(self, path: Path) -> None:
        """All parameters of the same scale; of another scale all but the tail, which stays as initialised."""
        given, own = read_state(path), self.network.state_dict()
        same_scale = given.keys() == own.keys() and all(given[name].shape == own[name].shape for name in own)
        self.network.load_state_dict(given if same_scale else own | body_of(given), strict=True)

    @property
    def progress(self) -> float:
        if self.config.steps:
            return self.step / self.config.steps
        return self.seconds / (60 * self.config.minutes)

    def train_step(self) -> Tensor:
        """One update; the loss as a tensor, so that nothing waits for the device."""
        config = self.config
        rate = learning_rate_at(self.progress, self.step, config)
        for group in self.optimizer.param_groups:
            group["lr"] = rate
        low, high = self.sampler.sample(config.batch)
        low = low.contiguous(memory_format=self.layout)
        with torch.autocast(self.device.type, torch.bfloat16, enabled=config.precision == "bf16"):
            output = self.forward(low)
        loss = loss_of(output.float(), high, config.fft_weight)
        self.optimizer.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(self.network.parameters(), config.gradient_clip)
        self.optimizer.step()
        self.update_average()
        self.step += 1
        return loss.detach()

    @torch.no_grad()
    def update_average(self) -> None:
        # A young average would remember the weights it began with for too long.
        decay = min(self.config.ema_decay, (1 + self.step) / (10 + self.step))
        torch._foreach_lerp_(list(self.average.parameters()), list(self.network.parameters()), 1 - decay)

    def state(self) -> dict[str, Any]:
        return {
            "network": self.network.state_dict(),
            "average": self.average.state_dict(),
            "optimizer": self.optimizer.state_dict(),
            "generator": self.generator.get_state(),
            "random": random_state(),
            "step": self.step,
            "seconds": self.seconds,
            "best_psnr": self.best_psnr,
            "config": dataclasses.asdict(self.config),
            "commit": git_commit(),
            "dataset": self.dataset.digest,
        }

    def restore(self, checkpoint: dict[str, Any]) -> None:
        then = {"config": parse_config(checkpoint["config"]), "dataset": checkpoint["dataset"]}
        for name, now in (("config", self.config), ("dataset", self.dataset.digest)):
            if then[name] != now:
                raise ValueError(f"Expected the {name} of the checkpoint, got another; use an empty output folder")
        self.network.load_state_dict(checkpoint["network"])
        self.average.load_state_dict(checkpoint["average"])
        self.optimizer.load_state_dict(checkpoint["optimizer"])
        self.generator.set_state(checkpoint["generator"].cpu())
        restore_random_state(checkpoint["random"])
        self.step, self.seconds = checkpoint["step"], checkpoint["seconds"]
        self.best_psnr = checkpoint["best_psnr"]

    def metadata(self, validation: float) -> dict[str, str]:
        return {
            "scale": str(self.config.scale),
            "steps": str(self.step),
            "hours": f"{self.seconds / 3600:.3f}",
            "batch": f"{self.config.batch}x{self.config.patch}x{self.config.patch}",
            "initial": self.config.initial,
            "seed": str(self.config.seed),
            "data": self.config.data,
            "dataset_sha256": self.dataset.digest,
            "commit": git_commit(),
            "validation_psnr": f"{validation:.4f}",
        }


def read_log(path: Path, last_step: int) -> list[list[str]]:
    """The rows up to a step: those after it belong to work that a kill undid."""
    if not path.exists():
        return []
    with path.open(newline="") as file:
        return [row for row in list(csv.reader(file))[1:] if int(row[0]) <= last_step]


def write_log(path: Path, rows: list[list[str]]) -> None:
    lines = [",".join(row) for row in ([*LOG_FIELDS], *rows)]
    write_atomically(path, ("\n".join(lines) + "\n").encode())


def train(config: Config, device: torch.device, budget_minutes: float = math.inf) -> Trainer:
    """Run to the end of the schedule, or for `budget_minutes` of this process."""
    deadline = time.monotonic() + 60 * budget_minutes
    output = Path(config.output)
    output.mkdir(parents=True, exist_ok=True)
    dataset = load_dataset(
        Path(config.data),
        config.scale,
        config.scale * (config.patch + 2 * MARGIN),
        config.validation_images,
        config.validation_side,
        device,
        DEGRADATIONS[config.degradation],
    )
    trainer = Trainer(config, dataset, device)
    last, log = output / "last.pt", output / "log.csv"
    if last.exists():
        trainer.restore(load_checkpoint(last, device))
    rows = read_log(log, trainer.step)
    write_log(log, rows)
    print(f"{dataset.pictures} pictures, step {trainer.step}, {device}", flush=True)

    def validate() -> str:
        score = validation_psnr(trainer.average, dataset.validation, config.scale)
        if score > trainer.best_psnr:
            trainer.best_psnr = score
            save_tensors(output / "best.safetensors", trainer.average.state_dict(), trainer.metadata(score))
        return f"{score:.4f}"

    def store() -> None:
        save_checkpoint(last, trainer.state())

    if trainer.step == 0:
        rows.append(["0", "0.00", "", "", validate()])
        write_log(log, rows)
    losses: list[Tensor] = []
    ended = trainer.progress >= 1
    with tqdm(total=100, unit="%", disable=not sys.stderr.isatty()) as bar:
        while not ended:
            began = time.monotonic()
            losses.append(trainer.train_step())
            due = trainer.step % config.log_every == 0
            loss = float(torch.stack(losses).mean()) if due else None
            trainer.seconds += time.monotonic() - began
            ended = trainer.progress >= 1
            stop = ended or time.monotonic() >= deadline
            validating = ended or trainer.step % config.validate_every == 0
            if due or validating:
                loss = float(torch.stack(losses).mean()) if loss is None else loss
                losses.clear()
                score = validate() if validating else ""
                rate = trainer.optimizer.param_groups[0]["lr"]
                minutes = f"{trainer.seconds / 60:.2f}"
                rows.append([str(trainer.step), minutes, f"{rate:.3e}", f"{loss:.6f}", score])
                write_log(log, rows)
                bar.set_postfix_str(f"step {trainer.step} loss {loss:.5f} best {trainer.best_psnr:.3f} dB")
            bar.update(round(100 * min(trainer.progress, 1.0), 2) - bar.n)
            if stop or trainer.step % config.checkpoint_every == 0:
                store()
            if stop:
                break
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
