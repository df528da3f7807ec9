//! The command line of certrecall.

mod cli;

use std::process::ExitCode;

/// Allocator: the scan makes many short strings on two threads.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    cli::main()
}
