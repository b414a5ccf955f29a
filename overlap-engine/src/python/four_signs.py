

def _four_signs(a12, a13, a14, a23, a24, a34):
    """E[sign sign sign sign] of four Gaussian fields of variance 1 with these correlations: Plackett's reduction (Biometrika 41,
    351, 1954), by double exponential quadrature over u = sin(phi)."""
    a12, a13, a14, a23, a24, a34 = xp.broadcast_arrays(a12, a13, a14, a23, a24, a34)
    choices = [(a12, a13, a14, a23, a24, a34), (a13, a12, a14, a23, a34, a24), (a14, a12, a13, a24, a34, a23)]
    # The pairs that are kept are those whose fields are most alike.
    left = [xp.max(xp.abs(xp.stack(choice[1:5])), axis=0) for choice in choices]
    first = (left[0] <= left[1]) & (left[0] <= left[2])
    second = ~first & (left[1] <= left[2])
    r12, r13, r14, r23, r24, r34 = (
        xp.where(first, one, xp.where(second, two, three)) for one, two, three in zip(*choices)
    )
    sign12, sign34 = xp.where(r12 < 0.0, -1.0, 1.0), xp.where(r34 < 0.0, -1.0, 1.0)
    apart12, apart34 = 1.0 - xp.abs(r12), 1.0 - xp.abs(r34)
    ki, lj = -sign12 * apart12, -sign34 * apart34
    t = 0.1 * (np.arange(64) + 0.5 - 32.0)
    power = np.exp(np.pi * np.sinh(t))
    psi = 0.5 * np.pi / (1.0 + power)
    weight = 0.05 * np.pi**2 * np.cosh(t) * power / (1.0 + power) ** 2
    # Nodes of the quadrature come first.
    u, rest, weight = (x.reshape((64,) + (1,) * r12.ndim) for x in (np.cos(psi), np.sin(psi), weight))
    total = 0.0
    for rho, xj, iy, xy in [(r13, r23, r14, r24), (r14, r24, r13, r23), (r23, r13, r24, r14), (r24, r14, r23, r13)]:
        r, kj, li = u * rho, u * (xj - sign12 * rho), u * (iy - sign34 * rho)
        kl = u * ((xy - sign12 * iy) - sign34 * (xj - sign12 * rho))
        determinant = rest * rest + u * u * ((1.0 - rho) * (1.0 + rho))
        of_k = 2.0 * apart12 * determinant - (ki * ki + kj * kj - 2.0 * r * ki * kj)
        of_l = 2.0 * apart34 * determinant - (li * li + lj * lj - 2.0 * r * li * lj)
        both = kl * determinant - (ki * li + kj * lj - r * (ki * lj + kj * li))
        # A variance below 1e-15 is rounding; up to twice that it is faded in.
        known = [xp.clip(x * 1e15 - 1.0, 0.0, 1.0) for x in (of_k, of_l)]
        root = xp.sqrt(xp.maximum(of_k, 1e-15)) * xp.sqrt(xp.maximum(of_l, 1e-15))
        angle = _asin(known[0] * known[1] * both / root)
        total = total + (weight * rho * rest / xp.sqrt(xp.maximum(determinant, 1e-300)) * angle).sum(0)
    return (2.0 / np.pi) ** 2 * (_asin(r12) * _asin(r34) + total)
