//! The jail's helper process on its own: what `troupe jail` is inside the runtime's binary.

use std::process::ExitCode;

fn main() -> ExitCode {
    troupe_tools::jail::main()
}
