//! What the examples share: `--quick`, `--out DIR`, a time budget, figures, and published points.

#![allow(dead_code, unreachable_pub)]

pub mod study;

use overlap::plot::Figure;
use overlap::{Error, Monitor};
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::{Duration, Instant};

/// The command line of an example: `[--quick] [--out DIR]`.
pub struct Options {
    /// A small run that ends within seconds.
    pub quick: bool,
    /// Where CSV files and figures go; it exists.
    pub out: PathBuf,
}

/// Reads the command line, runs the experiment, reports an error on standard error.
pub fn main(name: &str, experiment: impl FnOnce(&Options) -> Result<(), Error>) -> ExitCode {
    let mut options = Options { quick: false, out: PathBuf::from("out").join(name) };
    let mut arguments = std::env::args().skip(1);
    while let Some(argument) = arguments.next() {
        match (argument.as_str(), arguments.len()) {
            ("--quick", _) => options.quick = true,
            ("--out", 1..) => options.out = PathBuf::from(arguments.next().unwrap_or_default()),
            _ => {
                eprintln!("usage: {name} [--quick] [--out DIR]");
                return ExitCode::from(2);
            }
        }
    }
    let run = std::fs::create_dir_all(&options.out)
        .map_err(|source| Error::Io { path: options.out.clone(), action: "make the folder", source })
        .and_then(|()| experiment(&options));
    match run {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    }
}

impl Options {
    /// Writes a figure as `NAME.svg`, `NAME.pdf` and `NAME.png`.
    pub fn draw(&self, name: &str, figure: &Figure) -> Result<(), Error> {
        for format in ["svg", "pdf", "png"] {
            figure.save(self.out.join(format!("{name}.{format}")))?;
        }
        println!("Wrote {name}.svg, {name}.pdf, {name}.png and data to {}", self.out.display());
        Ok(())
    }
}

/// Stops long work once its time is used up; what is done is kept.
pub struct Budget(Instant);

impl Budget {
    /// A budget that starts now.
    pub fn seconds(seconds: u64) -> Self {
        Budget(Instant::now() + Duration::from_secs(seconds))
    }
}

impl Monitor for Budget {
    fn should_stop(&self) -> bool {
        Instant::now() > self.0
    }
}

/// A published curve: `x` and `y` of the rows `series,kind,x,y` with the given series and kind.
pub fn published(csv: &str, series: &str, kind: &str) -> (Vec<f64>, Vec<f64>) {
    csv.lines()
        .filter_map(|line| line.strip_prefix(&format!("{series},{kind},")))
        .filter_map(|row| row.split_once(','))
        .filter_map(|(x, y)| Some((x.parse::<f64>().ok()?, y.parse::<f64>().ok()?)))
        .unzip()
}
