import numpy as np
import numpy as xp  # under JAX: import jax.numpy as xp


def _positions():
    """Where Q[i, j] stands in a state."""
    positions = np.zeros((P, P), dtype=int)
    positions[np.triu_indices(P)] = K * P + np.arange(P * (P + 1) // 2)
    return np.maximum(positions, positions.T)


_Q = _positions()
# Nodes are counted through, teachers first; pairs of students j <= l in the order of the state.
_I = np.arange(K, N)
_J, _L = np.triu_indices(P)
_J, _L = _J + K, _L + K


def _scale(scale, units):
    """An output scale: a number, or a word of problem files."""
    words = {"mean_field": 1.0 / units, "lazy": units**-0.5, "committee": 1.0}
    return words[scale] if isinstance(scale, str) else scale


def _nodes(state, parameters):
    """All overlaps (N, N), the second layer (N; 0 for teachers) and c (N): s* a* of teachers, -s a of students."""
    state = xp.asarray(state, dtype=float)
    p_rs = xp.asarray(parameters["P"], dtype=float).reshape(K, K)
    m, q = state[: K * P].reshape(K, P), state[_Q]
    omega = xp.concatenate([xp.concatenate([p_rs, m], axis=1), xp.concatenate([m.T, q], axis=1)], axis=0)
    a = state[DIMENSION - P :] if TRAINED else xp.asarray(parameters["a"], dtype=float)
    a_star = xp.asarray(parameters["a_star"], dtype=float)
    teachers = _scale(parameters["teacher_scale"], K) * a_star
    c = xp.concatenate([teachers, -_scale(parameters["student_scale"], P) * a])
    return omega, xp.concatenate([0.0 * a_star, a]), c


def _pairs(first_n, end_n, first_m, end_m, symmetric):
    """Nodes n and m of all pairs (pairs, 1), and how often each counts: m <= n, and twice unless they are one."""
    n, m = (x.reshape(-1, 1) for x in np.meshgrid(np.arange(first_n, end_n), np.arange(first_m, end_m), indexing="ij"))
    if not symmetric:
        return n, m, np.ones(n.shape)
    below = m[:, 0] <= n[:, 0]
    n, m = n[below], m[below]
    return n, m, np.where(m < n, 2.0, 1.0)
