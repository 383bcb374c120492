//! Builds a guest and caches its module.

use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use system::{cache, command_line};

use crate::guests::error::Error;
use crate::guests::guest::{Guest, Target};
use crate::guests::inputs::Inputs;
use crate::guests::toolchain::{TRIPLE, Toolchain};

/// The cargo profile of all guests, defined in the workspace's manifest.
const PROFILE: &str = "guest";

/// Variables that an outer cargo, rustup or linter sets for the host's build. A guest's build must not inherit them.
const HOST_BUILD_VARIABLES: [&str; 9] = [
    "CARGO_BUILD_TARGET",
    "CARGO_ENCODED_RUSTFLAGS",
    "CARGO_TARGET_DIR",
    "RUSTC",
    "RUSTC_BOOTSTRAP",
    "RUSTC_WORKSPACE_WRAPPER",
    "RUSTC_WRAPPER",
    "RUSTDOCFLAGS",
    "RUSTFLAGS",
];

/// Returns the path of the module of `guest` in the cache `directory`. If the module is not current, cargo builds it
/// from the source in `workspace`. All guests share `target_directory`, so that common dependencies are compiled once.
pub(crate) fn build(
    guest: &Guest,
    workspace: &Path,
    directory: &Path,
    target_directory: &Path,
) -> Result<PathBuf, Error> {
    let module = directory.join(guest.file_name());
    // The output of a guest is trusted, so that a module that another user could have written is not run.
    if module.exists() {
        cache::trusted(&module)?;
    }
    let inputs = module.with_extension("inputs");
    if is_current(&module, &inputs, workspace) {
        return Ok(module);
    }
    if !workspace.join("Cargo.lock").is_file() {
        // A program in another place than its source uses the module that was installed with it.
        return if module.is_file() {
            Ok(module)
        } else {
            Err(Error::NoSource {
                package: guest.package,
                workspace: workspace.to_path_buf(),
            })
        };
    }
    let _lock = cache::lock(&directory.join("lock"))?;
    if is_current(&module, &inputs, workspace) {
        return Ok(module);
    }
    let toolchain = Toolchain::find().ok_or(Error::NoToolchain { package: guest.package })?;
    let started = SystemTime::now();
    let built = run_cargo(guest, &toolchain, workspace, target_directory)?;
    save(&built, &module, &inputs, workspace, started)?;
    Ok(module)
}

fn is_current(module: &Path, inputs: &Path, workspace: &Path) -> bool {
    let Ok(text) = fs::read_to_string(inputs) else {
        return false;
    };
    let (Some(inputs), Ok(module)) = (Inputs::from_text(&text), fs::read(module)) else {
        return false;
    };
    inputs.are_current(workspace, &module)
}

/// Runs cargo, and returns the path of its module.
fn run_cargo(
    guest: &Guest,
    toolchain: &Toolchain,
    workspace: &Path,
    target_directory: &Path,
) -> Result<PathBuf, Error> {
    let (mut command, arguments) = toolchain.command(guest.target);
    for variable in HOST_BUILD_VARIABLES {
        if !command.get_envs().any(|(name, _)| name == variable) {
            command.env_remove(variable);
        }
    }
    command.args([
        "--profile",
        PROFILE,
        "--package",
        guest.package,
        "--no-default-features",
    ]);
    if !guest.features.is_empty() {
        command.arg("--features").arg(guest.features.join(","));
    }
    let built = match guest.target {
        Target::Program => {
            command.args(["--bin", guest.package]);
            guest.package.to_owned()
        }
        Target::Library => {
            command.arg("--lib");
            guest.package.replace('-', "_")
        }
    };
    command.arg("--target-dir").arg(target_directory);
    if !arguments.is_empty() {
        command.arg("--").args(arguments);
    }
    command.current_dir(workspace);

    let line = command_line::typed(&command);
    command_line::note(&line);
    let status = command.status().map_err(|source| Error::NoCargo {
        command: line.clone(),
        source,
    })?;
    if !status.success() {
        return Err(Error::Build {
            package: guest.package,
            command: line,
            status,
        });
    }
    Ok(target_directory
        .join(TRIPLE)
        .join(PROFILE)
        .join(built)
        .with_extension("wasm"))
}

