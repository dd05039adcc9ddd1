//! Standard output for people and pipes: colours only where somebody sees them, and a reader that
//! has gone away (`posthorn … | head`) ends the program quietly.

use std::fmt::Display;
use std::io::{ErrorKind, IsTerminal, Write};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicBool, Ordering};

static COLOURS: OnceLock<bool> = OnceLock::new();

/// Says once, at the start, that there are to be no colours (`NO_COLOR`, see no-color.org).
pub(crate) fn no_colours() {
    let _set_before = COLOURS.set(false);
}

fn colours() -> bool {
    *COLOURS.get_or_init(|| std::io::stdout().is_terminal())
}

/// Writes a line.
pub(crate) fn say(line: impl Display) {
    write(format_args!("{line}\n"));
}

static GOES_ON: AtomicBool = AtomicBool::new(false);

/// Says once, at the start, that the program has more to do than to be read: a server, or a proof.
pub(crate) fn go_on_unread() {
    GOES_ON.store(true, Ordering::Relaxed);
}

/// Writes a text as it is.
pub(crate) fn write(text: impl Display) {
    let mut out = std::io::stdout().lock();
    let Err(error) = write!(out, "{text}").and_then(|()| out.flush()) else { return };
    if GOES_ON.load(Ordering::Relaxed) {
        return;
    }
    // The reader is gone: there is nobody left to tell.
    if error.kind() == ErrorKind::BrokenPipe {
        std::process::exit(0);
    }
    complain(&anyhow::Error::new(error).context("the output cannot be written"));
    std::process::exit(1);
}

/// How a piece of text stands out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Ink {
    /// What matters most on the screen.
    Bold,
    /// What may be passed over.
    Dim,
    /// It went well.
    Good,
    /// It went wrong.
    Bad,
    /// It waits, or wants attention.
    Wait,
    /// A name or a place.
    Name,
}

impl Ink {
    fn code(self) -> &'static str {
        match self {
            Self::Bold => "1",
            Self::Dim => "2",
            Self::Good => "32",
            Self::Bad => "31",
            Self::Wait => "33",
            Self::Name => "36",
        }
    }
}

/// A text in an ink, if there are colours.
pub(crate) fn ink(ink: Ink, text: impl Display) -> String {
    if colours() { format!("\x1b[{}m{text}\x1b[0m", ink.code()) } else { text.to_string() }
}

/// Writes a line beside the output: to standard error.
pub(crate) fn remark(line: impl Display) {
    let _nobody_listens = writeln!(std::io::stderr(), "{line}");
}

/// Writes an error and what caused it to standard error.
pub(crate) fn complain(error: &anyhow::Error) {
    let colours = colours() && std::io::stderr().is_terminal();
    let word = if colours { "\x1b[31merror\x1b[0m" } else { "error" };
    let mut text = format!("{word}: {error}");
    for cause in error.chain().skip(1) {
        let cause = cause.to_string();
        if !text.contains(&cause) {
            text = format!("{text}: {cause}");
        }
    }
    let _nobody_listens = writeln!(std::io::stderr(), "{text}");
}
