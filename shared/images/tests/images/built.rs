//! The images, each built once for all tests, and unpacked.

use std::{
    fs,
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
    process::Command,
    sync::OnceLock,
};

use images::Image;
use serde_json::Value;
use tempfile::TempDir;

/// Where an image's layout lies.
pub(crate) fn layout(image: Image) -> &'static Path {
    static LAYOUTS: [OnceLock<PathBuf>; 3] = [const { OnceLock::new() }; 3];
    LAYOUTS[image as usize].get_or_init(|| build(image, &Path::new(env!("CARGO_TARGET_TMPDIR")).join("images")))
}

pub(crate) fn build(image: Image, output: &Path) -> PathBuf {
    image.build(output).unwrap_or_else(|error| panic!("{error:#}"))
}

/// An image's files, as a container gets them.
pub(crate) struct Unpacked {
    bundle: TempDir,
}

impl Unpacked {
    /// The root directory, which everybody may read.
    pub(crate) fn root(&self) -> PathBuf {
        self.bundle.path().join("bundle/rootfs")
    }
}

/// Unpacks an image, once for all tests.
pub(crate) fn unpacked(image: Image) -> &'static Unpacked {
    static UNPACKED: [OnceLock<Unpacked>; 3] = [const { OnceLock::new() }; 3];
    UNPACKED[image as usize].get_or_init(|| {
        // Not in the target directory: another user is to get there.
        let bundle = tempfile::Builder::new()
            .prefix("stats-tracker-image-")
            .tempdir_in("/tmp")
            .unwrap();
        fs::set_permissions(bundle.path(), fs::Permissions::from_mode(0o755)).unwrap();
        let mut umoci = Command::new("umoci");
        umoci.args(["unpack", "--image"]).arg(reference(image, &tag(image)));
        if !is_root() {
            umoci.arg("--rootless");
        }
        let directory = bundle.path().join("bundle");
        run(umoci.arg(&directory));
        fs::set_permissions(&directory, fs::Permissions::from_mode(0o755)).unwrap();
        Unpacked { bundle }
    })
}

/// The tag of what has files in it.
pub(crate) fn tag(image: Image) -> String {
    match image {
        Image::Spin => format!("{}{}", images::VERSION, images::RUNTIME_CLASS),
        Image::Component | Image::Rails => images::VERSION.to_owned(),
    }
}

fn reference(image: Image, tag: &str) -> String {
    format!("{}:{tag}", layout(image).display())
}

/// What skopeo reads: `--raw` is the manifest, `--config` the configuration.
pub(crate) fn inspect(image: Image, tag: &str, what: &str) -> Value {
    let mut skopeo = Command::new("skopeo");
    skopeo
        .args(["inspect", what])
        .arg(format!("oci:{}", reference(image, tag)));
    serde_json::from_slice(&run(&mut skopeo)).expect("skopeo prints JSON")
}

/// A blob of a layout's, by its digest.
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

pub(crate) fn is_root() -> bool {
    rustix::process::geteuid().is_root()
}
