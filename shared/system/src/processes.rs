//! Processes that must not outlive the program that started them.

use std::process::Command;

/// Makes Linux kill a process when the thread that started it ends, however that came. Other systems can't do that.
///
/// The calling thread has to live as long as the process.
pub fn end_with_this_process(command: &mut Command) {
    #[cfg(target_os = "linux")]
    {
        use std::io;
        use std::os::unix::process::CommandExt;

        use rustix::process::{Signal, getpid, getppid, set_parent_process_death_signal};

        let parent = getpid();
        // SAFETY: between fork and exec there are no more than system calls, which take no lock and no memory.
        unsafe {
            command.pre_exec(move || {
                set_parent_process_death_signal(Some(Signal::KILL))?;
                // The parent may have ended before the system call.
                if getppid() == Some(parent) {
                    Ok(())
                } else {
                    Err(io::ErrorKind::BrokenPipe.into())
                }
            });
        }
    }
    #[cfg(not(target_os = "linux"))]
    let _ = command;
}
