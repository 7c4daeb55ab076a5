"""Writes metrics.fixture.json: PSNR and SSIM of small patterns, computed by the definitions, pixel by pixel.

Run: python metrics_fixture.py > metrics.fixture.json   (needs numpy)
"""

import json

import numpy as np

# Each 8-bit RGB pattern is value(x, y, c) = (x * p[0] + y * p[1] + c * p[2] + x * y * p[3] + p[4]) mod p[5].
CASES = [
    {"name": "gradients", "scale": 2, "width": 24, "height": 19, "truth": [3, 5, 40, 0, 7, 256], "result": [3, 5, 41, 0, 9, 256]},
    {"name": "textures", "scale": 3, "width": 31, "height": 27, "truth": [7, 13, 50, 1, 0, 256], "result": [7, 13, 50, 1, 3, 251]},
    {"name": "unrelated", "scale": 4, "width": 20, "height": 23, "truth": [29, 3, 11, 5, 1, 256], "result": [2, 31, 7, 3, 90, 199]},
    {"name": "one window", "scale": 4, "width": 19, "height": 19, "truth": [11, 17, 3, 2, 5, 256], "result": [11, 17, 3, 2, 0, 256]},
]


def pattern(width: int, height: int, p: list[int]) -> np.ndarray:
    """[H, W, 3], uint8 range as float64."""
    y, x, c = np.mgrid[:height, :width, :3]
    return ((x * p[0] + y * p[1] + c * p[2] + x * y * p[3] + p[4]) % p[5]).astype(np.float64)


def luma(rgb: np.ndarray) -> np.ndarray:
    """Y of BT.601, 16..235."""
    return 16 + (65.481 * rgb[..., 0] + 128.553 * rgb[..., 1] + 24.966 * rgb[..., 2]) / 255


def ssim(a: np.ndarray, b: np.ndarray) -> float:
    """Wang et al. 2004, eq. 13-16, over every 11x11 window that lies inside; (co)variances centred, not by moments."""
    offsets = np.arange(11) - 5
    weights = np.exp(-(offsets[:, None] ** 2 + offsets[None, :] ** 2) / (2 * 1.5**2))
    weights /= weights.sum()
    c1, c2 = (0.01 * 255) ** 2, (0.03 * 255) ** 2
    values = []
    for i in range(a.shape[0] - 10):
        for j in range(a.shape[1] - 10):
            p, q = a[i : i + 11, j : j + 11], b[i : i + 11, j : j + 11]
            mu_p, mu_q = (weights * p).sum(), (weights * q).sum()
            var_p = (weights * (p - mu_p) ** 2).sum()
            var_q = (weights * (q - mu_q) ** 2).sum()
            cov = (weights * (p - mu_p) * (q - mu_q)).sum()
            values.append((2 * mu_p * mu_q + c1) * (2 * cov + c2) / ((mu_p**2 + mu_q**2 + c1) * (var_p + var_q + c2)))
    return float(np.mean(values))


def measured(case: dict) -> dict:
    s = case["scale"]
    size = case["width"], case["height"]
    truth = luma(pattern(*size, case["truth"]))[s:-s, s:-s]
    result = luma(pattern(*size, case["result"]))[s:-s, s:-s]
    psnr = 10 * np.log10(255**2 / np.mean((result - truth) ** 2))
    return {**case, "psnr": float(psnr), "ssim": ssim(result, truth)}


print(
    json.dumps(
        {
            "source": "metrics_fixture.py: shave = scale, Y of BT.601 (16..235) in float64, PSNR of peak 255, "
            "SSIM of Wang et al. 2004, eq. 13-16, Gaussian 11x11 of sigma 1.5, K1 = 0.01, K2 = 0.03",
            "pattern": "value(x, y, c) = (x * p[0] + y * p[1] + c * p[2] + x * y * p[3] + p[4]) mod p[5], c = 0, 1, 2 for R, G, B",
            "cases": [measured(case) for case in CASES],
        },
        indent=2,
    )
)
