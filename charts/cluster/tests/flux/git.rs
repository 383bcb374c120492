//! A Git repository with the project's GitOps tree, served over HTTP by Git's own CGI program.

use std::{
    fs,
    io::Write,
    net::SocketAddr,
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use axum::{
    Router,
    body::{Body, to_bytes},
    extract::{Request, State},
    http::{HeaderMap, StatusCode},
    response::Response,
};
use tempfile::TempDir;
use tokio::{net::TcpListener, runtime::Runtime};

use crate::common::{stdout, tree::DEPLOY, workspace};

/// The limit of a request. A client sends only names of commits.
const LARGEST_REQUEST: usize = 1 << 20;

/// The name of the repository's directory.
const NAME: &str = "tracker";

/// The repository. Its commits are on the branch `main`.
pub(crate) struct Repository {
    directory: TempDir,
    address: SocketAddr,
    _server: Runtime,
}

impl Repository {
    /// A repository whose first commit has the project's tree, and the test's own directories in it.
    pub(crate) fn start() -> Self {
        let directory = tempfile::tempdir().unwrap();
        let server = Runtime::new().unwrap();
        let listener = server.block_on(TcpListener::bind(("127.0.0.1", 0))).unwrap();
        let address = listener.local_addr().unwrap();
        let app = Router::new().fallback(answer).with_state(directory.path().to_owned());
        server.spawn(async move { axum::serve(listener, app).await });
        let repository = Self {
            directory,
            address,
            _server: server,
        };
        let tree = repository.root().join(DEPLOY);
        fs::create_dir_all(&tree).unwrap();
        for from in [
            workspace().join(DEPLOY),
            Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/flux/tree"),
        ] {
            stdout(Command::new("cp").arg("--recursive").arg(from.join(".")).arg(&tree));
        }
        repository.git(&["init", "--quiet", "--initial-branch=main"]);
        repository
    }

    /// The URL for `git clone`.
    pub(crate) fn url(&self) -> String {
        format!("http://{}/{NAME}/.git", self.address)
    }

    fn root(&self) -> PathBuf {
        self.directory.path().join(NAME)
    }

    /// A directory of the tree.
    pub(crate) fn tree(&self, directory: &str) -> PathBuf {
        self.root().join(DEPLOY).join(directory)
    }

    /// Writes a file of the tree.
    pub(crate) fn write(&self, file: &str, text: &str) {
        fs::write(self.tree(file), text).unwrap();
    }

    /// Replaces a text in a file of the tree.
    pub(crate) fn replace(&self, file: &str, from: &str, to: &str) {
        let text = fs::read_to_string(self.tree(file)).unwrap();
        assert!(text.contains(from), "{file} has no {from}");
        self.write(file, &text.replace(from, to));
    }

    /// Commits everything, and returns the commit's name.
    pub(crate) fn commit(&self, message: &str) -> String {
        self.git(&["add", "--all"]);
        self.git(&["commit", "--quiet", "--message", message]);
        self.git(&["rev-parse", "HEAD"]).trim().to_owned()
    }

    fn git(&self, arguments: &[&str]) -> String {
        let mut git = Command::new("git");
        git.current_dir(self.root()).args(arguments);
        // The user's own settings may ask for a signature.
        git.env("GIT_CONFIG_GLOBAL", "/dev/null");
        for role in ["AUTHOR", "COMMITTER"] {
            git.env(format!("GIT_{role}_NAME"), "Reader");
            git.env(format!("GIT_{role}_EMAIL"), "reader@example.org");
        }
        stdout(&mut git)
    }
}

async fn answer(State(root): State<PathBuf>, request: Request) -> Response {
    let (parts, body) = request.into_parts();
    let body = to_bytes(body, LARGEST_REQUEST).await.unwrap_or_default();
    let header = |name: &str| header(&parts.headers, name);
    let mut backend = Command::new("git");
    backend
        .arg("http-backend")
        .env("GIT_PROJECT_ROOT", root)
        .env("GIT_HTTP_EXPORT_ALL", "1")
        .env("REQUEST_METHOD", parts.method.as_str())
        .env("PATH_INFO", parts.uri.path())
        .env("QUERY_STRING", parts.uri.query().unwrap_or_default())
        .env("CONTENT_TYPE", header("content-type"))
        .env("HTTP_CONTENT_ENCODING", header("content-encoding"))
        .env("GIT_PROTOCOL", header("git-protocol"));
    let output = tokio::task::spawn_blocking(move || {
        let mut child = backend
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::inherit())
            .spawn()?;
        // Git reads a request to its end before it answers.
        child.stdin.take().expect("it was asked for").write_all(&body)?;
        child.wait_with_output()
    });
    let output = output.await.expect("running git does not panic").unwrap().stdout;
    response(&output)
}

fn header(headers: &HeaderMap, name: &str) -> String {
    let value = headers.get(name).and_then(|value| value.to_str().ok());
    value.unwrap_or_default().to_owned()
}

/// The HTTP response of a CGI program's output: headers, an empty line, and the content.
fn response(output: &[u8]) -> Response {
    let end = output.windows(4).position(|window| window == b"\r\n\r\n");
    let (headers, content) = output.split_at(end.expect("git http-backend writes headers"));
    let mut response = Response::builder();
    for line in String::from_utf8_lossy(headers).lines() {
        let (name, value) = line.split_once(": ").expect("a header has a name and a value");
        response = match name {
            "Status" => {
                let code = value.split(' ').next().and_then(|code| code.parse().ok());
                response.status(code.and_then(|code| StatusCode::from_u16(code).ok()).unwrap())
            }
            _ => response.header(name, value),
        };
    }
    response.body(Body::from(content[4..].to_vec())).unwrap()
}
