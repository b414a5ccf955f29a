//! What `overlap_system!` expands to, formatted, or one of the texts about the system:
//!
//! ```sh
//! cargo run -p overlap-codegen --example expand -- 'k = 2, p = 2, act = erf'
//! cargo run -p overlap-codegen --example expand -- 'k = 2, p = 2, act = erf' latex
//! ```

use overlap_codegen::expand_for_reading;
use std::process::ExitCode;

fn main() -> ExitCode {
    match run(&std::env::args().skip(1).collect::<Vec<_>>()) {
        Ok(text) => {
            print!("{text}");
            ExitCode::SUCCESS
        }
        Err(message) => {
            eprintln!("error: {message}");
            ExitCode::FAILURE
        }
    }
}

fn run(arguments: &[String]) -> Result<String, String> {
    let usage = || "expand 'k = 2, p = 2, act = erf' [code|text|ascii|latex|html|derivation]".to_owned();
    let (options, form) = match arguments {
        [options] => (options, "code"),
        [options, form] => (options, form.as_str()),
        _ => return Err(usage()),
    };
    let input = options.parse().map_err(|error| format!("{options}: {error}"))?;
    let (description, code) = expand_for_reading(input)
        .map_err(|errors| errors.into_iter().map(|error| error.to_string()).collect::<Vec<_>>().join("\n"))?;
    Ok(match form {
        "code" => prettyplease::unparse(&syn::parse2(code).map_err(|error| error.to_string())?),
        "text" => description.text,
        "ascii" => description.ascii,
        "latex" => description.latex,
        "html" => description.html,
        "derivation" => description.derivation,
        _ => return Err(usage()),
    })
}
