"""The transfer function of Eisenstein and Hu (Astrophysical Journal 496, 605, 1998; arXiv:astro-ph/9709112).

It says by how much fluctuations of matter of wavenumber k grow less than the largest ones do, and so shapes
the linear matter power spectrum. Equation numbers are the paper's. Wavenumbers are in 1/Mpc; the densities of
matter and of baryons are omega_m = Omega_0 h^2 and omega_b = Omega_b h^2; the temperature of the microwave
background is 2.7255 K.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]

_THETA = 2.7255 / 2.7


def transfer_without_wiggles(k: Array, omega_m: float, omega_b: float) -> Array:
    """Equations 26 and 28 to 31: the transfer function without the oscillations of baryons."""
    share = omega_b / omega_m
    horizon = 44.5 * np.log(9.83 / omega_m) / np.sqrt(1 + 10 * omega_b**0.75)
    alpha = 1 - 0.328 * np.log(431 * omega_m) * share + 0.38 * np.log(22.3 * omega_m) * share**2
    shape = omega_m * (alpha + (1 - alpha) / (1 + (0.43 * k * horizon) ** 4))
    q = k * _THETA**2 / shape
    logarithm = np.log(2 * np.e + 1.8 * q)
    return np.asarray(logarithm / (logarithm + (14.2 + 731 / (1 + 62.5 * q)) * q**2))


def transfer(k: Array, omega_m: float, omega_b: float) -> Array:
    """Equations 2 to 24: the transfer function with the oscillations of baryons."""
    share_b, share_c = omega_b / omega_m, 1 - omega_b / omega_m
    z_equal = 2.5e4 * omega_m * _THETA**-4
    k_equal = 7.46e-2 * omega_m * _THETA**-2
    b1 = 0.313 * omega_m**-0.419 * (1 + 0.607 * omega_m**0.674)
    b2 = 0.238 * omega_m**0.223
    z_drag = 1291 * omega_m**0.251 / (1 + 0.659 * omega_m**0.828) * (1 + b1 * omega_b**b2)
    ratio = 31.5 * omega_b * _THETA**-4 * 1e3  # of baryons to photons, times the redshift
    r_drag, r_equal = ratio / z_drag, ratio / z_equal
    horizon = (2 / (3 * k_equal) * np.sqrt(6 / r_equal)) * np.log(
        (np.sqrt(1 + r_drag) + np.sqrt(r_drag + r_equal)) / (1 + np.sqrt(r_equal))
    )
    silk = 1.6 * omega_b**0.52 * omega_m**0.73 * (1 + (10.4 * omega_m) ** -0.95)
    q = k / (13.41 * k_equal)
    cold = _cold(k, q, horizon, omega_m, share_b, share_c)
    alpha = 2.07 * k_equal * horizon * (1 + r_drag) ** -0.75 * _growth((1 + z_equal) / (1 + z_drag))
    beta = 0.5 + share_b + (3 - 2 * share_b) * np.sqrt((17.2 * omega_m) ** 2 + 1)
    node = 8.41 * omega_m**0.435
    phase = k * horizon
    shifted = phase / (1 + (node / phase) ** 3) ** (1 / 3)
    damped = alpha / (1 + (beta / phase) ** 3) * np.exp(-((k / silk) ** 1.4))
    baryons = (_pressureless(q, 1.0, 1.0) / (1 + (phase / 5.2) ** 2) + damped) * np.sinc(shifted / np.pi)
    return np.asarray(share_b * baryons + share_c * cold)


def power_spectrum(
    k: Array, transfer_of_k: Array, sigma_8: float = 0.8, h: float = 0.68, tilt: float = 0.965
) -> Array:
    """The linear matter power spectrum, in Mpc^3, with fluctuations sigma_8 in spheres of 8 Mpc/h.

    Args:
        k: Wavenumbers that rise evenly in their logarithm over those that matter, shape (n,).
        transfer_of_k: The transfer function there, shape (n,).
        sigma_8: Standard deviation of the density in such spheres.
        h: Hubble's constant in 100 km/s/Mpc.
        tilt: Spectral index of the first fluctuations.
    """
    shape = k**tilt * transfer_of_k**2
    radius = 8 / h
    window = 3 * (np.sin(k * radius) - k * radius * np.cos(k * radius)) / (k * radius) ** 3
    variance = np.trapezoid(shape * window**2 * k**3 / (2 * np.pi**2), np.log(k))
    return np.asarray(shape * sigma_8**2 / variance)


def _cold(k: Array, q: Array, horizon: float, omega_m: float, share_b: float, share_c: float) -> Array:
    """Equations 9 to 12 and 17 to 20: cold dark matter."""
    a1 = (46.9 * omega_m) ** 0.670 * (1 + (32.1 * omega_m) ** -0.532)
    a2 = (12.0 * omega_m) ** 0.424 * (1 + (45.0 * omega_m) ** -0.582)
    alpha = a1**-share_b * a2 ** -(share_b**3)
    b1 = 0.944 / (1 + (458 * omega_m) ** -0.708)
    b2 = (0.395 * omega_m) ** -0.0266
    beta = 1 / (1 + b1 * (share_c**b2 - 1))
    weight = 1 / (1 + (k * horizon / 5.4) ** 4)
    return np.asarray(weight * _pressureless(q, 1.0, beta) + (1 - weight) * _pressureless(q, alpha, beta))


def _pressureless(q: Array, alpha: float, beta: float) -> Array:
    """Equations 10, 19 and 20."""
    logarithm = np.log(np.e + 1.8 * beta * q)
    return np.asarray(logarithm / (logarithm + (14.2 / alpha + 386 / (1 + 69.9 * q**1.08)) * q**2))


def _growth(y: float) -> float:
    """Equation 15."""
    root = np.sqrt(1 + y)
    return float(y * (-6 * root + (2 + 3 * y) * np.log((root + 1) / (root - 1))))
