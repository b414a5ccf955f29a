"""Times peers on the reference problem of tests/data/reference and prints ratios to a declared system.

Usage: python3 benches/peers/peers.py [--case solve_general_k4_p8] [--until 1000]

Needs NumPy; uses SciPy, JAX with diffrax, and heyoka where they are installed (`pip install scipy jax diffrax heyoka`).
The figures of `overlap` come from `cargo bench --bench solves` and `--bench ratios` on the same machine: pass them with
--rhs-ns and --solve-us to get ratios. Every peer computes the equations of the same convention and is first checked
against the 40-digit right-hand side of the case's size, where there is one.
"""

import argparse
import json
import pathlib
import time

import numpy as np

REFERENCE = pathlib.Path(__file__).resolve().parents[2] / "tests/data/reference"
RTOL, ATOL = 1e-8, 1e-10


def layout(case):
    k, p = case["k"], case["p"]
    return k, p, np.triu_indices(p)


def equations(case, xp):
    """The right-hand side as a function of the flat state, vectorised over pairs of students and nodes."""
    k, p, upper = layout(case)
    n = k + p
    gamma, s, noise, batch = case["learning_rate"], case["student_scale"], case["noise"], case["batch"]
    teacher = xp.asarray(np.array(case["P"], dtype=float))
    a = np.array(case["a"], dtype=float)
    c = xp.asarray(np.concatenate([case["teacher_scale"] * np.array(case["a_star"], dtype=float), -s * a]))
    rate = xp.asarray(gamma * s * a)
    index = np.zeros((p, p), dtype=int)
    index[upper] = np.arange(len(upper[0]))
    index = np.maximum(index, index.T)
    first, second = upper

    def right_hand_side(_time, state):
        m = state[: k * p].reshape(k, p)
        q = state[k * p :][index]
        omega = xp.concatenate(
            [xp.concatenate([teacher, m], axis=1), xp.concatenate([m.T, q], axis=1)], axis=0
        )
        one = 1.0 + xp.diagonal(omega)
        students, rows = one[k:], omega[k:]
        # Gradient flow: I3 with Λ3, summed over nodes.
        weight = (2 / np.pi) * c / xp.sqrt(students[:, None] * one - rows**2)
        own = -(weight * rows).sum(axis=1) / students
        flow = weight @ omega + own[:, None] * rows
        d_m = (rate[:, None] * flow[:, :k]).T
        along = rate[:, None] * flow[:, k:]
        # Noise: tilted by the pair of students j ≤ l.
        u = rows[first] / xp.sqrt(students[first])[:, None]
        u_l = u[np.arange(len(first)), k + second]
        root = xp.sqrt(students[second] - u_l**2)
        v = (rows[second] - u_l[:, None] * u) / root[:, None]
        r = 1 / xp.sqrt(one - u**2 - v**2)
        tilted = omega - u[:, :, None] * u[:, None, :] - v[:, :, None] * v[:, None, :]
        angles = xp.arcsin(tilted * r[:, :, None] * r[:, None, :])
        bracket = (2 / np.pi) * ((angles @ c) @ c) + noise
        mass = (2 / np.pi) / (xp.sqrt(students[first]) * root)
        d_q = (along + along.T)[first, second] + rate[first] * rate[second] / batch * mass * bracket
        return xp.concatenate([d_m.reshape(-1), d_q])

    initial = np.concatenate([np.array(case["M"], dtype=float).reshape(-1), np.array(case["Q"], dtype=float)[upper]])
    return right_hand_side, initial, n


