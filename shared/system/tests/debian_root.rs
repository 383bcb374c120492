//! Programs in the real root: their access to the machine, and their end.

use std::{
    fs,
    io::{BufRead, BufReader, Read, Write},
    net::TcpListener,
    os::unix::process::ExitStatusExt,
    process::{Output, Stdio},
    thread,
};

use system::debian_root::{DebianRoot, Inside};

fn shell(script: &str) -> Inside {
    let root = DebianRoot::get().unwrap_or_else(|error| panic!("{error}"));
    root.command("sh").args(["-c", script])
}

fn output(inside: &Inside) -> Output {
    let mut command = inside.command().unwrap_or_else(|error| panic!("{error}"));
    command.stdin(Stdio::null()).output().expect("bubblewrap starts")
}

fn stdout(inside: &Inside) -> String {
    let output = output(inside);
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{}: {errors}", output.status);
    String::from_utf8(output.stdout).expect("it prints text")
}

#[test]
fn it_is_debian_13_with_rails_7() {
    assert!(stdout(&shell("cat /etc/debian_version")).starts_with("13"));
    let versions = stdout(&shell(
        "ruby -e 'puts RUBY_VERSION' && rails --version && puma --version",
    ));
    assert!(versions.starts_with("3.3."), "{versions}");
    assert!(versions.contains("Rails 7.2."), "{versions}");
}

#[test]
fn it_has_the_environment_it_is_given_and_no_other() {
    let printed = stdout(&shell("env | sort").env("GIVEN", "a value"));
    let names: Vec<&str> = printed.lines().filter_map(|line| line.split('=').next()).collect();
    assert_eq!(names, ["GIVEN", "HOME", "LANG", "PATH", "PWD"], "{printed}");
}

#[test]
fn a_secret_is_in_no_arguments() {
    let command = shell("true").env("SECRET_KEY_BASE", "a-secret").command().unwrap();
    assert!(
        command
            .get_args()
            .all(|argument| !argument.to_string_lossy().contains("a-secret"))
    );
}

#[test]
fn it_has_the_user_and_the_paths_it_is_given() {
    let machine = tempfile::tempdir().unwrap();
    fs::write(machine.path().join("note"), "from the machine").unwrap();
    let given = shell("id -u && cat /etc/given/note && touch /srv/given/made && stat --format=%u /srv/given/made")
        .user(4711)
        .read_at(machine.path(), "/etc/given")
        .write_at(machine.path(), "/srv/given");
    assert_eq!(stdout(&given), "4711\nfrom the machine4711\n");
    assert!(machine.path().join("made").is_file());
}

#[test]
fn it_writes_only_to_writable_mounts() {
    let read = tempfile::tempdir().unwrap();
    let written = tempfile::tempdir().unwrap();
    let (read, written) = (read.path(), written.path());
    fs::write(read.join("file"), "read").unwrap();
    let script = format!(
        "cat {read}/file; echo new > {written}/file; echo no > {read}/other; echo no > /etc/other; echo no > /usr/other; \
         echo yes > /tmp/own; true",
        read = read.display(),
        written = written.display()
    );
    let output = output(&shell(&script).read(read).write(written));
    assert_eq!(String::from_utf8_lossy(&output.stdout), "read");
    let errors = String::from_utf8_lossy(&output.stderr);
    assert_eq!(errors.matches("Read-only file system").count(), 3, "{errors}");
    assert_eq!(fs::read_to_string(written.join("file")).unwrap(), "new\n");
    assert!(!read.join("other").exists());
    assert!(!std::path::Path::new("/tmp/own").exists(), "its /tmp is its own");
}

#[test]
fn a_directory_can_be_mounted_anywhere_and_another_within_it() {
    let outer = tempfile::tempdir_in("/var/tmp").unwrap();
    let inner = outer.path().join("storage");
    fs::create_dir(&inner).unwrap();
    let script = "pwd; echo no > file; echo yes > storage/file; true";
    let inside = shell(script).write(&inner).read(outer.path()).current_dir(outer.path());
    assert_eq!(stdout(&inside).trim(), outer.path().display().to_string());
    assert!(inner.join("file").exists() && !outer.path().join("file").exists());
}

#[test]
fn its_exit_code_is_the_programs() {
    assert_eq!(output(&shell("exit 69")).status.code(), Some(69));
    assert_eq!(output(&shell("kill -9 $$")).status.code(), Some(128 + 9));
}

#[test]
fn it_sees_no_process_but_its_own() {
    let processes = stdout(&shell("for directory in /proc/[0-9]*; do echo $directory; done"));
    assert!(processes.lines().count() <= 3, "{processes}");
}

#[test]
fn it_reaches_this_machine() {
    let listener = TcpListener::bind(("127.0.0.1", 0)).unwrap();
    let address = listener.local_addr().unwrap();
    let server = thread::spawn(move || listener.accept().unwrap().0.write_all(b"hello").unwrap());
    let script = format!(
        "ruby -rsocket -e 'print TCPSocket.new(\"127.0.0.1\", {}).read'",
        address.port()
    );
    assert_eq!(stdout(&shell(&script)), "hello");
    server.join().unwrap();
}

#[test]
fn it_and_all_it_started_end_with_the_thread_that_started_it() {
    let mut command = shell("sleep 1000 & echo started; sleep 1000").command().unwrap();
    // The thread ends after the program has started, because before that it is no parent.
    let starter = thread::spawn(move || {
        let mut child = command.stdout(Stdio::piped()).spawn().unwrap();
        let mut stdout = BufReader::new(child.stdout.take().unwrap());
        let mut line = String::new();
        stdout.read_line(&mut line).unwrap();
        assert_eq!(line, "started\n");
        (child, stdout)
    });
    let (mut child, mut stdout) = starter.join().unwrap();
    // A remaining process would keep the pipe open.
    stdout.read_to_string(&mut String::new()).unwrap();
    assert_eq!(child.wait().unwrap().signal(), Some(9));
}

#[test]
fn a_program_that_is_not_there_is_named() {
    let root = DebianRoot::get().unwrap();
    let output = output(&root.command("no-such-program"));
    assert!(!output.status.success());
    assert!(String::from_utf8_lossy(&output.stderr).contains("no-such-program"));
}
