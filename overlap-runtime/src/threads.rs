//! The threads that share work.

use crate::Error;
use std::error::Error as _;
use std::sync::OnceLock;

/// More threads than this help no machine.
const MOST: usize = 1024;

/// Number of threads of the current `rayon` pool, its threads started where they were not yet: `RAYON_NUM_THREADS`, or one
/// a core, at most 1024.
///
/// # Errors
/// [`Error::Invalid`] where the system refuses to start them.
pub fn threads() -> Result<usize, Error> {
    static REFUSED: OnceLock<Option<String>> = OnceLock::new();
    if rayon::current_thread_index().is_none() {
        let asked = std::env::var("RAYON_NUM_THREADS").ok().and_then(|text| text.parse().ok()).unwrap_or(0);
        let start = || {
            let started = rayon::ThreadPoolBuilder::new().num_threads(MOST.min(asked)).build_global();
            // That they have been started before is no refusal: it has no source.
            started.err().and_then(|error| error.source().map(ToString::to_string))
        };
        if let Some(reason) = REFUSED.get_or_init(start) {
            let found = if asked > 0 { asked.to_string() } else { "one a core".to_owned() };
            return Err(Error::invalid(
                "threads",
                found,
                format!("a number the system can start ({reason})"),
            ));
        }
    }
    Ok(rayon::current_num_threads())
}
