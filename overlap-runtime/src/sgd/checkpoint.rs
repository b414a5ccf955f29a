//! Long simulations in a file: saved now and then, continued bit for bit.
//!
//! A file is a line that says what it is, the identity of the simulation as text, and words of 64 bits (little endian): the
//! number of bytes of the text before it, after it the number of words, the words, and their checksum.

use super::normals::Normals;
use super::options::SimulateOptions;
use super::setting::Setting;
use crate::{Error, Problem, write_atomically};
use std::io::Read;
use std::path::Path;

/// First line of every checkpoint; the number is the version of the format and of the streams.
const TITLE: &[u8] = b"overlap simulation checkpoint 3\n";

/// Everything that changes in a simulation passes through here, in one order for saving and restoring.
pub(super) trait Visit {
    fn word(&mut self, word: &mut u64);

    fn numbers(&mut self, numbers: &mut [f64]) {
        for number in numbers {
            let mut word = number.to_bits();
            self.word(&mut word);
            *number = f64::from_bits(word);
        }
    }

    fn count(&mut self, count: &mut usize) {
        let mut word = *count as u64;
        self.word(&mut word);
        *count = usize::try_from(word).unwrap_or(usize::MAX);
    }

    fn normals(&mut self, normals: &mut Normals) {
        let mut words = normals.words();
        for word in &mut words {
            self.word(word);
        }
        *normals = Normals::from_words(&words);
    }
}

/// Saves.
#[derive(Default)]
pub(super) struct Saver(Vec<u64>);

impl Visit for Saver {
    fn word(&mut self, word: &mut u64) {
        self.0.push(*word);
    }
}

/// Restores. Past the end it leaves everything as it is and takes note.
pub(super) struct Restorer {
    words: std::vec::IntoIter<u64>,
    short: bool,
}

impl Visit for Restorer {
    fn word(&mut self, word: &mut u64) {
        match self.words.next() {
            Some(saved) => *word = saved,
            None => self.short = true,
        }
    }
}

impl Restorer {
    /// Whether exactly what was saved was asked for.
    pub(super) fn is_complete(&self) -> bool {
        !self.short && self.words.len() == 0
    }

    /// Words left: a bound for lengths that are read.
    pub(super) fn left(&self) -> usize {
        self.words.len()
    }
}

/// All that determines the numbers of a simulation, a line for each quantity.
pub(super) fn identity(
    system: &str,
    setting: &Setting,
    problem: &Problem,
    times: &[f64],
    options: &SimulateOptions,
) -> String {
    let start = (problem.initial(), problem.m().as_slice(), problem.q().as_slice());
    let lines: [(&str, &dyn std::fmt::Debug); 13] = [
        ("instruction_set", &crate::lanes::Level::current().name()),
        ("system", &system),
        ("shape", &setting.shape),
        ("activation", &setting.activation),
        ("parameters", &setting.parameters),
        ("schedules", &setting.schedules),
        ("initial", &start),
        ("dimension", &setting.dimension),
        ("simulator", &options.simulator_for(problem)),
        ("algorithm", &(options.algorithm, options.precision)),
        ("replicas", &(options.replicas, options.extent())),
        ("seed", &options.seed),
        ("times", &times),
    ];
    lines.iter().map(|(name, value)| format!("{name} = {value:?}\n")).collect()
}

/// Fowler, Noll and Vo's hash, word by word.
fn checksum(words: &[u64]) -> u64 {
    words.iter().fold(0xcbf2_9ce4_8422_2325, |sum, word| {
        (sum ^ word).wrapping_mul(0x0000_0100_0000_01b3).rotate_left(29)
    })
}

/// Writes a checkpoint, whole or not at all.
pub(super) fn write(path: &Path, identity: &str, saver: &Saver) -> Result<(), Error> {
    write_atomically(path, |file| {
        let words = &saver.0;
        let mut put = |bytes: &[u8]| file.write_all(bytes).map_err(Error::io(path, "write"));
        put(TITLE)?;
        put(&(identity.len() as u64).to_le_bytes())?;
        put(identity.as_bytes())?;
        put(&(words.len() as u64).to_le_bytes())?;
        let mut bytes = Vec::with_capacity(1 << 16);
        for words in words.chunks(1 << 13) {
            bytes.clear();
            words.iter().for_each(|word| bytes.extend(word.to_le_bytes()));
            put(&bytes)?;
        }
        put(&checksum(words).to_le_bytes())
    })
}

/// Reads the checkpoint at `path`, or `None` where there is none.
///
/// # Errors
/// [`Error::File`] where the file is none, is damaged, or belongs to another simulation; [`Error::Io`].
pub(super) fn read(path: &Path, identity: &str) -> Result<Option<Restorer>, Error> {
    // A device is written to, not continued from.
    if std::fs::metadata(path).is_ok_and(|about| !about.is_file()) {
        return Ok(None);
    }
    let mut bytes = Vec::new();
    match std::fs::File::open(path).and_then(|mut file| file.read_to_end(&mut bytes)) {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
        result => result.map_err(Error::io(path, "read"))?,
    };
    let fail = |message: String| Error::File { path: path.to_owned(), message };
    let Some(rest) = bytes.strip_prefix(TITLE) else {
        let message = "it is no checkpoint of this version of overlap; it stays as it is";
        return Err(fail(message.to_owned()));
    };
    let damaged = || fail("the checkpoint is incomplete or damaged; it stays as it is".to_owned());
    let (length, rest) = rest.split_first_chunk::<8>().ok_or_else(damaged)?;
    let length = usize::try_from(u64::from_le_bytes(*length)).map_err(|_| damaged())?;
    let (found, rest) = rest.split_at_checked(length).ok_or_else(damaged)?;
    let (words, ends) = rest.as_chunks::<8>();
    let words: Vec<u64> = words.iter().map(|word| u64::from_le_bytes(*word)).collect();
    let [count, words @ .., sum] = &words[..] else { return Err(damaged()) };
    if !ends.is_empty() || *count != words.len() as u64 || *sum != checksum(words) {
        return Err(damaged());
    }
    let found = String::from_utf8_lossy(found);
    if found != identity {
        let other = found.lines().zip(identity.lines()).find(|(found, own)| found != own);
        let short = |line: &str| line.chars().take(100).collect::<String>();
        let (found, own) = other.map_or(Default::default(), |(found, own)| (short(found), short(own)));
        if own.starts_with("instruction_set") {
            let message = format!(
                "the checkpoint was written with {found}, this is {own}: numbers would differ by rounding; set \
                 OVERLAP_SIMD to go on with the other (it stays as it is)"
            );
            return Err(fail(message));
        }
        let message = format!(
            "the checkpoint is of another simulation: it has {found}, this one {own}; it stays as it is"
        );
        return Err(fail(message));
    }
    let words = words.to_vec();
    Ok(Some(Restorer { words: words.into_iter(), short: false }))
}
