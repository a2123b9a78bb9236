//! The one thread that starts processes. The kernel ends a child whose parent's *thread* ends (`PR_SET_PDEATHSIG`), and a test's
//! thread ends with its test: so this one is started once, and lasts as long as the process.

use std::{
    io,
    process::{Child, Command},
    sync::{
        Mutex, OnceLock,
        mpsc::{Sender, channel},
    },
};

type Order = (Command, Sender<io::Result<Child>>);

/// Starts a program whose life may depend on this process's.
pub(crate) fn spawn(command: Command) -> io::Result<Child> {
    static KEEPER: OnceLock<Mutex<Sender<Order>>> = OnceLock::new();
    let keeper = KEEPER.get_or_init(|| {
        let (orders, received) = channel::<Order>();
        std::thread::spawn(move || {
            for (mut command, answer) in received {
                // Nobody waits any more for what is answered too late; the child is then dropped, and lives until the process ends.
                let _ = answer.send(command.spawn());
            }
        });
        Mutex::new(orders)
    });
    let gone = || io::Error::other("the thread that starts processes has ended");
    let (answer, answered) = channel();
    keeper.lock().map_err(|_| gone())?.send((command, answer)).map_err(|_| gone())?;
    answered.recv().map_err(|_| gone())?
}