/// Copies the module into the cache, and writes the list of its inputs.
///
/// The list is removed first and written last: if this process is killed between, the module is built again.
fn save(built: &Path, module: &Path, inputs: &Path, workspace: &Path, started: SystemTime) -> Result<(), Error> {
    let failed = |path: &Path| {
        let path = path.to_path_buf();
        |source| Error::File { path, source }
    };
    let bytes = fs::read(built).map_err(failed(built))?;
    let dependency_file = built.with_extension("d");
    let dependencies = fs::read_to_string(&dependency_file).map_err(failed(&dependency_file))?;
    match fs::remove_file(inputs) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(failed(inputs)(error)),
        _ => {}
    }
    write_atomically(module, &bytes).map_err(failed(module))?;
    // If a source changed while cargo ran, it is unknown which version was compiled. Without a list the next host
    // builds again.
    if let Some(list) = Inputs::from_dependency_file(&dependencies, workspace, &bytes)
        .filter(|list| list.are_older_than(started, workspace))
    {
        write_atomically(inputs, list.to_text().as_bytes()).map_err(failed(inputs))?;
    }
    Ok(())
}

fn write_atomically(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let mut file = tempfile::NamedTempFile::new_in(path.parent().unwrap_or(Path::new(".")))?;
    file.write_all(bytes)?;
    file.persist(path)?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    /// Creates a workspace with one program, which prints `text`.
    fn write_workspace(root: &Path, text: &str) {
        let manifest =
            "[package]\nname = \"hello-guest\"\nedition = \"2024\"\n[profile.guest]\ninherits = \"release\"\n";
        fs::create_dir_all(root.join("src")).unwrap();
        fs::write(root.join("Cargo.toml"), manifest).unwrap();
        fs::write(
            root.join("Cargo.lock"),
            "version = 4\n[[package]]\nname = \"hello-guest\"\nversion = \"0.0.0\"\n",
        )
        .unwrap();
        fs::write(
            root.join("src/main.rs"),
            format!("fn main() {{ println!(\"{text}\") }}"),
        )
        .unwrap();
    }

    fn contains(path: &Path, text: &str) -> bool {
        fs::read(path)
            .unwrap()
            .windows(text.len())
            .any(|window| window == text.as_bytes())
    }

    #[test]
    fn a_guest_is_built_once_and_again_when_its_source_or_module_changes() {
        let root = tempfile::tempdir().unwrap();
        let cache = tempfile::tempdir().unwrap();
        let target = cache::directory("guests").unwrap().join("build");
        let build = || build(&crate::guests::HELLO, root.path(), cache.path(), &target).unwrap();
        write_workspace(root.path(), "the first text");

        // Of several threads one builds, and all get the module.
        let modules: Vec<_> = std::thread::scope(|scope| {
            let threads: Vec<_> = (0..4).map(|_| scope.spawn(build)).collect();
            threads.into_iter().map(|thread| thread.join().unwrap()).collect()
        });
        let module = &modules[0];
        assert!(modules.iter().all(|other| other == module));
        assert!(contains(module, "the first text"));
        let built_at = fs::metadata(module).unwrap().modified().unwrap();

        build();
        assert_eq!(
            fs::metadata(module).unwrap().modified().unwrap(),
            built_at,
            "nothing changed, nothing is built"
        );

        write_workspace(root.path(), "another text");
        build();
        assert!(contains(module, "another text"));

        fs::write(module, "damaged").unwrap();
        build();
        assert!(contains(module, "another text"));

        fs::write(root.path().join("src/main.rs"), "no Rust").unwrap();
        let error = super::build(&crate::guests::HELLO, root.path(), cache.path(), &target).unwrap_err();
        assert!(
            matches!(
                error,
                Error::Build {
                    package: "hello-guest",
                    ..
                }
            ),
            "{error}"
        );
    }

    #[test]
    fn without_source_a_cached_module_is_used() {
        let directory = tempfile::tempdir().unwrap();
        let nowhere = directory.path().join("nowhere");
        let error = build(&crate::guests::HELLO, &nowhere, directory.path(), &nowhere).unwrap_err();
        assert!(
            matches!(
                error,
                Error::NoSource {
                    package: "hello-guest",
                    ..
                }
            ),
            "{error}"
        );

        let module = directory.path().join("hello-guest.program.wasm");
        fs::write(&module, "module").unwrap();
        fs::set_permissions(&module, fs::Permissions::from_mode(0o666)).unwrap();
        let error = build(&crate::guests::HELLO, &nowhere, directory.path(), &nowhere).unwrap_err();
        assert!(error.to_string().contains("may write to it"), "{error}");
        fs::set_permissions(&module, fs::Permissions::from_mode(0o644)).unwrap();
        assert_eq!(
            build(&crate::guests::HELLO, &nowhere, directory.path(), &nowhere).unwrap(),
            module
        );
    }

    #[test]
    fn each_guest_has_its_own_file() {
        let names: std::collections::BTreeSet<_> = crate::guests::ALL.iter().map(Guest::file_name).collect();
        assert_eq!(names.len(), crate::guests::ALL.len());
    }
}
