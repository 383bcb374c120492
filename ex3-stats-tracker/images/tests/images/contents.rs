//! Tests of the files in the images.

use std::{
    env, fs,
    os::unix::fs::{MetadataExt, PermissionsExt},
    path::{Path, PathBuf},
};

use images::Image;
use walkdir::{DirEntry, WalkDir};

use crate::built::{is_root, unpacked};

/// The size limits of the images' files in megabytes.
const COMPONENT_LIMIT: u64 = 20;
const SPIN_LIMIT: u64 = 1;
const RAILS_LIMIT: u64 = 120;

/// Programs that an attacker could use to run commands.
const SHELLS: [&str; 10] = [
    "ash", "bash", "busybox", "csh", "dash", "ksh", "perl", "rbash", "sh", "zsh",
];

/// Programs that install or compile.
const TOOLS: [&str; 10] = ["apt", "apt-get", "as", "cc", "dpkg", "gcc", "gem", "ld", "make", "npm"];

fn files(image: Image) -> Vec<DirEntry> {
    WalkDir::new(unpacked(image).root())
        .into_iter()
        .collect::<Result<_, _>>()
        .unwrap()
}

#[test]
fn each_is_as_small_as_it_should_be() {
    for (image, limit) in [
        (Image::Component, COMPONENT_LIMIT),
        (Image::Spin, SPIN_LIMIT),
        (Image::Rails, RAILS_LIMIT),
    ] {
        let bytes: u64 = files(image)
            .iter()
            .map(|file| file.metadata().unwrap())
            .filter(fs::Metadata::is_file)
            .map(|file| file.len())
            .sum();
        println!("{}: {:.1} MB", image.name(), bytes as f64 / 1e6);
        assert!(bytes < limit * 1_000_000, "{image:?} has {bytes} bytes");
    }
}

#[test]
fn no_file_belongs_to_the_containers_user_and_none_is_special() {
    for image in Image::ALL {
        for file in files(image) {
            let metadata = file.path().symlink_metadata().unwrap();
            let mode = metadata.permissions().mode();
            let path = file.path().strip_prefix(unpacked(image).root()).unwrap();
            if metadata.is_symlink() {
                continue;
            }
            assert_eq!(mode & 0o6000, 0, "setuid or setgid: {}", path.display());
            if is_root() {
                assert_eq!((metadata.uid(), metadata.gid()), (0, 0), "{}", path.display());
            }
            if path != Path::new("tmp") {
                assert_eq!(mode & 0o022, 0, "may be written to: {}", path.display());
            }
        }
    }
}

#[test]
fn none_has_a_shell_or_a_compiler() {
    for image in Image::ALL {
        for file in files(image) {
            let name = file.file_name().to_str().unwrap();
            let is_program = !file.file_type().is_dir()
                && file
                    .path()
                    .parent()
                    .is_some_and(|directory| ["bin", "sbin"].iter().any(|name| directory.ends_with(name)));
            assert!(
                !is_program || !SHELLS.contains(&name) && !TOOLS.contains(&name),
                "{}",
                file.path().display()
            );
        }
    }
    let component: Vec<_> = programs(Image::Component);
    assert_eq!(component, [PathBuf::from("ex3-stats-tracker")]);
    assert!(programs(Image::Spin).is_empty());
}

/// The paths of all executable files, relative to the image's root.
fn programs(image: Image) -> Vec<PathBuf> {
    files(image)
        .into_iter()
        .filter(|file| file.file_type().is_file() && file.metadata().unwrap().permissions().mode() & 0o111 != 0)
        .map(|file| file.path().strip_prefix(unpacked(image).root()).unwrap().to_owned())
        .collect()
}

#[test]
fn rails_has_no_files_for_development() {
    let root = unpacked(Image::Rails).root();
    for there in [
        "rails/app/models/collection.rb",
        "rails/public/assets/manifest.json",
        "etc/ssl/certs/ca-certificates.crt",
        "usr/share/doc/libruby3.3/copyright",
        "var/lib/dpkg/status",
    ] {
        assert!(root.join(there).is_file(), "{there}");
    }
    for left_out in [
        "rails/test",
        "rails/node_modules",
        "rails/app/javascript",
        "rails/storage",
        "rails/log",
        "rails/tmp",
        "rails/db/invented_figures.rb",
        "rails/lib/tasks/figures.rake",
        "usr/include",
        "usr/share/man",
        "usr/share/locale",
        "var/lib/apt",
        "var/cache",
        "var/log",
        "etc/machine-id",
        "etc/ld.so.cache",
    ] {
        assert!(!root.join(left_out).exists(), "{left_out}");
    }
}

#[test]
fn none_contains_directories_of_the_machine_that_built_it() {
    let workspace = Path::new(env!("CARGO_MANIFEST_DIR")).ancestors().nth(2).unwrap();
    let mut told = vec![workspace.to_owned()];
    told.extend(env::var_os("CARGO_HOME").map(PathBuf::from));
    told.extend(env::var_os("HOME").map(|home| Path::new(&home).join(".cargo")));
    told.extend(env::current_exe().unwrap().ancestors().nth(3).map(Path::to_owned));
    for image in Image::ALL {
        for file in files(image).iter().filter(|file| file.file_type().is_file()) {
            let content = fs::read(file.path()).unwrap();
            for path in &told {
                let path = path.as_os_str().as_encoded_bytes();
                assert!(
                    !contains(&content, path),
                    "{} says {}",
                    file.path().display(),
                    String::from_utf8_lossy(path)
                );
            }
        }
    }
}

fn contains(content: &[u8], searched: &[u8]) -> bool {
    memchr::memmem::find(content, searched).is_some()
}
