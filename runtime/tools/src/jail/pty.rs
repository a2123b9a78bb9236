//! The terminal that a command sees: 80 columns, 24 rows (S1-90).

use std::io;
use std::os::fd::OwnedFd;

use rustix::pty::{OpenptFlags, grantpt, ioctl_tiocgptpeer, openpt, unlockpt};
use rustix::termios::{LocalModes, OptionalActions, Winsize, tcgetattr, tcsetattr, tcsetwinsize};

/// Rows of the terminal.
pub(crate) const ROWS: u16 = 24;
/// Columns of the terminal.
pub(crate) const COLUMNS: u16 = 80;

/// How many ends of input wait for the command: nobody types, so each program that reads finds an end at once instead of
/// waiting for the time limit. One is used up by each read; the line discipline holds 4096 bytes.
const ENDS: [u8; 1024] = [0x04; 1024];

/// The two sides of a terminal.
pub(super) struct Terminal {
    /// Ours: what the command writes is read here.
    pub(super) ours: OwnedFd,
    /// The command's.
    pub(super) theirs: OwnedFd,
}

/// Opens a terminal of its own for one command.
pub(super) fn open() -> io::Result<Terminal> {
    let flags = OpenptFlags::RDWR | OpenptFlags::NOCTTY | OpenptFlags::CLOEXEC;
    let ours = openpt(flags)?;
    grantpt(&ours)?;
    unlockpt(&ours)?;
    let theirs = ioctl_tiocgptpeer(&ours, flags)?;
    tcsetwinsize(&theirs, Winsize { ws_row: ROWS, ws_col: COLUMNS, ws_xpixel: 0, ws_ypixel: 0 })?;
    let mut modes = tcgetattr(&theirs)?;
    // What is not typed is not shown.
    modes.local_modes -= LocalModes::ECHO;
    tcsetattr(&theirs, OptionalActions::Now, &modes)?;
    rustix::io::write(&ours, &ENDS)?;
    Ok(Terminal { ours, theirs })
}
