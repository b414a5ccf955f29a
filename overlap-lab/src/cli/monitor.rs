//! Progress on the terminal and the wish to stop.

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressState, ProgressStyle};
use overlap_runtime::Monitor;
use std::fmt::Write;
use std::sync::atomic::{AtomicBool, Ordering};

/// Length of a progress bar of work that is not counted.
const PARTS: u64 = 1000;

/// Set by Ctrl-C and by a request to terminate.
pub(super) static INTERRUPT: AtomicBool = AtomicBool::new(false);

/// Lets the first Ctrl-C (or SIGTERM, SIGQUIT) set [`INTERRUPT`] and the second end the program at once. A hang-up sets
/// it too, however often it comes (terminal and shell both send one), except under `nohup`, which has it ignored. Called before long work only: everything else may just be ended.
pub(super) fn listen() {
    static ONCE: std::sync::Once = std::sync::Once::new();
    ONCE.call_once(|| {
        for signal in SIGNALS {
            // Without a handler the signal ends the program, which is what it asks for.
            _ = signal_hook::flag::register_conditional_shutdown(
                signal,
                super::INTERRUPTED.into(),
                &INTERRUPT,
            );
            _ = signal_hook::flag::register(signal, &INTERRUPT);
        }
        #[cfg(unix)]
        if !hang_up_is_ignored() {
            _ = signal_hook::flag::register(signal_hook::consts::SIGHUP, &INTERRUPT);
        }
    });
}

#[cfg(unix)]
const SIGNALS: [i32; 3] =
    [signal_hook::consts::SIGINT, signal_hook::consts::SIGTERM, signal_hook::consts::SIGQUIT];
#[cfg(not(unix))]
const SIGNALS: [i32; 2] = [signal_hook::consts::SIGINT, signal_hook::consts::SIGTERM];

/// As under `nohup`; taken for granted where the system does not tell.
#[cfg(unix)]
fn hang_up_is_ignored() -> bool {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let mask = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
    // Bit n - 1 is signal n, and a hang-up is signal 1.
    mask.and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok()).is_none_or(|mask| mask & 1 != 0)
}

/// A progress bar on standard error, and the interrupt flag.
pub(super) struct Watch<'a> {
    bar: ProgressBar,
    interrupt: &'a AtomicBool,
}

impl<'a> Watch<'a> {
    /// `visible`: draw a bar (indicatif itself stays silent where standard error is no terminal). With `steps` in the
    /// whole work, their rate is shown.
    pub(super) fn new(
        label: &'static str,
        visible: bool,
        steps: Option<u64>,
        interrupt: &'a AtomicBool,
    ) -> Self {
        let target = if visible { ProgressDrawTarget::stderr() } else { ProgressDrawTarget::hidden() };
        let rate = if steps.is_some() { "{rate} " } else { "" };
        let template = format!("{{msg:9}} {{wide_bar}} {{percent:>3}}% {rate}{{elapsed}} (left: {{eta}})");
        let style = ProgressStyle::with_template(&template)
            .unwrap_or_else(|_| ProgressStyle::default_bar())
            .with_key("rate", |state: &ProgressState, text: &mut dyn Write| {
                _ = write!(text, "{:.1e} steps/s", state.per_sec());
            });
        let bar = ProgressBar::with_draw_target(Some(steps.unwrap_or(PARTS).max(1)), target)
            .with_style(style)
            .with_message(label);
        Watch { bar, interrupt }
    }
}

impl Monitor for Watch<'_> {
    fn progress(&self, fraction: f64) {
        let position = (fraction * self.bar.length().unwrap_or(PARTS) as f64) as u64;
        if position != self.bar.position() {
            self.bar.set_position(position);
        }
    }

    fn warning(&self, message: &str) {
        self.bar.suspend(|| {
            // Standard error may be gone, with its terminal.
            _ = std::io::Write::write_fmt(&mut std::io::stderr(), format_args!("warning: {message}\n"));
        });
    }

    fn should_stop(&self) -> bool {
        self.interrupt.load(Ordering::Relaxed)
    }
}

impl Drop for Watch<'_> {
    fn drop(&mut self) {
        self.bar.finish_and_clear();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_flag_asks_to_stop() {
        let flag = AtomicBool::new(false);
        for (steps, half) in [(None, PARTS / 2), (Some(3_000_000), 1_500_000), (Some(0), 0)] {
            let watch = Watch::new("test", false, steps, &flag);
            watch.progress(0.5);
            assert_eq!(watch.bar.position(), half);
        }
        let watch = Watch::new("test", false, None, &flag);
        assert!(!watch.should_stop());
        flag.store(true, Ordering::Relaxed);
        assert!(watch.should_stop());
    }
}
