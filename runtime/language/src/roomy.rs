//! Room on the stack for parsers and evaluators that recurse.
//!
//! cel's parser overflows a worker's 2 MiB at forty brackets, and an overflow ends the process. Both languages cap how
//! long a text may be, which bounds how deep they go, and run where that depth fits.

use std::thread;

use crate::LanguageError;

/// Twice what the deepest text that the caps let through took in a debug build. The system gives memory only for pages
/// that are touched, which are few for a text of normal depth.
const STACK_BYTES: usize = 64 * 1024 * 1024;

/// Runs `work` on a thread of its own with a large stack, and waits for it: some thirty microseconds more.
pub(crate) fn run<Answer: Send>(
    work: impl FnOnce() -> Result<Answer, LanguageError> + Send,
) -> Result<Answer, LanguageError> {
    let failed = || LanguageError::new("the text could not be evaluated", "simplify it");
    thread::scope(|scope| {
        let thread = thread::Builder::new().name("language".to_owned()).stack_size(STACK_BYTES);
        let running = thread.spawn_scoped(scope, work).map_err(|_| failed())?;
        running.join().unwrap_or_else(|_| Err(failed()))
    })
}
