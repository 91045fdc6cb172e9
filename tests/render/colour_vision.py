"""How colours look to people who lack a kind of cone, and in grey, and how far apart two of them are."""

from __future__ import annotations

import numpy as np

VISIONS = {
    "usual": np.eye(3),
    # Machado, Oliveira and Fernandes (2009), "A Physiologically-based Model for Simulation of Color Vision
    # Deficiency", severity 1.0: of linear RGB.
    "protanopia": np.array(
        [[0.152286, 1.052583, -0.204868], [0.114503, 0.786281, 0.099216], [-0.003882, -0.048116, 1.051998]]
    ),
    "deuteranopia": np.array(
        [[0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413], [-0.011820, 0.042940, 0.968881]]
    ),
    "tritanopia": np.array(
        [[1.255528, -0.076749, -0.178779], [-0.078411, 0.930809, 0.147602], [0.004733, 0.691367, 0.303900]]
    ),
    # IEC 61966-2-1 (sRGB): the luminance.
    "grey": np.array([[0.2126, 0.7152, 0.0722]] * 3),
}

# IEC 61966-2-1: linear sRGB to CIE XYZ, and its white (D65).
_XYZ = np.array([[0.4124, 0.3576, 0.1805], [0.2126, 0.7152, 0.0722], [0.0193, 0.1192, 0.9505]])
_WHITE = np.array([0.9505, 1.0, 1.0890])


def distance(a: str, b: str, *, vision: str) -> float:
    """Give how far apart two colours, as ``#RRGGBB``, look: the CIE 1976 difference in L*a*b*."""
    return float(np.linalg.norm(_lab(a, vision) - _lab(b, vision)))


def _lab(colour: str, vision: str) -> np.ndarray:
    channels = np.array([int(colour[i : i + 2], 16) for i in (1, 3, 5)]) / 255
    linear = np.where(channels <= 0.04045, channels / 12.92, ((channels + 0.055) / 1.055) ** 2.4)
    xyz = _XYZ @ np.clip(VISIONS[vision] @ linear, 0.0, 1.0) / _WHITE
    # CIE 15, 8.2.1.1.
    x, y, z = np.where(xyz > (6 / 29) ** 3, np.cbrt(xyz), xyz * (29 / 6) ** 2 / 3 + 4 / 29)
    return np.array([116 * y - 16, 500 * (x - y), 200 * (y - z)])
