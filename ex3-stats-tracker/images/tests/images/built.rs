//! Builds and unpacks the images, each once for all tests of a program.

use std::{
    env, fs,
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    sync::OnceLock,
};

use images::Image;
use serde_json::Value;

/// The environment variable with the directory of the images, if they were built before.
const BUILT: &str = "STATS_TRACKER_IMAGES";

/// The path of an image's layout.
pub(crate) fn layout(image: Image) -> &'static Path {
    static LAYOUTS: [OnceLock<PathBuf>; 3] = [const { OnceLock::new() }; 3];
    LAYOUTS[image as usize].get_or_init(|| match env::var_os(BUILT) {
        Some(directory) => Path::new(&directory).join(image.name()),
        None => build(image, &directory()),
    })
}

fn directory() -> PathBuf {
    // Two programs may run at once.
    Path::new(env!("CARGO_TARGET_TMPDIR")).join(env!("CARGO_CRATE_NAME"))
}

pub(crate) fn build(image: Image, output: &Path) -> PathBuf {
    image.build(output).unwrap_or_else(|error| panic!("{error:#}"))
}

/// The unpacked files of an image, as in a container. They are removed at the end of this program.
pub(crate) struct Unpacked {
    root: PathBuf,
    /// The input of a program that removes the files when this process ends, because a static value is never dropped.
    _remover: Child,
}

impl Unpacked {
    /// The root directory, which all users can read.
    pub(crate) fn root(&self) -> &Path {
        &self.root
    }
}

/// Unpacks an image, once for all tests.
pub(crate) fn unpacked(image: Image) -> &'static Unpacked {
    static UNPACKED: [OnceLock<Unpacked>; 3] = [const { OnceLock::new() }; 3];
    UNPACKED[image as usize].get_or_init(|| {
        // Not in the target directory, because another user must have access.
        let directory = tempfile::Builder::new()
            .prefix("stats-tracker-image-")
            .tempdir_in("/tmp")
            .unwrap()
            .keep();
        let remover = Command::new("sh")
            .args(["-c", "read -r _; rm -rf \"$0\""])
            .arg(&directory)
            .stdin(Stdio::piped())
            .spawn()
            .unwrap();
        fs::set_permissions(&directory, fs::Permissions::from_mode(0o755)).unwrap();
        let bundle = directory.join("bundle");
        let mut umoci = Command::new("umoci");
        umoci.args(["unpack", "--image"]).arg(reference(image, &tag(image)));
        if !is_root() {
            umoci.arg("--rootless");
        }
        run(umoci.arg(&bundle));
        fs::set_permissions(&bundle, fs::Permissions::from_mode(0o755)).unwrap();
        Unpacked {
            root: bundle.join("rootfs"),
            _remover: remover,
        }
    })
}

/// The tag of the image with files.
pub(crate) fn tag(image: Image) -> String {
    match image {
        Image::Spin => format!("{}{}", images::VERSION, images::RUNTIME_CLASS),
        Image::Component | Image::Rails => images::VERSION.to_owned(),
    }
}

fn reference(image: Image, tag: &str) -> String {
    format!("{}:{tag}", layout(image).display())
}

/// The JSON that skopeo prints: `--raw` for the manifest, `--config` for the configuration.
pub(crate) fn inspect(image: Image, tag: &str, what: &str) -> Value {
    let mut skopeo = Command::new("skopeo");
    skopeo
        .args(["inspect", what])
        .arg(format!("oci:{}", reference(image, tag)));
    serde_json::from_slice(&run(&mut skopeo)).expect("skopeo prints JSON")
}

/// A blob of a layout, by its digest.
pub(crate) fn blob(image: Image, digest: &Value) -> Vec<u8> {
    let digest = digest.as_str().unwrap().strip_prefix("sha256:").unwrap();
    fs::read(layout(image).join("blobs/sha256").join(digest)).unwrap()
}

pub(crate) fn run(command: &mut Command) -> Vec<u8> {
    let output = command
        .output()
        .unwrap_or_else(|error| panic!("{command:?}: {error}; `cargo xtask setup` installs what the tests need"));
    assert!(
        output.status.success(),
        "{command:?} ended with {}: {}",
        output.status,
        String::from_utf8_lossy(&output.stderr)
    );
    output.stdout
}

/// Runs a test of this program again, as root of a user namespace, which can give containers users and networks. The
/// images are built before.
pub(crate) fn again_as_root(test: &str) {
    let mut unshare = Command::new("unshare");
    unshare.args(["--map-root-user", "--map-auto", "--"]);
    unshare.arg(env::current_exe().unwrap());
    unshare.args(["--exact", test, "--nocapture"]);
    if env::var_os(BUILT).is_none() {
        unshare.env(BUILT, directory());
    }
    let status = unshare.status().expect("unshare is a part of every Linux system");
    assert!(
        status.success(),
        "{unshare:?} ended with {status}; what it said stands above. Where it was about mapping users, give yours a range \
         of them (`sudo usermod --add-subuids 100000-165535 --add-subgids 100000-165535 $USER`), or run the tests as root"
    );
}

pub(crate) fn is_root() -> bool {
    rustix::process::geteuid().is_root()
}
