//! Readers of other crates, which may panic on damaged files.

use std::cell::Cell;
use std::panic::{self, AssertUnwindSafe};
use std::sync::Once;

thread_local! {
    /// Whether a panic of this thread is caught and told as an error, so that nothing of it is to be printed.
    static CAUGHT: Cell<bool> = const { Cell::new(false) };
}

/// What `read` answers; a panic in it is an error too. Panics of other threads are reported as ever.
pub(super) fn contained<T>(read: impl FnOnce() -> Result<T, String>) -> Result<T, String> {
    static ONCE: Once = Once::new();
    // The hook cannot be changed while this thread panics: then the report is printed after all.
    if !std::thread::panicking() {
        ONCE.call_once(|| {
            let report = panic::take_hook();
            panic::set_hook(Box::new(move |panic| {
                if !CAUGHT.get() {
                    report(panic);
                }
            }));
        });
    }
    let before = CAUGHT.replace(true);
    let result = panic::catch_unwind(AssertUnwindSafe(read));
    CAUGHT.set(before);
    result.unwrap_or_else(|_| Err("it is damaged".to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn panics_are_errors_of_their_thread() {
        assert_eq!(contained(|| Ok::<_, String>(1)), Ok(1));
        let empty: &[u8] = &[];
        let result = contained(|| Ok(empty[std::hint::black_box(3)]));
        assert_eq!(result, Err("it is damaged".to_owned()));
        assert!(!CAUGHT.get(), "the next panic is reported again");
        assert_eq!(contained(|| contained::<u8>(|| panic!("inner")).or(Ok(2))), Ok(2));
    }
}
