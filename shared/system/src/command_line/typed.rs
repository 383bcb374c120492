//! A command as shell input.

use std::ffi::OsStr;
use std::process::Command;

/// A command as shell input, with its environment variables, so that a reader of a message can repeat it.
pub fn typed(command: &Command) -> String {
    let variables = command
        .get_envs()
        .filter_map(|(name, value)| Some(format!("{}={}", text(name), quoted(value?))));
    let words = [command.get_program()]
        .into_iter()
        .chain(command.get_args())
        .map(quoted);
    variables.chain(words).collect::<Vec<_>>().join(" ")
}

fn text(word: &OsStr) -> String {
    word.to_string_lossy().into_owned()
}

fn quoted(word: &OsStr) -> String {
    let word = text(word);
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_=+,./:@%".contains(c);
    if !word.is_empty() && word.chars().all(plain) {
        word
    } else if word.contains(char::is_control) {
        // Bash and Zsh interpret escapes in `$'…'`.
        format!("$'{}'", word.chars().map(escaped).collect::<String>())
    } else {
        format!("'{}'", word.replace('\'', r"'\''"))
    }
}

fn escaped(c: char) -> String {
    match c {
        '\'' | '\\' => format!("\\{c}"),
        c if c.is_control() => format!("\\u{:04x}", u32::from(c)),
        c => c.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_command_can_be_typed_again() {
        let mut command = Command::new("cargo");
        command
            .env("RUSTFLAGS", "-a -b")
            .env_remove("RUSTC")
            .args(["rustc", "", "it's"]);
        assert_eq!(typed(&command), r"RUSTFLAGS='-a -b' cargo rustc '' 'it'\''s'");

        let mut command = Command::new("printf");
        command.args(["%s", "it's\n1\x1f2"]);
        assert_eq!(typed(&command), r"printf %s $'it\'s\u000a1\u001f2'");
    }
}
