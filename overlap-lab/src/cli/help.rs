//! The longer texts of `--help`.

/// Behind the options of the program's `--help`; `NAME` stands for the system.
pub(super) const AFTER: &str = "\
Examples:
  NAME equations --latex > equations.tex
  NAME equations --html > equations.html
  NAME equations --derive
  NAME rhs --problem problem.json
  NAME solve --problem problem.json --until 1e4 --points 200 --log --out ode.csv --figure ode.svg
  NAME simulate --problem problem.json --times 0.1,1,10 --dimension 1000 --replicas 20 --out sgd.csv
  NAME simulate --problem problem.json --times 1,100 --algorithm multi-pass --samples 4000
  NAME compare --problem problem.json --until 10 --points 20 --replicas 10
  NAME compare --problem problem.json --until 10 --points 20 --replicas 20 --dimensions 100,1000,10000 --figure both.svg
  NAME sweep sweep.toml --dry-run
  NAME sweep sweep.toml --out results
  NAME plot results/table.csv --out figure.svg
  NAME rerun results/table.csv
  NAME completions bash > completions.bash
  echo '{\"noise\": 0.001, \"learning_rate\": 8}' | NAME solve --problem - --times 1,10

The problem file is one JSON object. Every field may be left out:
  k, p               numbers of teacher and student units (those of the program)
  activation         of the program, for it to check: \"erf\", \"hermite(3)\", \"relu\", ...
  teacher_activation of the teachers, where it is another
  student_scale      s:  a number, \"mean_field\" = 1/p (default), \"lazy\" = 1/sqrt(p), \"committee\" = 1
  teacher_scale      s*: a number, \"mean_field\" = 1/k (default), \"lazy\" = 1/sqrt(k), \"committee\" = 1
  learning_rate      gamma, of the first layer (default 1)
  second_layer_rate  gamma_a, where the second layer is trained (default gamma)
  noise              Delta, variance of the label noise (default 0)
  learning_rate_schedule: what multiplies gamma and gamma_a in time (default: 1):
                     {\"time\": 10, \"exponent\": 0.5}: the factor (1 + t/10)^-0.5
                     {\"piecewise\": [[0, 1], [100, 0.1]]}: 1 from t = 0, 0.1 from t = 100 on
  noise_schedule     what multiplies Delta in time, likewise
  start_time         time of the initial state (default 0); output times and schedules count from t = 0
  batch              fresh samples a step (default 1)
  P                  teacher overlaps, k rows of k numbers (default: identity)
  a_star, a          second layers of teacher and student, k and p numbers (default: ones)
  M, Q               initial overlaps, k x p and p x p, both or neither; instead of them:
  initial            {\"dimension\": 1000, \"seed\": 0, \"variance\": 1}: of random weights (default)
                     {\"alignment\": 0.1}: student i aligned with teacher i mod k
  Results and remarks (dM, dQ, da, risk, seed, name, comment, description, source) are not read.
  Network f = s sum_i a_i act(w_i.x / sqrt(d)), labels y = s* sum_r a*_r act(w*_r.x / sqrt(d)) + sqrt(Delta) z.

Results go to standard output or --out, everything else to standard error. Ctrl-C, SIGTERM,
SIGQUIT and a lost terminal (SIGHUP) stop cleanly and keep the rows that are done (Ctrl-C twice: at once).

Exit codes: 0 all done; 1 an error (what was done before it is written); 2 a wrong command line; 130 interrupted.";
