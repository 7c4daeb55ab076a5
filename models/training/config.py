"""The settings of one training run, read from TOML."""

import dataclasses
import tomllib
from pathlib import Path
from typing import Any, Literal, get_args


@dataclasses.dataclass(frozen=True)
class Config:
    """Fields without a default must be in the file; lengths are in pixels of the low-resolution picture."""

    scale: int
    data: str | list[str]  # a folder of pictures or in the DF2K layout; of several, the first gives those held out
    output: str  # folder for checkpoints, log and exported weights
    patch: int
    batch: int
    initial: str = ""  # weights of this scale to start from
    body: str = ""  # weights of any scale to take all but the tail from
    steps: int = 0  # length of the run; exactly one of steps and minutes is positive
    minutes: float = 0.0  # length in minutes spent in training, which the schedule then follows
    seed: int = 1
    optimizer: Literal["adamw", "muon"] = "adamw"
    learning_rate: float = 1e-3
    final_learning_rate: float = 1e-6
    warmup_steps: int = 0
    beta1: float = 0.9
    beta2: float = 0.99
    weight_decay: float = 1e-4
    fft_weight: float = 0.01
    luma_weight: float = 0.0  # share of the luma alone in the loss, 0 to 1
    rms_weight: float = 0.0  # share of each patch's root mean square error (its PSNR) in the loss, 0 to 1
    gradient_clip: float = 0.5  # largest norm of the gradient
    ema_decay: float = 0.999
    drawn: str = ""  # a folder of drawings at X1, X2 and X{scale}, see scripts/draw-pairs.ts
    drawn_share: float = 0.0  # share of the patches, 0 to 1, from X1 with the truth from X{scale}
    shrunk_share: float = 0.0  # share of the patches, 0 to 1, shrunk from X2 by a random kernel
    degradation: Literal["none", "web"] = "none"  # of the low-resolution patches, see degrade.py
    precision: Literal["fp32", "bf16"] = "fp32"
    channels_last: bool = False
    compile: bool = False
    validation_images: int = 16
    validation_side: int = 96
    validate_every: int = 1000
    checkpoint_every: int = 1000
    log_every: int = 100

    @property
    def folders(self) -> list[str]:
        return self.data if isinstance(self.data, list) else [self.data]

    def __post_init__(self) -> None:
        named = bool(self.folders) and all(isinstance(folder, str) and folder for folder in self.folders)
        check(named, "a folder or a list of them", "data", self.data)
        check(self.scale in (2, 3, 4), "2, 3 or 4", "scale", self.scale)
        check((self.steps > 0) != (self.minutes > 0), "exactly one of steps and minutes", "length", self.steps)
        for name in ("optimizer", "degradation", "precision"):
            choices = get_args(Config.__annotations__[name])
            check(getattr(self, name) in choices, " or ".join(choices), name, getattr(self, name))
        for name in ("beta1", "beta2", "luma_weight", "rms_weight", "ema_decay", "drawn_share", "shrunk_share"):
            check(0 <= getattr(self, name) <= 1, "0 to 1", name, getattr(self, name))
        shares = self.drawn_share + self.shrunk_share
        check(shares < 1, "less than 1 in all", "drawn_share and shrunk_share", shares)
        given = bool(self.drawn) == (shares > 0)
        check(given, "a folder and one of drawn_share and shrunk_share, or neither,", "drawn", self.drawn)
        counts = ("patch", "batch", "validate_every", "checkpoint_every", "log_every", "validation_images")
        for name in (*counts, "learning_rate", "gradient_clip"):
            check(getattr(self, name) > 0, "a positive number", name, getattr(self, name))
        for name in ("steps", "minutes", "warmup_steps", "final_learning_rate", "weight_decay", "fft_weight"):
            check(getattr(self, name) >= 0, "0 or more", name, getattr(self, name))
        # One pixel at each border is not scored.
        check(self.validation_side >= 3, "3 or more", "validation_side", self.validation_side)


def check(valid: bool, expected: str, name: str, value: object) -> None:
    if not valid:
        raise ValueError(f"Expected {expected} for {name}, got {value!r:.80}")


def parse_config(table: dict[str, Any]) -> Config:
    """Settings from a TOML file or a checkpoint; raises ValueError for unknown or missing keys and wrong types."""
    fields = {field.name: field for field in dataclasses.fields(Config)}
    unknown = sorted(table.keys() - fields.keys())
    check(not unknown, f"one of {', '.join(fields)}", "key", ", ".join(unknown))
    missing = sorted(name for name, f in fields.items() if f.default is dataclasses.MISSING and name not in table)
    check(not missing, "a value", ", ".join(missing), None)
    for name, value in table.items():
        kind = fields[name].type
        if isinstance(kind, type):
            numeric = kind is float and type(value) is int
            check(type(value) is kind or numeric, f"a {kind.__name__}", name, value)
    return Config(**table)


def load_config(path: Path) -> Config:
    try:
        return parse_config(tomllib.loads(path.read_text()))
    except ValueError as error:  # TOMLDecodeError is one, too
        raise ValueError(f"{path}: {error}") from error
