//! The program's name, colours, and mistakes of a command line in the words of everything else.

use clap::Error;
use clap::error::{ContextKind, ContextValue, ErrorKind};
use std::error::Error as _;
use std::ffi::OsString;
use std::path::Path;

/// How the program was called, for examples that can be copied; of a long path the name only.
pub(super) fn program(argument: Option<&OsString>, system: &str) -> String {
    let path = argument.map(Path::new).filter(|path| path.file_name().is_some());
    let Some(path) = path else { return system.to_owned() };
    let short = if path.is_absolute() { Path::new(path.file_name().unwrap_or_default()) } else { path };
    short.to_string_lossy().into_owned()
}

/// Whether the user wants colours: <https://no-color.org>.
pub(super) fn coloured(variable: impl Fn(&str) -> Option<OsString>) -> bool {
    variable("NO_COLOR").is_none_or(|value| value.is_empty())
        && variable("TERM").is_none_or(|value| value != "dumb")
}

/// `--replicas = 0, but it must be a whole number of at least 1`, for values and for flags that are missing.
pub(super) fn told(error: &Error) -> Option<String> {
    let text = |kind| match error.get(kind) {
        Some(ContextValue::String(text)) => Some(text.as_str()),
        _ => None,
    };
    let list = |kind| match error.get(kind) {
        Some(ContextValue::Strings(list)) if !list.is_empty() => Some(list),
        _ => None,
    };
    let bound = match error.kind() {
        ErrorKind::ValueValidation => error.source()?.to_string(),
        ErrorKind::InvalidValue => format!("one of {}", list(ContextKind::ValidValue)?.join(", ")),
        ErrorKind::MissingRequiredArgument => {
            let flags = list(ContextKind::InvalidArg)?.iter().map(|flag| match flag.as_str() {
                flag if flag.starts_with("--times") => {
                    "the output times, --times T,T,... or --until T".to_owned()
                }
                flag => flag.to_owned(),
            });
            return Some(format!("missing: {}", flags.collect::<Vec<_>>().join("; ")));
        }
        _ => return None,
    };
    let flag = text(ContextKind::InvalidArg)?.split(' ').next()?;
    let value = text(ContextKind::InvalidValue)?.trim();
    let value = if value.is_empty() { "\"\"" } else { value };
    Some(format!("{flag} = {value}, but it must be {bound}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn programs_are_called_as_they_were() {
        for (argument, name) in [
            (Some("emulate"), "emulate"),
            (Some("target/release/emulate"), "target/release/emulate"),
            (Some("/usr/local/bin/emulate"), "emulate"),
            (Some(""), "ErfK4P8"),
            (None, "ErfK4P8"),
        ] {
            assert_eq!(program(argument.map(OsString::from).as_ref(), "ErfK4P8"), name);
        }
    }

    #[test]
    fn no_color_is_honoured() {
        for (variables, wanted) in [
            (&[][..], true),
            (&[("NO_COLOR", "1")], false),
            (&[("NO_COLOR", "")], true),
            (&[("TERM", "dumb")], false),
            (&[("TERM", "xterm")], true),
        ] {
            let found = coloured(|name| {
                variables.iter().find(|(known, _)| *known == name).map(|(_, value)| value.into())
            });
            assert_eq!(found, wanted, "{variables:?}");
        }
    }
}
