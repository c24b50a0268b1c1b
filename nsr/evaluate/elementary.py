"""Exponential, logarithm, sine and cosine of whole blocks, written so that the compiler vectorises them.

The C library's functions take one number at a time; these loops hold no branch and no call, so several
numbers go through at once. Arguments are reduced as in Cody and Waite (1980), the polynomials are
Chebyshev fits computed with mpmath's `chebyfit` to 40 digits, and the arithmetic is float64 whatever
the type of the block. Results are within 2 units in the last place of float64.
"""

from __future__ import annotations

import numpy as np

from nsr.kernels import kernel

# Adding and subtracting 1.5 * 2^52 rounds to a whole number, which the low bits of the sum then hold.
_ROUNDER = 1.5 * 2.0**52
_ROUNDER_BITS = int(np.float64(_ROUNDER).view(np.int64))
# ln 2 and pi / 2 in parts, each but the last with enough zero bits for exact products.
_LN2_HIGH, _LN2_LOW = 0.6931471805582987, 1.6465949582897082e-12
_HALF_PI = (1.5707963267341256, 6.077100506303966e-11, 2.0222662487959506e-21)
# Beyond this the reduction by parts of pi / 2 loses digits, and the C library takes over.
_LARGEST_ANGLE = 1e5
_SQRT_HALF_BITS = int(np.float64(np.sqrt(0.5)).view(np.int64))


@kernel
def exp_block(a, out, n):
    """Sets out[:n] to the exponential of a[:n]."""
    for j in range(n):
        x = float(a[j])
        x = -746.0 if x < -746.0 else x
        x = 710.0 if x > 710.0 else x
        rounded = x * 1.4426950408889634 + _ROUNDER
        k = rounded - _ROUNDER
        r = x - k * _LN2_HIGH
        r = r - k * _LN2_LOW
        q = 2.5100375832561234e-08
        q = q * r + 2.7620075879983367e-07
        q = q * r + 2.7557268480310024e-06
        q = q * r + 2.4801521322368692e-05
        q = q * r + 0.00019841269863040545
        q = q * r + 0.0013888888917196719
        q = q * r + 0.008333333333330065
        q = q * r + 0.041666666666624164
        q = q * r + 0.16666666666666669
        q = q * r + 0.5
        v = 1.0 + (r + r * r * q)
        # Two factors, since 2^k itself may be out of range where the result is not.
        whole = np.float64(rounded).view(np.int64) - _ROUNDER_BITS
        half = whole >> 1
        v = v * np.int64((half + 1023) << 52).view(np.float64)
        out[j] = v * np.int64((whole - half + 1023) << 52).view(np.float64)


@kernel
def log_block(a, out, n):
    """Sets out[:n] to the natural logarithm of a[:n]; NaN below zero."""
    for j in range(n):
        x = float(a[j])
        small = x < 2.2250738585072014e-308
        bits = np.float64(x * 18014398509481984.0 if small else x).view(np.int64)
        whole = (bits - _SQRT_HALF_BITS) >> 52
        m = np.int64(bits - (whole << 52)).view(np.float64)
        k = np.float64(whole) - (54.0 if small else 0.0)
        f = m - 1.0
        s = f / (2.0 + f)
        z = s * s
        q = 0.14616449685043406
        q = q * z + 0.15331721600556042
        q = q * z + 0.18182889125261723
        q = q * z + 0.2222221113479508
        q = q * z + 0.28571428625975487
        q = q * z + 0.39999999999899505
        q = q * z + 0.666666666666667
        # log(1 + f) = f - f^2/2 + s (f^2/2 + q z) keeps the leading term exact.
        h = 0.5 * f * f
        v = k * _LN2_HIGH - ((h - (s * (h + q * z) + k * _LN2_LOW)) - f)
        outside = -np.inf if x == 0.0 else np.nan
        outside = x if x > 0.0 else outside
        inside = (x > 0.0) & (x < np.inf)
        out[j] = v if inside else outside


@kernel(inner=True)
def _is_reducible(a, n):
    """Whether every angle is small enough (NaN and infinity are not)."""
    count = 0
    for j in range(n):
        count += abs(a[j]) < _LARGEST_ANGLE
    return count == n


@kernel
def sin_block(a, out, n, quarters):
    """Sets out[:n] to sin(a[:n] + quarters * pi / 2): the sine with 0 quarters, the cosine with 1."""
    if not _is_reducible(a, n):
        for j in range(n):
            out[j] = np.sin(a[j]) if quarters == 0 else np.cos(a[j])
        return
    for j in range(n):
        x = float(a[j])
        rounded = x * 0.6366197723675814 + _ROUNDER
        k = rounded - _ROUNDER
        r = x - k * _HALF_PI[0]
        r = r - k * _HALF_PI[1]
        r = r - k * _HALF_PI[2]
        z = r * r
        p = 1.5918129294866608e-10
        p = p * z - 2.5051131845003624e-08
        p = p * z + 2.755731610255244e-06
        p = p * z - 0.00019841269836758574
        p = p * z + 0.008333333333330948
        p = p * z - 0.16666666666666666
        sine = r + r * z * p
        q = -1.1382632425521717e-11
        q = q * z + 2.08761462684032e-09
        q = q * z - 2.7557317271729793e-07
        q = q * z + 2.480158729876569e-05
        q = q * z - 0.0013888888888887398
        q = q * z + 0.041666666666666664
        h = 0.5 * z
        w = 1.0 - h
        cosine = w + ((1.0 - w) - h + z * z * q)
        quadrant = np.float64(rounded).view(np.int64) + quarters
        v = cosine if quadrant & 1 else sine
        out[j] = -v if quadrant & 2 else v
