//! A whole command-line program in one line of `main`:
//!
//! ```sh
//! cargo run --release --example committee_cli -- equations
//! cargo run --release --example committee_cli -- solve --problem examples/data/committee.json --until 1000 --points 20 --log
//! cargo run --release --example committee_cli -- compare --problem examples/data/committee.json --until 10 --points 10 --replicas 8
//! ```

overlap::overlap_system!(k = 4, p = 8, act = erf);

fn main() -> std::process::ExitCode {
    overlap::cli::run(ErfK4P8)
}
