//! The general program: every command for the system that `--system` declares.

fn main() -> std::process::ExitCode {
    overlap::cli::run_declared()
}