def best(run, seconds=2.0):
    """Minimum and median seconds of `run`, repeated for a while after one warm-up."""
    run()
    times, start = [], time.perf_counter()
    while time.perf_counter() - start < seconds or len(times) < 3:
        begin = time.perf_counter()
        run()
        times.append(time.perf_counter() - begin)
    return min(times), sorted(times)[len(times) // 2]


def check(case_name):
    """The vectorised equations against 40 digits."""
    case = json.loads((REFERENCE / case_name).read_text())
    right_hand_side, state, _ = equations(case, np)
    k, p, upper = layout(case)
    found = right_hand_side(0.0, state)
    expected = np.concatenate([np.array(case["dM"], dtype=float).reshape(-1), np.array(case["dQ"], dtype=float)[upper]])
    deviation = np.abs(found - expected).max() / np.abs(expected).max()
    assert deviation < 1e-12, f"the peers' equations are wrong by {deviation}"
    print(f"equations checked against {case_name}: {deviation:.1e}")


def report(name, quantity, times, ours):
    ratio = f", {times[1] / ours:.1f} x overlap" if ours else ""
    print(f"{name:<24} {quantity}: min {times[0] * 1e6:.1f} us, median {times[1] * 1e6:.1f} us{ratio}")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--case", default="solve_general_k4_p8")
    parser.add_argument("--until", type=float, default=1000.0)
    parser.add_argument("--rhs-ns", type=float, help="nanoseconds of overlap's right-hand side")
    parser.add_argument("--solve-us", type=float, help="microseconds of overlap's solve")
    arguments = parser.parse_args()
    rhs_ours = arguments.rhs_ns and arguments.rhs_ns * 1e-9
    solve_ours = arguments.solve_us and arguments.solve_us * 1e-6
    check("rhs_k4_p8_mean.json")
    case = json.loads((REFERENCE / f"{arguments.case}.json").read_text())
    right_hand_side, initial, _ = equations(case, np)
    times = np.geomspace(0.1, arguments.until, 50)
    report("NumPy", "right-hand side", best(lambda: right_hand_side(0.0, initial)), rhs_ours)

    try:
        from scipy.integrate import solve_ivp
    except ImportError:
        print("SciPy is not installed")
    else:
        for method in ["RK45", "DOP853", "LSODA"]:
            run = lambda: solve_ivp(  # noqa: E731
                right_hand_side, (0, arguments.until), initial, method=method, t_eval=times, rtol=RTOL, atol=ATOL
            )
            report(f"SciPy {method}", "solve", best(run), solve_ours)

    try:
        import jax
        import diffrax
    except ImportError:
        print("JAX with diffrax is not installed")
    else:
        jax.config.update("jax_enable_x64", True)
        function, _, _ = equations(case, jax.numpy)
        compiled = jax.jit(lambda state: function(0.0, state))
        state = jax.numpy.asarray(initial)
        report("JAX", "right-hand side", best(lambda: compiled(state).block_until_ready()), rhs_ours)
        term = diffrax.ODETerm(lambda time, state, _: function(time, state))

        @jax.jit
        def solve(state):
            return diffrax.diffeqsolve(
                term,
                diffrax.Dopri8(),
                0.0,
                arguments.until,
                1e-3,
                state,
                saveat=diffrax.SaveAt(ts=jax.numpy.asarray(times)),
                stepsize_controller=diffrax.PIDController(rtol=RTOL, atol=ATOL),
                max_steps=100_000,
            ).ys

        report("JAX diffrax Dopri8", "solve", best(lambda: solve(state).block_until_ready()), solve_ours)

    try:
        import heyoka
    except ImportError:
        print("heyoka is not installed")
    else:
        symbols = heyoka.make_vars(*[f"x{i}" for i in range(len(initial))])
        derivatives = symbolic(case, heyoka, symbols)
        begin = time.perf_counter()
        integrator = heyoka.taylor_adaptive(
            list(zip(symbols, derivatives)), initial, tol=RTOL, compact_mode=True
        )
        print(f"heyoka (compact mode)    compiled in {time.perf_counter() - begin:.1f} s")

        def run():
            integrator.time = 0.0
            integrator.state[:] = initial
            integrator.propagate_grid(np.concatenate([[0.0], times]))

        report("heyoka", "solve", best(run), solve_ours)


def symbolic(case, heyoka, symbols):
    """The same equations as heyoka expressions."""
    k, p, upper = layout(case)
    n = k + p
    gamma, s, noise, batch = case["learning_rate"], case["student_scale"], case["noise"], case["batch"]
    a = case["a"]
    c = [case["teacher_scale"] * x for x in case["a_star"]] + [-s * x for x in a]
    q = [[None] * n for _ in range(n)]
    for r in range(k):
        for o in range(k):
            q[r][o] = heyoka.expression(float(case["P"][r][o]))
        for i in range(p):
            q[r][k + i] = q[k + i][r] = symbols[r * p + i]
    for at, (i, j) in enumerate(zip(*upper)):
        q[k + i][k + j] = q[k + j][k + i] = symbols[k * p + at]
    root = lambda x: heyoka.sqrt(x)  # noqa: E731

    def flow(i, b):
        terms = []
        for m in range(n):
            lambda3 = (1.0 + q[i][i]) * (1.0 + q[m][m]) - q[i][m] * q[i][m]
            terms.append(
                (2 / np.pi) * c[m] * (q[b][m] * (1.0 + q[i][i]) - q[i][b] * q[i][m]) / ((1.0 + q[i][i]) * root(lambda3))
            )
        return gamma * s * a[i - k] * heyoka.sum(terms)

    def noise_of(j, l):
        root_j = 1.0 / root(1.0 + q[j][j])
        u = [q[j][m] * root_j for m in range(n)]
        root_l = 1.0 / root(1.0 + q[l][l] - u[l] * u[l])
        v = [(q[l][m] - u[l] * u[m]) * root_l for m in range(n)]
        r = [1.0 / root(1.0 + q[m][m] - u[m] * u[m] - v[m] * v[m]) for m in range(n)]
        terms = []
        for m in range(n):
            for o in range(m + 1):
                times = 1.0 if m == o else 2.0
                sine = r[m] * r[o] * (q[m][o] - u[m] * u[o] - v[m] * v[o])
                terms.append(times * c[m] * c[o] * heyoka.asin(sine))
        bracket = (2 / np.pi) * heyoka.sum(terms) + noise
        return gamma**2 * s**2 * a[j - k] * a[l - k] / batch * (2 / np.pi) * root_j * root_l * bracket

    result = [flow(k + i, r) for r in range(k) for i in range(p)]
    for i, j in zip(*upper):
        result.append(flow(k + i, k + j) + flow(k + j, k + i) + noise_of(k + i, k + j))
    return result


if __name__ == "__main__":
    main()
