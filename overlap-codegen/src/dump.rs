//! Generated code on request: with `OVERLAP_EXPAND=FOLDER` in the environment of the compiler, every expansion is written
//! there as it is made.

use overlap_engine::describe::Description;
use proc_macro2::TokenStream;
use std::io::Write;
use std::path::Path;
use std::process::{Command, Stdio};

/// Where expansions are written, if it is set.
pub(crate) const VARIABLE: &str = "OVERLAP_EXPAND";

/// Writes `NAME.rs`, formatted, and the texts it includes.
pub(crate) fn write(
    folder: &Path,
    name: &str,
    description: &Description,
    code: &TokenStream,
) -> Result<(), String> {
    let failed =
        |path: &Path, error: std::io::Error| format!("{VARIABLE}: cannot write {}: {error}", path.display());
    std::fs::create_dir_all(folder).map_err(|error| failed(folder, error))?;
    let code = formatted(&code.to_string());
    let code = (format!("{name}.rs"), code.as_str());
    for (file, text) in description.files(name).into_iter().chain([code]) {
        let path = folder.join(file);
        std::fs::write(&path, text).map_err(|error| failed(&path, error))?;
    }
    Ok(())
}

/// By rustfmt, which comes with the compiler; where it does not, the code stays as it is.
fn formatted(code: &str) -> String {
    let run = || -> std::io::Result<Option<String>> {
        let mut child = Command::new("rustfmt")
            .args(["--edition", "2024", "--config", "max_width=110"])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()?;
        // rustfmt reads all of its input before it writes.
        child.stdin.take().map_or(Ok(()), |mut input| input.write_all(code.as_bytes()))?;
        let output = child.wait_with_output()?;
        Ok(output.status.success().then(|| String::from_utf8_lossy(&output.stdout).into_owned()))
    };
    run().ok().flatten().unwrap_or_else(|| code.to_owned())
}
