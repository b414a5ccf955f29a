

def _one(omega, k_apart):
    """Which nodes have one direction: up to 1e-5 in angle, up to 3e-4 where a third one is as near."""
    variances = xp.diagonal(omega)[:, None] * xp.diagonal(omega)
    kinds = np.arange(N) < k_apart
    may_be = (omega > 0.0) & (kinds[:, None] == kinds) & ~np.eye(N, dtype=bool)
    rest = variances - omega * omega
    near = may_be & (rest <= 1e-7 * variances)
    count = near.astype(float)
    return np.eye(N, dtype=bool) | (may_be & (rest <= 1e-10 * variances)) | (near & (count @ count > 0.5))


def _directions(one, j, l, n, m):
    """Numbers of the first directions that l, n and m have among those of j, l, n, m."""
    of_l = xp.where(one[l, j], 0, 1) + 0 * n
    of_n = xp.where(one[n, j], 0, xp.where(one[n, l], of_l, of_l + 1))
    of_m = xp.where(one[m, n], of_n, xp.maximum(of_l, of_n) + 1)
    return of_l, of_n, xp.where(one[m, j], 0, xp.where(one[m, l], of_l, of_m))


def _overlaps(omega, holds):
    """q(a, b), of nodes that differ anything sound where the form does not hold: no derivative of what is not taken is infinite."""

    def q(a, b):
        return xp.where(holds, omega[a, b], 1.0 if a is b else 0.0)

    return q
