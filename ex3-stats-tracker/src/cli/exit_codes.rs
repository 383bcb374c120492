//! The exit codes, for the `--help` of each command, in lines of at most 80 columns.

/// The exit code of a collection is that of Rails' task: the list in `rails/README.md` is the same.
#[cfg(feature = "tracker")]
pub(super) const UP: &str = "\
Exit codes; a collection's are those of --once:
    0  every package was read, or without --once: it was asked to end
   64  the command line, DATABASE_URL, HTTPS_PROXY or certificates, a name that
       nothing on GitHub can have, or the storage has another source's figures
   65  the collection finished, and something was not read: the next one asks
       again; or nobody on GitHub has that name; or the database's file is none
   66  there is no such database
   69  the collection was stopped, or may not go on yet, or the database stayed
       away: the next start goes on with it;
       or a port is in use, or there is no Wasm target or no Rails
   70  a bug
   71  the system allows no threads or no signals
   73  the directory for the figures, or for code, can't be written to,
       or that for the figures is open to other users
   74  the answer can't be written
   75  another collection of this organisation, or into the same SQLite file, is
       running
  130  Ctrl-C before there was an answer, or a second one

What can't be read is a failure with its kind, never counted as 0.
Without a collection no table is printed.";

/// `measure` does not repeat a collection. Its exit codes tell the caller whether a repetition may help.
#[cfg(feature = "tracker")]
pub(super) const MEASURE: &str = "\
Exit codes:
    0  every package was read
   64  the command line, HTTPS_PROXY or certificates, or a name that nothing
       on GitHub can have
   65  trying again will not help: a page's markup changed, a package is gone,
       no such organisation or user, or one without container packages
   69  trying again later may be enough: no network, a rate limit, an outage;
       or there is no Wasm target
   70  a bug
   71  the system allows no threads or no signals
   73  the directory for code can't be written to
   74  the answer can't be written
  130  Ctrl-C before there was an answer; nothing is printed then

What can't be read is a failure with its kind, never counted as 0.
Without a list of packages nothing is printed.";

#[cfg(feature = "tracker")]
pub(super) const EXPORT: &str = "\
Exit codes:
    0  all files are written
   64  the command line, DATABASE_URL or STATS_TRACKER_DASHBOARD_URL (the public
       address, for snippets and feeds), or the directory has other files
   65  the database's file is none
   66  nothing is stored
   69  the database stayed away, the disk is full, or there is no Rails
   70  a bug
   71  the system allows no threads or no signals
   73  the directory can't be made
  130  Ctrl-C; the directory is as before";

pub(super) const SERVE: &str = "\
Exit codes:
    0  it was asked to end
   64  the command line, HTTPS_PROXY or certificates
   65  the application is none that this program can run
   66  a file can't be read
   69  the port is in use, there is too little memory, or no Wasm target
   70  a bug
   71  the system allows no threads or no signals
   73  the directory for code can't be written to
  130  a second Ctrl-C";

#[cfg(feature = "tracker")]
pub(super) const COMPILE: &str = "\
Exit codes:
    0  the code is in the directory
   64  the command line
   65  the application is none that this program can run
   66  a file can't be read
   69  there is too little memory, or no Wasm target
   70  a bug
   71  the system allows no threads or no signals
   73  the directory for the code can't be written to";

#[cfg(all(test, feature = "tracker"))]
mod tests {
    use super::*;

    fn codes(text: &str) -> Vec<u8> {
        let first_words = text.lines().filter_map(|line| line.split_whitespace().next());
        first_words.filter_map(|word| word.parse().ok()).collect()
    }

    #[test]
    fn each_code_is_there_once_in_order_and_fits_a_terminal() {
        for (text, expected) in [
            (UP, &[0, 64, 65, 66, 69, 70, 71, 73, 74, 75, 130][..]),
            (MEASURE, &[0, 64, 65, 69, 70, 71, 73, 74, 130]),
            (SERVE, &[0, 64, 65, 66, 69, 70, 71, 73, 130]),
            (COMPILE, &[0, 64, 65, 66, 69, 70, 71, 73]),
        ] {
            assert_eq!(codes(text), expected);
            assert!(text.lines().all(|line| line.len() <= 80), "{text}");
        }
    }

    #[test]
    fn rails_readme_lists_the_codes_that_it_hands_on() {
        let readme = include_str!("../../rails/README.md");
        let table = readme.split_once("| exit code | meaning |").unwrap().1;
        let rows = table.split("\n\n").next().unwrap().replace("| ", "");
        let of_a_collection = [0, 64, 65, 66, 69, 70, 75];
        assert_eq!(codes(&rows), of_a_collection);
        assert!(of_a_collection.iter().all(|code| codes(UP).contains(code)));
    }
}
