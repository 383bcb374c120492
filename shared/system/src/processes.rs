//! What the standard library does not do with programs and processes.

use std::path::Path;
use std::process::Command;
use std::{fs, io};

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

/// The command line of `runner`, followed by that of `command`, with `command`'s environment and directory: for programs
/// such as `setpriv`, which change something and then run another program. Other settings of `command`, such as its pipes,
/// are not taken over.
pub fn run_by(mut runner: Command, command: &Command) -> Command {
    runner.arg(command.get_program()).args(command.get_args());
    for (name, value) in command.get_envs() {
        match value {
            Some(value) => runner.env(name, value),
            None => runner.env_remove(name),
        };
    }
    if let Some(directory) = command.get_current_dir() {
        runner.current_dir(directory);
    }
    runner
}

/// A figure of a process's memory in bytes, by its name in proc_pid_status(5), for example `VmRSS`. `None` if the process has
/// ended, or if this is no Linux.
pub fn memory(process: u32, name: &str) -> Option<u64> {
    let status = fs::read_to_string(format!("/proc/{process}/status")).ok()?;
    let line = status
        .lines()
        .find_map(|line| line.strip_prefix(name)?.strip_prefix(':'));
    let kilobytes: u64 = line?.trim().strip_suffix(" kB")?.parse().ok()?;
    Some(kilobytes * 1024)
}

/// Copies a program that is run at once, by another process.
///
/// If this process copied it, a process that another thread starts meanwhile would have the copy open for writing until it
/// runs its own program, and until then the copy can't be run (`ETXTBSY`).
///
/// # Errors
///
/// If `cp` can't be started, or fails.
pub fn copy_program(from: &Path, to: &Path) -> io::Result<()> {
    let status = Command::new("cp").arg(from).arg(to).status()?;
    match status.success() {
        true => Ok(()),
        false => Err(io::Error::other(format!("cp ended with {status}"))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_runner_gets_the_command_with_its_environment_and_its_directory() {
        let mut command = Command::new("sh");
        command.args(["-c", "echo $0 $ADDED ${HOME-none}; pwd", "name"]);
        command.env("ADDED", "value").env_remove("HOME").current_dir("/");
        let output = run_by(Command::new("env"), &command).output().unwrap();
        assert_eq!(String::from_utf8(output.stdout).unwrap(), "name value none\n/\n");
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn the_memory_of_a_process_is_known_while_it_runs() {
        let here = std::process::id();
        let (now, most) = (memory(here, "VmRSS").unwrap(), memory(here, "VmHWM").unwrap());
        assert!((1..1 << 40).contains(&now) && most % 1024 == 0 && most > 0);
        assert_eq!(memory(here, "Vm"), None);
        assert_eq!(memory(u32::MAX, "VmRSS"), None);
    }

    #[test]
    fn a_copied_program_can_be_run() {
        let directory = tempfile::tempdir().unwrap();
        let copy = directory.path().join("copy");
        copy_program(&which::which("true").unwrap(), &copy).unwrap();
        assert!(Command::new(&copy).status().unwrap().success());
        assert!(copy_program(&directory.path().join("no-such-program"), &copy).is_err());
    }
}
